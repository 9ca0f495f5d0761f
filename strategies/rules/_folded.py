"""What rules share that remember updates: a short stand-in for each, of bounded values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.sketch import SIGNS, sketch

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 1e24
"""Values beyond it are cut off: sums of them over many rounds stay finite in float32."""


def bounded(values: NDArray[Any]) -> NDArray[Any]:
    """Cut off what no honest update has.

    Examples
    --------
    >>> bounded(np.array([1.0, -1e30]))
    array([ 1.e+00, -1.e+24])
    """
    if max(values.max(initial=0.0), -values.min(initial=0.0)) <= MOST:
        return values
    found: NDArray[Any] = np.clip(values, -MOST, MOST)
    return found


def folded(updates: NDArray[Any], signs: int = SIGNS) -> NDArray[np.float64]:
    """Fold updates (n, d) into (n, min(d, 1024)) numbers that keep the angles between them.

    Examples
    --------
    >>> folded(np.ones((2, 5000), np.float32)).shape
    (2, 1024)
    """
    return sketch(bounded(updates), signs)
