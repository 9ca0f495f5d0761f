"""Why each contributor counted as it did under the strategy that pays: as tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anml_fl.page.grid import Grid
from anml_fl.reasons.amounts import decimals
from anml_fl.reasons.evidence_words import signed
from anml_fl.reasons.over_rounds import over_rounds
from anml_fl.reasons.over_rounds_words import because_over, sentences_over
from anml_fl.reasons.schemes import Dials
from anml_fl.system.untrusted_text import visible
from server.report.factor_titles import factor_title
from server.report.most_and_least import most_and_least
from server.report.shown_contributors import standing_out
from server.report.sure_reasons import SureReasons, known_dials
from server.report.tables import behaviour, contributor_titles
from server.report.wording import sentence, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from anml_fl.reasons.over_rounds import OverRounds
    from anml_fl.run.reading import Run

MOST_TOLD = 1_000
"""Contributors up to whom each is told of in sentences, 760 bytes of the page: of more, those
who stand out."""
# Of an equal share: a part of which less is told of nobody.
_LEAST = 0.005


@dataclass(frozen=True, slots=True)
class Why:
    """What the page says of the reasons of all.

    Parameters
    ----------
    over : mapping
        By contributor, over the run.
    last : SureReasons
        Of the last round.
    rounds : int
    factors : tuple of str
        What made anybody's weight, as far as a figure shows it.
    known : bool
        Whether the run's settings could be read.
    """

    over: Mapping[str, OverRounds]
    last: SureReasons
    rounds: int
    factors: tuple[str, ...]
    known: bool


def why_of(run: Run) -> Why:
    """Work out why each contributor counted as it did under the strategy that pays."""
    dials = known_dials(run.config)
    over = over_rounds(run.lead.records, dials or Dials())
    if dials is None:
        over = {name: replace(one, under={}) for name, one in over.items()}
    last = SureReasons(run.lead.records[-1], dials)
    parts = [one.parts for one in over.values()]
    parts += [last.reason(one.contributor).parts for one in last.record.contributors]
    most: dict[str, float] = {}
    for one in parts:
        for name, part in one.items():
            most[name] = max(most.get(name, 0.0), abs(part))
    shown = tuple(name for name, part in most.items() if part * len(over) >= _LEAST)
    return Why(over, last, len(run.lead.records), shown, dials is not None)


def ends(why: Why) -> tuple[str, ...]:
    """Say who counted least and most over the run, and in its last round."""
    over = {
        name: math.nan if one.weight is None else one.weight for name, one in why.over.items()
    }
    valid = {
        one.contributor: one.weight
        for one in why.last.record.contributors
        if one.reason is None
    }
    last = f"in round {why.last.record.round}"
    told = [most_and_least(valid, why.last.because, last)]
    if why.rounds > 1:
        when = f"over all {why.rounds} rounds"
        told.insert(0, most_and_least(over, lambda one: because_over(why.over[one]), when))
    return tuple(filter(None, told))


def over_table(run: Run, why: Why) -> Grid:
    """Compare what the run made of each contributor, and what made it.

    Returns
    -------
    Grid
        A row a contributor that was asked, the most weight first.
    """
    digits = decimals(1 / len(why.over))
    rows = [
        (
            visible(one.contributor, 40),
            *behaviour(run, one.contributor),
            share(one.weight, digits),
            in_a_cell(because_over(one)),
            f"{one.counted} of {one.rounds}",
            share(one.equal, digits),
            *(points(one.parts.get(name), digits) for name in why.factors),
        )
        for one in sorted(
            why.over.values(), key=lambda one: (-(one.weight or 0.0), one.contributor)
        )
    ]
    titles = (
        *contributor_titles(run),
        "Mean weight (%)*",
        "Why~",
        "Counted in rounds*",
        "Equal share (%)*",
        *(f"{sentence(visible(factor_title(name), 40))} (points)*" for name in why.factors),
    )
    return Grid(titles, tuple(rows))


def over_sentences(why: Why) -> Grid:
    """Tell all of it over the run, in sentences: who counted least stands first."""
    told = _told(why)
    rows = [
        (visible(name, 40), in_a_cell(sentences_over(why.over[name]), name))
        for name in sorted(told, key=lambda name: (why.over[name].weight or 0.0, name))
    ]
    return Grid(("Contributor", "Over all rounds~"), tuple(rows), total=len(why.over))


def last_sentences(why: Why) -> Grid:
    """Tell all of it in the last round, in sentences: who counted least stands first."""
    told = set(_told(why))
    people = why.last.record.contributors
    rows = [
        (
            visible(one.contributor, 40),
            in_a_cell(why.last.full(one.contributor), one.contributor),
        )
        for one in sorted(people, key=lambda one: (_weight(one.weight), one.contributor))
        if one.contributor in told
    ]
    title = f"In round {why.last.record.round}~"
    return Grid(("Contributor", title), tuple(rows), total=len(people))


def in_a_cell(words: str, name: str = "") -> str:
    r"""Fit words into a cell, in which a space that does not break would be spelled out.

    Parameters
    ----------
    words : str
    name : str
        Whose row it is: no need to begin with it.

    Examples
    --------
    >>> in_a_cell("a: 10.0\xa0%", "a")
    '10.0 %'
    """
    said = words.removeprefix(f"{visible(name, 40)}: ")
    return said.replace("\N{NO-BREAK SPACE}", " ")


def points(part: float | None, digits: int = 1) -> str:
    """Write a part of a share in percentage points, with its sign.

    Examples
    --------
    >>> points(-0.0312), points(0.0), points(None), points(0.00031, 2)
    ('−3.1', '0.0', '—', '+0.03')
    """
    return "—" if part is None else signed(100 * part, digits)


def _told(why: Why) -> Iterable[str]:
    """Name of whom all is told."""
    if len(why.over) <= MOST_TOLD:
        return why.over
    means = {
        name: [] if one.weight is None else [one.weight] for name, one in why.over.items()
    }
    return [name for band in standing_out(means) for name in band]


def _weight(weight: float) -> float:
    return weight if math.isfinite(weight) else 0.0
