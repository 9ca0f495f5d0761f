"""The axis of a run's rounds, the same under every figure."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.run.reading import StrategyRun


def round_axis(strategies: Iterable[StrategyRun]) -> dict[str, Any]:
    """Make an x axis over the rounds, with at most ten ticks, each on a whole round.

    Returns
    -------
    dict
        An axis for plotly.
    """
    first, last = span(strategies)
    step = next(
        step
        for power in count()
        for step in (10**power, 2 * 10**power, 5 * 10**power)
        if (last - first) // step < 10
    )
    # A damaged run's rounds may be any: nothing is gone through but the ticks.
    ticks = list(range(-(-first // step) * step, last + 1, step))
    return {
        "title": {"text": "Round"},
        "tickvals": ticks,
        "range": [first - 0.5, last + 0.5],
        "zeroline": False,
    }


def span(strategies: Iterable[StrategyRun]) -> tuple[int, int]:
    """First and last round of some strategies, of which there is at least one."""
    rounds = [record.round for strategy in strategies for record in strategy.records]
    return min(rounds), max(rounds)
