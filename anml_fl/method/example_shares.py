"""From a rule's weights to the shares of a round's step: by whom it keeps, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def example_shares(
    weights: NDArray[np.float64],
    selected: NDArray[np.bool_],
    examples: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Weight times example factor of whoever is selected, divided by its sum.

    Parameters
    ----------
    weights : (n,) float64
        >= 0, some selected one > 0.
    selected : (n,) bool
    examples : (n,) float64
        Example factors, > 0.

    Returns
    -------
    (n,) float64
        Summing to 1.

    Examples
    --------
    >>> example_shares(np.ones(3), np.array([True, True, False]), np.array([1.0, 3.0, 9.0]))
    array([0.25, 0.75, 0.  ])
    """
    parts = np.where(selected, weights, 0.0) * examples
    shares: NDArray[np.float64] = parts / parts.sum()
    return shares
