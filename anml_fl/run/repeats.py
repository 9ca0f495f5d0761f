"""Runs that differ in nothing but the seed, and what they say together of each strategy."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from anml_fl.run.criterion import Criterion
from anml_fl.run.paired_interval import FEWEST, Interval, paired_interval
from anml_fl.run.sign_flip import PairedTest, paired_tests
from anml_fl.settings.run import APP, settling_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A fifth of the rows is tested on, unless test rows are given: as these data sets have them.
_TEST_RATIO = 0.25
_WITH_TEST_ROWS = frozenset(("labelme", "sentiment"))


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run, as others may repeat it.

    Parameters
    ----------
    name : str
        Of its folder.
    seed : int
    settings : str
        All others, as `but_for_the_seed` writes them; "" where no run can repeat it.
    code : str
        What tells one version of the code from another.
    metric : str
        By which models are scored; empty for the test error.
    test_ratio : float
        Test rows a training row where each seed splits rows anew; else 0.
    scores : mapping
        Strategy, in the order of the run, to its model's score; None without one.
    """

    name: str
    seed: int
    settings: str
    code: str
    metric: str
    test_ratio: float
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class RepeatedStrategy:
    """A strategy over all repeats.

    Parameters
    ----------
    name : str
    runs : int
        That have a score.
    score : Interval or None
        Of shares of rows within [0, 1]; None of fewer than three.
    lead : Interval or None
        How much better the strategy that pays is, by paired differences; above 0 it is. None
        of that strategy itself, and of fewer than three pairs.
    test : PairedTest or None
        Whether that lead may be by chance; None of fewer than five pairs.
    """

    name: str
    runs: int
    score: Interval | None
    lead: Interval | None
    test: PairedTest | None = None

    @property
    def verdict(self) -> int:
        """1 where the strategy that pays is shown to be better, -1 where to be worse, else 0.

        Repeats that differ by one and the same amount agree by chance, as scores of few rows
        do: an interval without width shows nothing.
        """
        found = self.lead
        return 0 if found is None or found.low == found.high else found.sign


