"""A strategy's number by round over the runs: its mean, and an interval of enough repeats."""

from __future__ import annotations

import math
import tomllib
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from anml_fl.run.figures.source import first
from anml_fl.run.paired_interval import FEWEST, paired_interval
from anml_fl.run.repeats import possible, ratio_of_test_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.criterion import Criterion
    from anml_fl.run.figures.source import Source


class Spread(NamedTuple):
    """By round: the mean over the runs, and the ends of its 95 % interval; nan without one."""

    rounds: list[int]
    means: list[float]
    lows: list[float]
    highs: list[float]


def spread(source: Source, table: Any, strategy: str, column: str) -> Spread:
    """Find it for the rounds in which every run has the number.

    Parameters
    ----------
    source : Source
    table : pyarrow.Table
        Of its rounds.
    strategy, column : str
    """
    runs, found = len(source.labelled()), Spread([], [], [], [])
    by_round: dict[int, list[float]] = {}
    named = table.select(["strategy", "round", column]).to_pylist()
    for row in named:
        if row["strategy"] == strategy and row[column] is not None:
            by_round.setdefault(row["round"], []).append(row[column])
    for number, values in sorted(by_round.items()):
        if len(values) == runs:
            low, high = interval_of(values, source, first(source).criterion)
            found.rounds.append(number)
            found.means.append(fmean(values))
            found.lows.append(low)
            found.highs.append(high)
    return found


def interval_of(
    values: Sequence[float], source: Source, criterion: Criterion
) -> tuple[float, float]:
    """Give the ends of a mean's 95 % interval over the runs; nan of fewer than three.

    Parameters
    ----------
    values : sequence of float
        One of each run.
    source : Source
    criterion : Criterion
        What they are: of shares no end lies beyond 0 and 1.
    """
    if len(values) < FEWEST:
        return math.nan, math.nan
    ratio = ratio_of_test_rows(tomllib.loads(first(source).config))
    found = possible(paired_interval(values, ratio), criterion)
    return (math.nan, math.nan) if found is None else (found.low, found.high)
