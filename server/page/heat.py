"""Weights by contributor and round: of some, or of those that stand out."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from server.page.history import thinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from server.page.following import Following
    from server.page.rounds_file import RoundsFile

EACH = 20
"""Contributors at the top, at the bottom, and of those that changed most."""


class _Block(NamedTuple):
    """Rounds after each other that asked the same: mostly all of them.

    Parameters
    ----------
    names : tuple of str
        Of n contributors.
    places : list of int
        Of the k rounds among those that are told of.
    weights : (k, n) float32
        nan where there is none.
    """

    names: tuple[str, ...]
    places: list[int]
    weights: NDArray[np.float32]


def heat(run: Following, strategy: str, who: Sequence[str] = ()) -> dict[str, Any]:
    """Give weights by contributor and round: of some, or of those that stand out.

    Parameters
    ----------
    run : Following
    strategy : str
    who : sequence of str
        Of whom; empty for the top, the bottom and the most changed.

    Returns
    -------
    dict
        `weights` with one place a round, None where it was not asked or there was no weight.
    """
    rounds = run.rounds[strategy]
    kept = thinned(list(rounds.weights))
    blocks = list(_blocks(rounds, kept))
    found: dict[str, Any] = {"strategy": strategy, "rounds": kept}

    def rows(names: Iterable[str]) -> list[dict[str, Any]]:
        return _rows(blocks, len(kept), names)

    if who:
        return {**found, "who": rows(who)}
    last, moved = _extremes(blocks)
    ordered = sorted(last, key=lambda name: -last[name])
    top, rest = ordered[:EACH], ordered[EACH:]
    changed = sorted((name for name in moved if moved[name]), key=lambda name: -moved[name])
    return {
        **found,
        "top": rows(top),
        "bottom": rows(rest[: -EACH - 1 : -1]),
        "changed": rows(changed[:EACH]),
    }


def _blocks(rounds: RoundsFile, kept: Sequence[int]) -> Iterator[_Block]:
    # The same names are kept once: what is the same object has the same place for each.
    alike = groupby(enumerate(kept), key=lambda item: id(rounds.places[item[1]].names))
    for _, items in alike:
        places, numbers = zip(*items, strict=True)
        weights = np.array([rounds.weights[one] for one in numbers], dtype=np.float32)
        yield _Block(rounds.places[numbers[0]].names, list(places), weights)


def _extremes(blocks: Iterable[_Block]) -> tuple[dict[str, float], dict[str, float]]:
    """Find everybody's last weight, and by how much it ever differed."""
    last: dict[str, float] = {}
    least: dict[str, float] = {}
    most: dict[str, float] = {}
    for names, _, weights in blocks:
        there = ~np.isnan(weights)
        ends = len(weights) - 1 - there[::-1].argmax(axis=0)
        latest = weights[ends, np.arange(len(names))].tolist()
        low = np.where(there, weights, np.inf).min(axis=0).tolist()
        high = np.where(there, weights, -np.inf).max(axis=0).tolist()
        for i in np.flatnonzero(there.any(axis=0)).tolist():
            name = names[i]
            last[name] = latest[i]
            least[name] = min(low[i], least.get(name, low[i]))
            most[name] = max(high[i], most.get(name, high[i]))
    return last, {name: most[name] - least[name] for name in last}


def _rows(blocks: Iterable[_Block], rounds: int, names: Iterable[str]) -> list[dict[str, Any]]:
    table: dict[str, list[float | None]] = {name: [None] * rounds for name in names}
    for block in blocks:
        for i, name in enumerate(block.names):
            if name not in table:
                continue
            for place, weight in zip(block.places, block.weights[:, i].tolist(), strict=True):
                if not math.isnan(weight):
                    table[name][place] = round(weight, 9)
    return [{"contributor": name, "weights": row} for name, row in table.items()]
