"""What the runs of a sweep came to, and what those say together that differ by their seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from anml_fl.run.criterion import Criterion
from anml_fl.run.paired_settings import lead_over
from anml_fl.run.repeats import Repeats, repeats
from anml_fl.settings.run import settling_of
from studies.sweep.ended import read_ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anml_fl.run.paired_interval import Interval
    from anml_fl.run.repeats import FinishedRun, RepeatedStrategy
    from studies.sweep.ended import Ended
    from studies.sweep.plan import Condition, Plan


@dataclass(frozen=True, slots=True)
class Score:
    """What a strategy came to under one condition.

    Parameters
    ----------
    strategy : str
    runs : int
        That have a score.
    mean : float
        Of them; nan of none.
    interval : Interval or None
        Over the seeds; None of fewer than three.
    lead : Interval or None
        How much better the strategy that pays is, as in `RepeatedStrategy`.
    verdict : int
        As there.
    against_first : Interval or None
        How much better it is than under the first condition, by seed; above 0 it is.
    """

    strategy: str
    runs: int
    mean: float
    interval: Interval | None
    lead: Interval | None = None
    verdict: int = 0
    against_first: Interval | None = None


@dataclass(frozen=True, slots=True)
class Under:
    """One condition of a sweep: its runs, and what each strategy came to in them.

    Parameters
    ----------
    condition : Condition
    label : str
        What is swept, with its values: "alpha = 0.2"; "" if nothing is.
    lead : str
        The strategy that pays.
    ended : tuple of Ended
    scores : tuple of Score
        In the order of the settings.
    found : Repeats or None
        What the runs say together; None of fewer than two.
    """

    condition: Condition
    label: str
    lead: str
    ended: tuple[Ended, ...]
    scores: tuple[Score, ...]
    found: Repeats | None

    @property
    def leading(self) -> Score:
        """Of the strategy that pays."""
        return next(one for one in self.scores if one.strategy == self.lead)


@dataclass(frozen=True, slots=True)
class Results:
    """All of a sweep.

    Parameters
    ----------
    plan : Plan
    under : tuple of Under
        By condition, in the order of the plan.
    failed : mapping
        Folder to why a run could not be carried out.
    """

    plan: Plan
    under: tuple[Under, ...]
    failed: Mapping[str, str]

    @property
    def ended(self) -> tuple[Ended, ...]:
        """Every run that came to its end."""
        return tuple(one for under in self.under for one in under.ended)

    @property
    def criterion(self) -> Criterion:
        """What models are compared by."""
        return Criterion(self.plan.conditions[0].config.evaluation.metric)

    @property
    def whole(self) -> bool:
        """Whether each run came to its end, and fits its ledger."""
        every = len(self.plan.conditions) * len(self.plan.seeds)
        return len(self.ended) == every and not any(one.warning for one in self.ended)


def results_of(plan: Plan, out: Path, failed: Mapping[str, str]) -> Results:
    """Read what a sweep has come to so far; each run is checked against its ledger.

    Parameters
    ----------
    plan : Plan
    out : Path
        The sweep's folder.
    failed : mapping
        Folder to why a run could not be carried out.

    Returns
    -------
    Results
        Of a run whose files do not say what they should, why, as of one that failed.
    """
    ended, why = [], dict(failed)
    for cell in plan.cells():
        try:
            one = read_ended(cell, out)
        except (OSError, ValueError) as error:
            why[cell.folder] = str(error)
            continue
        if one is not None:
            ended.append(one)
    return gathered(plan, ended, why)


def gathered(plan: Plan, ended: Sequence[Ended], failed: Mapping[str, str]) -> Results:
    """Put runs together by condition, and say what each strategy came to.

    Parameters
    ----------
    plan : Plan
    ended : sequence of Ended
        In the order of the plan.
    failed : mapping
        As of `results_of`.
    """
    by_condition: dict[int, list[Ended]] = {}
    for one in ended:
        by_condition.setdefault(one.cell.condition, []).append(one)
    first = _counted(by_condition.get(0, ()))[0]
    under = tuple(
        _under(plan, place, by_condition.get(place, ()), first if place else ())
        for place in range(len(plan.conditions))
    )
    return Results(plan, under, dict(failed))


def _counted(ended: Sequence[Ended]) -> tuple[Sequence[FinishedRun], Repeats | None]:
    """Choose the runs that one version of the code made: the most that there are of one."""
    runs = [one.run for one in ended]
    found = max(repeats(runs), key=lambda one: len(one.runs), default=None)
    if found is None:
        return runs[:1], None
    return [run for run in runs if run.name in found.runs], found


def _under(
    plan: Plan, place: int, ended: Sequence[Ended], first: Sequence[FinishedRun]
) -> Under:
    condition = plan.conditions[place]
    runs, found = _counted(ended)
    together = {} if found is None else {one.name: one for one in found.strategies}
    names = condition.config.strategies
    scores = tuple(_score(name, runs, together.get(name), first) for name in names)
    label = ", ".join(
        f"{axis.name} = {value}"
        for axis, value in zip(plan.axes, condition.values, strict=True)
    )
    return Under(condition, label, settling_of(names), tuple(ended), scores, found)


def _score(
    name: str,
    runs: Sequence[FinishedRun],
    together: RepeatedStrategy | None,
    first: Sequence[FinishedRun],
) -> Score:
    known = [score for run in runs if (score := run.scores.get(name)) is not None]
    mean = fmean(known) if known else math.nan
    against = lead_over(runs, first, name) if first else None
    if together is None:
        return Score(name, len(known), mean, None, against_first=against)
    return Score(
        name,
        len(known),
        mean,
        together.score,
        together.lead,
        together.verdict,
        against,
    )
