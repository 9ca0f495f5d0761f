"""Rules side by side in one place: a data set under one attack, with its paired trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.claim import excess
from studies.reproduction.intervals import Estimate, mean
from studies.reproduction.numbers import interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from studies.reproduction.results import Cell, Study

RULE = "calibrated"
NO_DEFENCE, CEILING = "fedavg", "oracle"
_PARTS = ("partition", "attack", "share", "credentials")


@dataclass(frozen=True, slots=True)
class Place:
    """What each rule errs on one data set, under one condition.

    Parameters
    ----------
    dataset, condition : str
    parts : mapping
        What the condition says: partition, attack, share and credentials.
    errors : mapping
        Method to its trials; in [0, 1].
    taken : mapping
        Metric (`honest_kept`, `attackers_kept`, `attackers_weight`) to the same.
    """

    dataset: str
    condition: str
    parts: Mapping[str, str]
    errors: Mapping[str, Cell]
    taken: Mapping[str, Mapping[str, Cell]]

    @property
    def attacked(self) -> bool:
        """Whether anybody attacks."""
        return self.parts["attack"] != "nobody"

    @property
    def name(self) -> str:
        """Data set and condition in few words."""
        parts = self.parts
        said = [self.dataset, parts["partition"], parts["attack"]]
        said += [parts["share"]] if self.attacked else []
        said += [] if parts["credentials"] == "absent" else [parts["credentials"]]
        return ", ".join(said)

    @property
    def ceiling(self) -> str:
        """The oracle, or no defence where nobody attacks: then they are the same."""
        return CEILING if CEILING in self.errors else NO_DEFENCE

    @property
    def rules(self) -> tuple[str, ...]:
        """Methods that nobody has to tell who is honest."""
        return tuple(name for name in self.errors if name != CEILING)

    def error(self, method: str) -> float:
        """Mean error, in points."""
        return 100 * float(self.errors[method].values.mean())

    def above(self, method: str, other: str) -> Estimate:
        """Tell by how many points a method errs more than another, paired by trial."""
        return excess(self.errors[method], self.errors[other]).times(100)

    def best_other(self, method: str) -> str:
        """Name the rule with the least mean error that is another, whatever its root set."""
        family = method.partition(";")[0]
        others = [name for name in self.rules if name.partition(";")[0] != family]
        return min(others, key=self.error)

    def share(self, method: str, metric: str) -> float:
        """Mean share in per cent; nan where there is none."""
        cell = self.taken.get(metric, {}).get(method)
        return float("nan") if cell is None else 100 * float(cell.values.mean())


def places_of(study: Study) -> tuple[Place, ...]:
    """Find where rules stand side by side.

    Parameters
    ----------
    study : Study
        Its conditions say partition, attack, share and credentials.

    Returns
    -------
    tuple of Place
        Those with `calibrated` and no defence; empty for other studies.
    """
    taken: dict[tuple[str, str], dict[str, Mapping[str, Cell]]] = {}
    for metric in ("honest_kept", "attackers_kept", "attackers_weight"):
        for dataset, condition, cells in study.settings_of(metric):
            taken.setdefault((dataset, condition), {})[metric] = cells
    found = []
    for dataset, condition, cells in study.settings_of("error"):
        parts = dict(part.partition("=")[::2] for part in condition.split(";"))
        if set(_PARTS) <= parts.keys() and {RULE, NO_DEFENCE} <= cells.keys():
            found.append(
                Place(dataset, condition, parts, cells, taken.get((dataset, condition), {}))
            )
    return tuple(found)


def over(places: Sequence[Place], method: str, other: str = "") -> Estimate:
    """Average a method's excess over places, which the interval is over as well.

    Parameters
    ----------
    places : sequence of Place
        That have the method.
    method : str
    other : str
        What it is held against; the ceiling by default.
    """
    found = [one.above(method, other or one.ceiling).value for one in places]
    return mean(np.array(found, dtype=np.float64))


def worst(places: Sequence[Place], method: str, other: str = "") -> tuple[float, str]:
    """Find where a method errs most beyond another: points, and the place."""
    ranked = [(one.above(method, other or one.ceiling).value, one.name) for one in places]
    return max(ranked, default=(float("nan"), "nowhere"))


def points(estimate: Estimate) -> str:
    """Write a difference in points, with its interval."""
    return f"{interval(estimate, 1)} points"
