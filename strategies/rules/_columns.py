"""What the coordinate-wise rules share: a block of columns at a time, in float64."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from strategies.updates import Updates

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Values a block: 2 MB, which stay in a processor's cache.
_BLOCK = 2**18


def by_columns(
    updates: Updates | NDArray[Any], rule: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Apply a rule to blocks of columns: all of them in float64 are twice the updates.

    Parameters
    ----------
    updates : Updates or (n, d) array
    rule : callable
        From (n, b) float64 to (b,) float64: of each column it makes a number that does not
        depend on the others.

    Returns
    -------
    (d,) float64
        What the rule makes of all columns at once, to the last bit.

    Examples
    --------
    >>> by_columns(np.array([[1.0, 5.0], [3.0, 9.0]]), lambda block: block.max(axis=0))
    array([3., 9.])
    """
    rows = Updates.of(updates)
    n, d = rows.shape
    found = np.empty(d)
    # Even parts: NumPy adds a single column up in another order than several.
    parts = max(1, min(d // 2, -(-n * d // _BLOCK)))
    edges = [part * d // parts for part in range(parts + 1)]
    for start, stop in pairwise(edges):
        found[start:stop] = rule(rows.columns(slice(start, stop)).astype(np.float64))
    return found
