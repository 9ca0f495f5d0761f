"""What `calibrated` found of each contributor in its last round: a table, and sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.federation.root_rows import LEAST_PROMISED
from anml_fl.page.grid import Grid
from anml_fl.reasons.amounts import percent
from anml_fl.reasons.evidence_words import kinds, signed
from anml_fl.reasons.round_numbers import NONE
from anml_fl.system.untrusted_text import visible
from server.report.sure_reasons import SureReasons, known_dials
from server.report.tables import MOST_ROWS, behaviour, contributor_titles
from server.report.wording import sentence, share

if TYPE_CHECKING:
    from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
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
        How long a part of the step anybody could have had.
    table : Grid
        A row a contributor that was judged.
    left_out : Grid
        Who was left out, and why.
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
        root=f"No root set vouches for the evidence: {LEAST_PROMISED}."
        if whole.root == NONE
        else f"What vouches for the evidence: {visible(whole.root)}.",
        facts=_facts(whole),
        influence=_influence(record, whole),
        table=_table(run, record, whole),
        left_out=_left_out(record, SureReasons(record, known_dials(run.config))),
        nobody=nobody,
    )


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


def _influence(record: RoundRecord, whole: RoundJudgement) -> str:
    bounds = {
        one.contributor: one.judgement.bound
        for one in record.contributors
        if one.judgement is not None
    }
    most = max(bounds, key=lambda name: bounds[name])
    if math.isinf(bounds[most]):
        return (
            "Nothing bounds the part of this round's step that a contributor could have had:"
            " among so few, no length is the middle one whatever one of them sends."
        )
    size = ""
    if 0 < whole.cap < math.inf:
        part = percent(bounds[most] / whole.cap)
        size = f", which is {part} of the length at which updates are cut off"
    return (
        f"The longest part of this round's step that one contributor could have had is"
        f" {visible(most, 40)}'s: at most {bounds[most]:.3g}, whatever it had sent{size}."
    )


def _table(run: Run, record: RoundRecord, whole: RoundJudgement) -> Grid:
    order = kinds(record.contributors)
    rows = [
        (
            visible(person.contributor, 40),
            *behaviour(run, person.contributor),
            "yes" if person.selected else "no",
            share(person.weight),
            share(of.posterior),
            *(signed(x) if (x := of.evidence.get(k)) is not None else "—" for k in order),
            *_numbers(of, whole),
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
            "Base rate*",
            "Worth of v, r*",
            "Copies*",
            "Length (of cap)*",
            "Part at most (of cap)*",
        ),
        tuple(rows),
    )


def _numbers(of: ContributorJudgement, whole: RoundJudgement) -> tuple[str, ...]:
    return (
        signed(of.l),
        signed(whole.base_rate),
        signed(of.worth),
        f"{of.copies:.1f}",
        _of_cap(of.norm, whole),
        _of_cap(of.bound, whole) if math.isfinite(of.bound) else "no bound",
    )


def _of_cap(length: float, whole: RoundJudgement) -> str:
    if not (math.isfinite(length) and math.isfinite(whole.cap)):
        return f"{length:.3g}"
    # A cell spells a space that does not break out, and needs none.
    return f"{length:.3g} ({share(length / whole.cap if whole.cap else 0.0)} %)"


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
