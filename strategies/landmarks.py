"""Krum scores of a round of very many, from landmarks that the seed draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.approximations.landmark_krum import landmark_krum_scores
from anml_fl.seeding import stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from strategies.updates import Updates


@dataclass(frozen=True, slots=True)
class Landmarks:
    """How many contributors the others are compared with, and by what they are drawn.

    Parameters
    ----------
    count : int
        K, >= 2.
    seed : int
    round : int
    """

    count: int
    seed: int
    round: int

    def scores(
        self, updates: Updates, n_byzantine: int | None
    ) -> tuple[NDArray[np.float64], str]:
        """Estimate the Krum scores (n,) of more than `count` updates; and say how well."""
        found = landmark_krum_scores(
            updates,
            landmarks=self.count,
            rng=stream(self.seed, "landmarks", self.round),
            n_byzantine=n_byzantine,
        )
        return found.scores, (
            f"q by {self.count} landmarks of {len(updates)} contributors: over the landmarks"
            f" its rank correlation with the exact q is {found.agreement:.3f}"
        )
