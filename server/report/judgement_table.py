"""What `calibrated` found of each contributor in its last round: a table, and sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anml_fl.federation.root_rows import LEAST_PROMISED
from anml_fl.page.grid import Grid
from anml_fl.reasons.amounts import percent
from anml_fl.reasons.evidence_words import kinds, signed
from anml_fl.reasons.round_numbers import NONE
from anml_fl.reasons.vouching import UNCHECKED, vouched
from anml_fl.system.untrusted_text import visible
from server.report.data_words import CHECKED, settings_of
from server.report.influence import in_middle_lengths, influence, middle_length
from server.report.registry_words import registry_asked
from server.report.standing_apart import evidence_words
from server.report.sure_reasons import SureReasons, known_dials
from server.report.tables import MOST_ROWS, behaviour, contributor_titles
from server.report.wording import sentence, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.method.judgement import RoundJudgement
    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.run.reading import Run, StrategyRun


@dataclass(frozen=True, slots=True)
class Judged:
    """What the page says of a round's evidence.

    Parameters
    ----------
    strategy : str
    number : int
        Of the round.
    root : str
        What vouches for the evidence, or what is not promised.
    facts : str
        What held for all.
    influence : str
        How far anybody could have moved the step.
    table : Grid
        A row a contributor that was judged.
    left_out : Grid
        Who was left out, and why.
    apart : str
        Against whom it speaks, as against nobody else.
    nobody : str
        Why nobody's update was used, where that is so.
    """

    strategy: str
    number: int
    root: str
    facts: str
    influence: str
    table: Grid
    left_out: Grid
    apart: str
    nobody: str = ""


def judged(run: Run) -> Judged | None:
    """Tell what the evidence came to in the last round in which it was weighed.

    Returns
    -------
    Judged or None
        Of the lead strategy, or else the first that weighs evidence; None without any.
    """
    strategy = judging(run)
    if strategy is None:
        return None
    record = next(one for one in reversed(strategy.records) if one.judgement)
    whole = record.judgement
    assert whole is not None  # noqa: S101 - it was chosen by it
    nobody = ""
    if not any(one.selected for one in record.contributors):
        nobody = f"Nobody's update went into the model: {visible(record.note or 'no reason')}."
    return Judged(
        strategy=visible(strategy.name, 40),
        number=record.round,
        root=_root(whole.root, settings_of(run.config)),
        facts=_facts(whole),
        influence=_influence(record),
        apart=evidence_words(
            {x.contributor: x.judgement.l for x in record.contributors if x.judgement},
            f"in round {record.round}",
        ),
        table=_table(run, record),
        left_out=_left_out(record, SureReasons(record, known_dials(run.config))),
        nobody=nobody,
    )


def _root(root: str, settings: Mapping[str, Any]) -> str:
    if root == NONE:
        return f"No root set vouches for the evidence: {LEAST_PROMISED}."
    said = vouched(root, settings)
    advice = f". {CHECKED}" if said.endswith(UNCHECKED) else "."
    return f"What vouches for the evidence: {said}{advice}"


def judging(run: Run) -> StrategyRun | None:
    """Find the strategy whose evidence the page tells of; None without any."""
    found = [one for one in run.strategies if one.judging]
    return run.lead if run.lead in found else next(iter(found), None)


def _facts(whole: RoundJudgement) -> str:
    honest = percent((1 + math.tanh(whole.base_rate / 2)) / 2)
    said = (
        f"Before anything is known of one, a contributor is to be kept with {honest} (base"
        f" rate {signed(whole.base_rate)})."
    )
    if any(whole.slopes.values()):
        learned = ", ".join(f"{visible(k, 40)} {x:.2f}" for k, x in whole.slopes.items())
        said += (
            f" What .1 more of a signal is worth, learned in this round: {learned}; all"
            f" credentials together at most ±{whole.c:.1f}."
        )
    if whole.damping < 1:
        said += f" The step was cut to {percent(whole.damping)}, since so few are kept."
    return said


def _influence(record: RoundRecord) -> str:
    of = {x.contributor: x.judgement for x in record.contributors if x.judgement is not None}
    return influence({name: one.bound for name, one in of.items()}, _norms(record))


def _norms(record: RoundRecord) -> list[float]:
    return [one.judgement.norm for one in record.contributors if one.judgement is not None]


def _table(run: Run, record: RoundRecord) -> Grid:
    order, middle = kinds(record.contributors), middle_length(_norms(record))
    asked = registry_asked(run.config)
    rows = [
        (
            visible(person.contributor, 40),
            *behaviour(run, person.contributor),
            "yes" if person.selected else "no",
            share(person.weight),
            share(of.posterior),
            *(signed(x) if (x := of.evidence.get(k)) is not None else "—" for k in order),
            signed(of.l),
            *((signed(of.worth),) if asked else ()),
            f"{of.copies:.1f}",
            in_middle_lengths(of.norm, middle),
            in_middle_lengths(of.bound, middle) if math.isfinite(of.bound) else "no bound",
        )
        for person in record.contributors
        if (of := person.judgement) is not None
    ]
    return Grid(
        (
            *contributor_titles(run),
            "Kept",
            "Weight (%)*",
            "Posterior (%)*",
            *(f"{sentence(visible(kind, 40))}*" for kind in order),
            "l*",
            *(("Worth of v, r*",) if asked else ()),
            "Copies*",
            "Length*",
            "Part at most*",
        ),
        tuple(rows),
    )


def _left_out(record: RoundRecord, words: SureReasons) -> Grid:
    rows = [
        (visible(one.contributor, 40), words.because(one.contributor))
        for one in record.contributors
        if one.judgement is not None and not one.selected
    ]
    return Grid(
        ("Contributor", "Why, with evidence in nats"),
        tuple(rows[:MOST_ROWS]),
        total=len(rows),
    )


def posterior(person: ContributorRecord) -> float:
    """Probability that a contributor is to be kept; nan of whoever was not judged."""
    return math.nan if person.judgement is None else person.judgement.posterior
