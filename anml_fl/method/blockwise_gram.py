"""The Gram matrix of vectors that are there a block of columns at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.distances import _BLOCK as _WIDTH
from anml_fl.method.row_blocks import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.row_blocks import Blocks

# Rows up to which products are made of so many columns each: small matrices have kernels of
# their own.
_FEW, _NARROW = 32, _WIDTH // 8


def gram_around(
    vectors: Blocks,
    rows: NDArray[np.intp] | None,
    centre: int | None,
    scale: float | None = None,
) -> NDArray[np.float64]:
    """Gram matrix of (row - centre) * scale: float32 products, float64 sums."""
    n = vectors.shape[0] if rows is None else rows.size
    gram = np.zeros((n, n))
    # The first row comes again behind the last one.
    blocks = parts(n, vectors.shape[1])
    buffer = np.empty((n + 1, blocks[0].stop if blocks else 0), dtype=np.float32)
    few = n <= _FEW
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for part in blocks:
            cyclic = buffer[:, : part.stop - part.start]
            own = cyclic[:n]
            block = vectors.columns(part, rows, own)
            if scale is not None:
                wide = halved(block, centre)
                wide *= 2 * scale
                own[:] = wide
            elif centre is not None:
                np.subtract(block, block[centre].copy(), out=own, casting="same_kind")
            elif block is not own and (few or block.dtype != np.float32):
                own[:] = block
            else:
                own = block
            if few:
                cyclic[n] = cyclic[0]
                gram += _narrow_products(own, cyclic[1:])
            else:
                gram += own @ own.T
        if few:
            gram = np.roll(gram, 1, axis=1)
            gram = (gram + gram.T) / 2  # kernels may round one of the two otherwise
    return gram


def _narrow_products(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Multiply rows with rows, (n, b) each: float32 products of a few columns each.

    NumPy has a matrix multiplied with itself by a routine that takes several times as long
    for few rows as the one for two matrices: these two must not be the same.
    """
    n, b = left.shape
    whole = b - b % _NARROW
    found: NDArray[np.float64] = np.zeros((n, n))
    if whole:
        blocks = (n, whole // _NARROW, _NARROW)
        pieces = [rows[:, :whole].reshape(blocks).transpose(1, 0, 2) for rows in (left, right)]
        found += (pieces[0] @ pieces[1].transpose(0, 2, 1)).sum(axis=0, dtype=np.float64)
    if whole < b:
        found += left[:, whole:] @ right[:, whole:].T
    return found


def halved(block: NDArray[Any], centre: int | None) -> NDArray[np.float64]:
    """Half of the rows' differences from the centre: those of the largest floats overflow."""
    wide = block.astype(np.float64)
    wide *= 0.5
    if centre is not None:
        wide -= wide[centre].copy()
    return wide
