"""The two-stage gate and its four settings, in one place (Algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.method.combination import two_stage

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from anml_fl.method.combination import Weighting


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the outside signals can be trusted, and what is weighed then.

    Parameters
    ----------
    tau_h : float
        Stage 1: uniform weights if every s lies above it, in [0, 1].
    tau_c : float
        Stage 2: the blend if q and s correlate above it, in [-1, 1].
    alpha : float
        Share of q in the blend, in [0, 1].
    tau : float
        Temperature of the blend's softmax, > 0.

    Examples
    --------
    >>> Gate().weigh([1.0, 0.5, 0.0], [0.6, 0.5, 0.4]).branch
    'uniform'
    >>> Gate(tau_h=0.45).weigh([1.0, 0.5, 0.0], [0.6, 0.5, 0.4]).branch
    'blend'
    """

    tau_h: float = 0.35
    tau_c: float = 0.3
    alpha: float = 0.5
    tau: float = 1.0

    def weigh(self, q: ArrayLike, s: ArrayLike, T: ArrayLike = 1.0) -> Weighting:
        """Weigh contributors as `two_stage` does; it says what can be wrong."""
        return two_stage(q, s, T, self.tau_h, self.tau_c, self.alpha, self.tau)
