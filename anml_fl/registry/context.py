"""The context of a use: how contributions of one domain age in another (Eq. 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import number
from anml_fl.method.provenance import DECAY_RATES, contextual_decay

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Context:
    """What contributions are used for, where that is another domain than theirs (Eq. 5).

    Parameters
    ----------
    destination : str
        Domain of the use, a key of `DECAY_RATES`.
    relation : float
        Decay rate a year of the relation between the two, >= 0.
    weights : tuple of float
        Of source, destination and relation; >= 0, summing to 1.

    Raises
    ------
    ValueError
        If one of them is anything else.

    Examples
    --------
    >>> Context("theory", 0.05, (0.5, 0.3, 0.2)).destination
    'theory'
    """

    destination: str
    relation: float
    weights: tuple[float, float, float]

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.destination not in DECAY_RATES:
            raise ValueError(
                f"destination must be one of {', '.join(DECAY_RATES)}, got"
                f" {self.destination!r}"
            )
        number("relation", self.relation, 0, float("inf"))
        self.decay(np.zeros(1), self.destination)

    def decay(self, ages: NDArray[np.float64], source: str) -> NDArray[np.float64]:
        """Freshness T of contributions of one domain."""
        rates = [DECAY_RATES[source], DECAY_RATES[self.destination], self.relation]
        return contextual_decay(ages, rates, self.weights)
