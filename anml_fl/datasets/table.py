"""A data set as plain matrices: what every source gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Table:
    """A data set.

    Parameters
    ----------
    features : (n, d) float64
        nan where a value is missing.
    labels : (n,) int64
        In [0, classes).
    classes : int
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    indicators : (d,) bool
        Columns that are 0 to 1 as they are, and not to be standardised: categories, pixels.
    contributors : tuple of str
        Who gathered the data, by name, where the data say so.
    holder : (n,) int64, optional
        Who of them each row comes from; -1 for rows that are kept for testing.
    truth : (n,) int64, optional
        True classes, where labels are what contributors answered.
    items : (n,) int64, optional
        Which item a row is about, where one item has several rows.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: int
    image: tuple[int, int, int] | None
    indicators: NDArray[np.bool_]
    contributors: tuple[str, ...] = ()
    holder: NDArray[np.int64] | None = None
    truth: NDArray[np.int64] | None = None
    items: NDArray[np.int64] | None = None
