"""Claims that one method is never worse than another, over every condition measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import stats

from studies.reproduction.claim import (
    FEW,
    NOT_MEASURED,
    Outcome,
    Studies,
    claim,
    excess,
    points,
)
from studies.reproduction.intervals import Estimate, spread
from studies.reproduction.methods import pick
from studies.reproduction.results import paired
from studies.reproduction.significance import LEVEL, holm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from studies.reproduction.results import Cell

_ROUNDING = 1e-12
_RULE = (
    "in no condition the paired difference of errors is above 0 (one-sided t-test, p < 0.05 "
    "after Holm's correction over all conditions with 5 trials or more)"
)

_Pair = tuple[str, "Cell", "Cell"]


@claim(
    "Two-stage never does worse than the best baseline",
    "6.4",
    holds_if=_RULE.replace(
        "difference of errors", "excess over the better of Uniform and Krum"
    ),
)
def never_worse(studies: Studies) -> Outcome:
    """Count the conditions where the gate does worse than the one of smaller mean error."""
    pairs = []
    for place, cells in _conditions(studies):
        gate = pick(cells, "adaptive")
        if gate is None or not {"uniform", "krum"} <= cells.keys():
            continue
        best = min(
            (cells["uniform"], cells["krum"]), key=lambda cell: float(cell.values.mean())
        )
        pairs.append((place, gate, best))
    return _judged(pairs, "two-stage is worse than the better of Uniform and Krum")


@claim(
    "Krum, as the fallback, is a floor",
    "4.2, 6.3",
    holds_if=_RULE.replace("difference of errors", "excess of Krum over Uniform"),
)
def krum_floor(studies: Studies) -> Outcome:
    """Count the conditions where Krum does worse than Uniform."""
    pairs = [
        (place, cells["krum"], cells["uniform"])
        for place, cells in _conditions(studies)
        if {"uniform", "krum"} <= cells.keys()
    ]
    return _judged(pairs, "Krum is worse than Uniform")


def _judged(pairs: Sequence[_Pair], what: str) -> Outcome:
    if not pairs:
        return NOT_MEASURED
    found = [(place, excess(one, other)) for place, one, other in pairs]
    worse = [(place, e) for place, e in found if e.value > _ROUNDING]
    beyond = sum(e.low > 0 for _, e in worse)
    corrected = holm([_p(one, other) for _, one, other in pairs])
    tested = sum(not math.isnan(p) for p in corrected)
    sure = [one for one, p in zip(found, corrected, strict=True) if p < LEVEL]
    text = (
        f"{what} in {len(worse)} of {len(found)} conditions, in {beyond} beyond the interval; "
        f"after Holm's correction in {len(sure)} of the {tested} with {FEW} trials or more"
    )
    if worse:
        place, most = max(worse, key=lambda one: one[1].value)
        text += f"; most: {points(most)} ({place})"
    if sure:
        text += f". After correction by study: {_by_study(sure)}"
    return Outcome(text, not sure if tested else None)


def _p(one: Cell, other: Cell) -> float:
    """One-sided p of a paired difference above 0; nan below `FEW` trials."""
    left, right = paired(one, other)
    differences = left - right
    n = len(differences)
    if n < FEW:
        return math.nan
    if spread(differences) == 0:
        # No spread, no t: the sign test is what remains.
        return 0.5**n if differences.mean() > _ROUNDING else 1.0
    return float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)


def _conditions(studies: Studies) -> Iterator[tuple[str, dict[str, Cell]]]:
    for study in studies.values():
        for dataset, condition, cells in study.settings_of("error"):
            filled = {name: cell for name, cell in cells.items() if len(cell.values)}
            yield f"{study.name}, {dataset}, {condition}", filled


def _by_study(found: Sequence[tuple[str, Estimate]]) -> str:
    """Count by study, and name the greatest of the three worst."""
    studies: dict[str, list[tuple[str, Estimate]]] = {}
    for place, estimate in found:
        name, _, rest = place.partition(", ")
        studies.setdefault(name, []).append((rest, estimate))
    ranked = sorted(studies.items(), key=lambda one: -max(e.value for _, e in one[1]))
    said = []
    for rank, (name, each) in enumerate(ranked):
        place, most = max(each, key=lambda one: one[1].value)
        worst = f" (most: {place}, {points(most)})" if rank < 3 else ""
        said.append(f"{name} {len(each)}{worst}")
    return "; ".join(said)
