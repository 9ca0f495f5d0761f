"""What a registry answers: the outside signals of contributors, at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Signals:
    """Outside signals of some contributors, in the order asked.

    Parameters
    ----------
    v, r, T : (n,) float64
        Verification, reputation, temporal decay, each in [0, 1].
    """

    v: NDArray[np.float64]
    r: NDArray[np.float64]
    T: NDArray[np.float64]

    @property
    def s(self) -> NDArray[np.float64]:
        """External signal s = v r."""
        return self.v * self.r


class Registry(Protocol):
    """Anything that knows contributors by their stable identity."""

    def signals(self, contributors: Sequence[str], *, at: float) -> Signals:
        """Look contributors up.

        Parameters
        ----------
        contributors : sequence of str
            Stable identities; an unknown one gets the cold-start defaults.
        at : float
            The instant asked about, in years on the registry's own clock.

        Returns
        -------
        Signals
        """
        ...
