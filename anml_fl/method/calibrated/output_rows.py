"""Evidence of output rows: what an update does to each class, cleared of its class mix."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.directions import geometric_median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class OutputLayer:
    """Where a linear output layer lies in a model's vector.

    Parameters
    ----------
    weight : slice
        Of its (C, H) weights, row by row.
    bias : slice
        Of its (C,) biases.
    classes : int
        C >= 2.
    """

    weight: slice
    bias: slice
    classes: int

    @classmethod
    def of(cls, shapes: Sequence[tuple[int, ...]]) -> OutputLayer | None:
        """Find the layer at the end of a model's arrays, in their order; None without one.

        Examples
        --------
        >>> OutputLayer.of([(32, 64), (32,), (10, 32), (10,)]).classes
        10
        >>> OutputLayer.of([(32, 64), (32,), (1, 32), (1,)]) is None  # values
        True
        """
        if len(shapes) < 2 or len(shapes[-2]) != 2 or len(shapes[-1]) != 1:
            return None
        classes = shapes[-1][0]
        if classes < 2 or shapes[-2][0] != classes:
            return None
        end = sum(prod(shape) for shape in shapes)
        start = end - classes
        return cls(slice(start - prod(shapes[-2]), start), slice(start, end), classes)

    def rows(self, updates: NDArray[Any]) -> NDArray[np.float64]:
        """Rows without what the class mix alone explains: (n, C, H) float64.

        With W_i and b_i the updates of weights and biases, centred over classes, and h_i =
        sum_c W_ic b_ic / |b_i|^2, it is M_i = W_i - b_i h_i^T. A contributor with other
        classes moves along b h^T; one with other labels does not.

        Parameters
        ----------
        updates : (n, d) array
        """
        n = len(updates)
        weight = updates[:, self.weight].astype(np.float64).reshape(n, self.classes, -1)
        bias = updates[:, self.bias].astype(np.float64)
        weight -= weight.mean(axis=1, keepdims=True)
        bias -= bias.mean(axis=1, keepdims=True)
        mix = np.einsum("nch,nc->nh", weight, bias)
        size = (bias**2).sum(axis=1)[:, None]
        # However short: updates are as small as the learning rate makes them.
        np.divide(mix, size, out=mix, where=size > 0)
        cleared: NDArray[np.float64] = weight - bias[:, :, None] * mix[:, None, :]
        return cleared


def row_agreement(
    rows: NDArray[np.float64], voices: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Agreement of remembered rows with the middle ones, class by class, in [-1, 1].

    x_i = sum_c <M_ic, m_c> / sum_c |M_ic| |m_c|, with m the geometric median of the M_i.

    Known failure: without trusted rows a majority that agrees on wrong labels is the middle.

    Parameters
    ----------
    rows : (n, C, H) float64
        Remembered, each of length 1.
    voices : (n,) float64
        How much each counts in the middle, >= 0.
    """
    n, classes, _ = rows.shape
    middle = geometric_median(rows.reshape(n, -1), voices).reshape(classes, -1)
    size = np.sqrt((rows**2).sum(axis=2)) @ np.sqrt((middle**2).sum(axis=1))
    found: NDArray[np.float64] = (rows * middle).sum(axis=(1, 2)) / np.maximum(size, _TINY)
    return found
