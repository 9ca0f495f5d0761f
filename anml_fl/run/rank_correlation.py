"""Whether two columns of numbers put contributors in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64] | None) -> float | None:
    """Spearman's rank correlation; None where it is undefined.

    Parameters
    ----------
    a, b : (n,) float64
        None stands for unknown.

    Returns
    -------
    float or None
        In [-1, 1]; None if either is constant, unknown, or has fewer than two values.

    Examples
    --------
    >>> import numpy as np
    >>> rank_correlation(np.array([0.0, 0.1, 0.5]), np.array([3.0, 2.0, 1.0]))
    -1.0
    >>> rank_correlation(np.ones(3), np.arange(3.0))
    """
    if b is None:
        return None
    # Sums of equal gains in another order differ in the last bits: they tie.
    a, b = np.round(a, 12), np.round(b, 12)
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return round(float(spearmanr(a, b).statistic), 12)
