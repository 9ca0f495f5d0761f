"""The posterior of every contributor over the rounds, as a heatmap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.page.plot import Plot
from anml_fl.reasons.evidence_words import kinds, signed
from server.report.contributor_map import Quantity, contributor_map, omitted
from server.report.judgement_table import judging, posterior
from server.report.shown_contributors import MOST_DRAWN

if TYPE_CHECKING:
    from anml_fl.method.records import ContributorRecord
    from anml_fl.run.reading import Run

MOST_TOLD = 10_000
"""Contributors times rounds up to which each mark tells its evidence: the page stays small."""


def posteriors(run: Run) -> Plot | None:
    """Draw the posterior of each contributor over the rounds, with the evidence for it.

    Returns
    -------
    Plot or None
        A group for each strategy that weighs evidence; None without any.
    """
    groups = {}
    for strategy in run.strategies:
        if strategy.judging:
            people = min(len(run.summary.contributors), MOST_DRAWN)
            cells = len(strategy.records) * people
            drawn = Quantity(
                title="Posterior",
                value=posterior,
                mark="left out",
                crossed=_crossed,
                told=_evidence if cells <= MOST_TOLD else None,
                most=100,
            )
            groups[strategy.name] = (contributor_map(run, strategy, drawn),)
    chosen = judging(run)
    if chosen is None:
        return None
    return Plot("posteriors", groups, chosen.name, thinned=omitted(run))


def _crossed(person: ContributorRecord) -> str | None:
    if person.judgement is None:
        return person.reason or "it was not judged"
    return None if person.selected else _evidence(person)


def _evidence(person: ContributorRecord) -> str:
    of = person.judgement
    if of is None:
        return ""
    found = [f"{kind} {signed(of.evidence[kind])}" for kind in kinds((person,))]
    return ", ".join((*found, f"worth of v and r {signed(of.worth)}"))
