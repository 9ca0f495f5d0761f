"""Copies: contributors who send one update between them have one weight between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.directions import units

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Cosines of remembered residuals at which another begins to be a copy, and is a whole one.
_ALIKE, _SAME = 0.95, 0.99


def similarity(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines C_ij >= 0 of remembered residuals u_i / |u_i| - mean, (n, n); 1 on the diagonal.

    Known failure: copies that are given noise of their own, at a cosine below .95, are told
    apart, and each has its own weight.

    Parameters
    ----------
    residuals : (n, k) float64
        As remembered.
    """
    unit = units(residuals)
    found = np.clip(unit @ unit.T, 0.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def copies(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count those who send the same update as each, itself included: (n,), >= 1.

    Examples
    --------
    >>> copies(np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]]))
    array([2., 2., 1.])
    """
    alike = np.clip((cosines - _ALIKE) / (_SAME - _ALIKE), 0.0, 1.0)
    counted: NDArray[np.float64] = alike.sum(axis=1)
    return counted