@dataclass(frozen=True, slots=True)
class Repeats:
    """Two runs or more with other seeds, and all else the same.

    Parameters
    ----------
    runs : tuple of str
        By seed.
    seeds : tuple of int
    lead : str
        The strategy that pays.
    metric : str
    split_anew : bool
        Whether the intervals are corrected for rows that are split anew.
    strategies : tuple of RepeatedStrategy
        In the order of the runs.
    same_seed : tuple of str
        Runs that are not counted, since one of the same seed is.
    other_code : tuple of str
        Runs that are not counted, since another version of the code made them.
    """

    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    lead: str
    metric: str
    split_anew: bool
    strategies: tuple[RepeatedStrategy, ...]
    same_seed: tuple[str, ...] = ()
    other_code: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether there are as many as an interval needs."""
        return len(self.runs) >= FEWEST

    @property
    def tested(self) -> bool:
        """Whether there are as many pairs as a test needs."""
        return any(one.test is not None for one in self.strategies)


def but_for_the_seed(settings: Mapping[str, Any]) -> str:
    """Write a run's settings without its seed and its name, the same text for the same.

    Parameters
    ----------
    settings : mapping
        As `config.toml` has them.

    Returns
    -------
    str
        "" where runs of the same settings are no repeats: a Flower app's data and training are
        not among them, and of runs that earn reputation in one registry each goes on where
        another ended.

    Examples
    --------
    >>> first = but_for_the_seed({"name": "a", "seed": 1, "training": {"rounds": 8}})
    >>> first, but_for_the_seed({"engine": "app", "seed": 1})
    ('{"training": {"rounds": 8}}', '')
    """
    registry = settings.get("registry", {})
    earned = registry.get("reputation") and registry.get("database")
    if settings.get("engine") == APP or (earned and not registry.get("simulated")):
        return ""
    kept = {key: value for key, value in settings.items() if key not in ("seed", "name")}
    return json.dumps(kept, sort_keys=True, default=str)


def ratio_of_test_rows(settings: Mapping[str, Any]) -> float:
    """Say how many test rows there are a training row, where each seed splits rows anew.

    Parameters
    ----------
    settings : mapping
        As `config.toml` has them.

    Returns
    -------
    float
        0 where test rows are given, and so the same for all seeds.

    Examples
    --------
    >>> wine, own = {"federation": {"dataset": "wine"}}, {"table": {"test": "rows.csv"}}
    >>> ratio_of_test_rows(wine), ratio_of_test_rows(own)
    (0.25, 0.0)
    """
    federation, table = settings.get("federation", {}), settings.get("table", {})
    own = table.get("data") or settings.get("training", {}).get("task")
    with_rows = not own and federation.get("dataset") in _WITH_TEST_ROWS
    if table.get("test") or federation.get("leave_out") or with_rows:
        return 0.0
    return _TEST_RATIO


def repeats(runs: Sequence[FinishedRun]) -> tuple[Repeats, ...]:
    """Find which runs repeat each other, and say what they say together.

    Parameters
    ----------
    runs : sequence of FinishedRun

    Returns
    -------
    tuple of Repeats
        Each of two seeds or more. Of two only that they are there is said: no interval.

    Examples
    --------
    >>> runs = [
    ...     FinishedRun(str(seed), seed, "{}", "", "", 0.0, {"krum": error})
    ...     for seed, error in ((7, 0.1), (8, 0.2), (9, 0.3))
    ... ]
    >>> (found,) = repeats(runs)
    >>> found.seeds, found.strategies[0].score.mean
    ((7, 8, 9), 0.2)
    """
    alike: dict[str, dict[str, list[FinishedRun]]] = {}
    for run in runs:
        if run.settings:
            alike.setdefault(run.settings, {}).setdefault(run.code, []).append(run)
    found = []
    for by_code in alike.values():
        for code, members in by_code.items():
            others = [one.name for other in by_code if other != code for one in by_code[other]]
            by_seed = {one.seed: one for one in reversed(members)}
            if len(by_seed) > 1:
                found.append(_together(by_seed, members, tuple(others)))
    return tuple(found)


def _together(
    by_seed: Mapping[int, FinishedRun], members: Sequence[FinishedRun], others: tuple[str, ...]
) -> Repeats:
    runs = [by_seed[seed] for seed in sorted(by_seed)]
    names, counted = tuple(runs[0].scores), {run.name for run in runs}
    lead = settling_of(names)
    ahead = {name: _ahead(runs, name, lead) for name in names if name != lead}
    tests = paired_tests(ahead)
    return Repeats(
        tuple(run.name for run in runs),
        tuple(run.seed for run in runs),
        lead,
        runs[0].metric,
        runs[0].test_ratio > 0,
        tuple(_strategy(runs, name, ahead.get(name), tests.get(name)) for name in names),
        tuple(one.name for one in members if one.name not in counted),
        others,
    )


def _ahead(runs: Sequence[FinishedRun], name: str, lead: str) -> list[float]:
    """Say by how much the lead is better, run by run, whichever side of the score that is."""
    sign = 1 if Criterion(runs[0].metric).better == "higher" else -1
    pairs = [(_number(run.scores.get(lead)), _number(run.scores.get(name))) for run in runs]
    return [sign * (leading - score) for leading, score in pairs]


def _strategy(
    runs: Sequence[FinishedRun],
    name: str,
    ahead: Sequence[float] | None,
    test: PairedTest | None,
) -> RepeatedStrategy:
    scores = [_number(run.scores.get(name)) for run in runs]
    ratio = runs[0].test_ratio
    return RepeatedStrategy(
        name,
        sum(map(math.isfinite, scores)),
        possible(_of_enough(paired_interval(scores, ratio)), Criterion(runs[0].metric)),
        None if ahead is None else _of_enough(paired_interval(ahead, ratio)),
        test,
    )


def _number(score: float | None) -> float:
    return math.nan if score is None else score


def possible(found: Interval | None, criterion: Criterion) -> Interval | None:
    """Cut an interval of scores at what a score can be: shares lie in [0, 1].

    Examples
    --------
    >>> possible(Interval(0.1, -0.2, 0.4, 3), Criterion("")).low
    0.0
    """
    if found is None or not criterion.unit:
        return found
    low, high = max(found.low, min(found.mean, 0.0)), min(found.high, max(found.mean, 1.0))
    return replace(found, low=low, high=high)


def _of_enough(found: Interval | None) -> Interval | None:
    return found if found is not None and found.pairs >= FEWEST else None
