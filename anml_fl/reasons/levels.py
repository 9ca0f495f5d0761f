"""How high the valid replies stand by one number: found once a round, told of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Levels:
    """The mean, the ends, and the nearest value that was kept.

    Parameters
    ----------
    mean, low, high : float
        The mean may be infinite.
    nearest : float, optional
        The worst of those that were kept; None where nobody was.
    less : bool
        Whether less is better.
    """

    mean: float
    low: float
    high: float
    nearest: float | None
    less: bool

    @classmethod
    def of(cls, column: Column, kept: NDArray[np.bool_], *, less: bool) -> Levels | None:
        """Find them.

        Parameters
        ----------
        column : (n,) float64
            Not finite for whoever has no such number.
        kept : (n,) bool
        less : bool

        Returns
        -------
        Levels or None
            None where nobody has such a number.

        Examples
        --------
        >>> column, kept = np.array([0.0, 0.5, 1.0]), np.array([False, True, True])
        >>> Levels.of(column, kept, less=False).told(0.0, kept=False)
        {'value': 0.0, 'mean': 0.5, 'line': 0.5, 'at_an_end': -1}
        """
        finite = np.isfinite(column)
        values, those = column[finite], column[finite & kept]
        if not values.size:
            return None
        with np.errstate(over="ignore"):
            mean = float(np.mean(values))
        nearest = float(those.max() if less else those.min()) if those.size else None
        return cls(mean, float(values.min()), float(values.max()), nearest, less)

    def told(self, value: float, *, kept: bool) -> dict[str, Any]:
        """Give what `Reason` says of one value; nothing where there is none.

        Parameters
        ----------
        value : float
        kept : bool
            Whether its contributor was.
        """
        if not math.isfinite(value) or not math.isfinite(self.mean):
            return {}
        line = self.nearest if not kept and self._apart(value) > 0 else None
        at_an_end = 0 if self.low == self.high else (value == self.high) - (value == self.low)
        return {"value": value, "mean": self.mean, "line": line, "at_an_end": at_an_end}

    def worse_was_kept(self, value: float) -> bool:
        """Tell whether somebody was kept who is worse by it than a value is."""
        return self._apart(value) < 0

    def _apart(self, value: float) -> float:
        """Give by how much the worst that was kept is better than a value; 0 of none."""
        if self.nearest is None:
            return 0.0
        return value - self.nearest if self.less else self.nearest - value
