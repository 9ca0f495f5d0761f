"""Squared distances of every pair of vectors, exact and fast.

They come from one Gram matrix, because that is what the hardware multiplies fastest. A
Gram matrix cancels when vectors are long beside the distances between them, so it is
taken around a central row, and each pair whose distance is still small beside its two
lengths is measured again around a row of its own cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike, NDArray

    Vectors = ArrayLike | torch.Tensor

# Columns a block: float32 sums stay short, a block of 1000 rows takes 25 MB, and not
# a power of two, so that rows do not crowd into the same cache sets.
_BLOCK = 6256
# Columns that find the first centre; a bad centre costs time, never digits.
_SAMPLE = 256
# A pair is measured again when its squared distance is below this part of its two
# squared lengths: float32 sums are good to about 3e-7 of the lengths.
_CANCELLED = 0.2
# Squared lengths between which float32 products neither overflow nor underflow.
_SMALLEST, _LARGEST = 1e-14, 1e30
# Below this squared length a row has lost digits to underflow.
_UNDERFLOW = 1e-24
# Depth from which pairs are measured one by one in float64.
_DEEPEST = 4
# One by one is this much slower a pair than a Gram matrix: it wins below 1 pair in _PAIRS.
_PAIRS = 30


def squared_distances(vectors: Vectors) -> NDArray[np.float64]:
    """Square the Euclidean distance of every pair of rows.

    Parameters
    ----------
    vectors : (n, d) array or tensor
        Rows to compare. Memory beyond the input: O(n^2 + n * block).

    Returns
    -------
    (n, n) float64
        Symmetric, zero on the diagonal; relative error of an entry about 1e-6 (1e-5 with
        kernels that keep few sums side by side), and up to 4e-5 where most products are of
        one size (sign updates): they round one way.

    Raises
    ------
    ValueError
        If `vectors` is not a non-empty finite matrix.

    Examples
    --------
    >>> squared_distances([[0.0, 0.0], [3.0, 4.0]])
    array([[ 0., 25.],
           [25.,  0.]])
    """
    matrix = _matrix(vectors)
    n = matrix.shape[0]
    wanted = ~np.eye(n, dtype=bool)
    return _distances(matrix, np.arange(n), _sampled_centre(matrix), wanted, depth=0)


def _matrix(vectors: Vectors) -> Any:
    """Return a 2-D NumPy array or torch tensor without copying either."""
    matrix: Any = vectors
    if hasattr(vectors, "detach"):
        if matrix.is_complex():
            raise ValueError(f"vectors must be real numbers, got dtype {matrix.dtype}")
    else:
        matrix = np.asarray(vectors)
        if matrix.dtype.kind in "iub":
            matrix = matrix.astype(np.float64)
        if matrix.dtype.kind != "f":
            raise ValueError(f"vectors must be real numbers, got dtype {matrix.dtype}")
    if matrix.ndim != 2 or matrix.shape[0] == 0:
        raise ValueError(
            f"vectors must be a matrix of one row a vector, got shape {tuple(matrix.shape)}"
        )
    return matrix


def _columns(matrix: Any, rows: NDArray[np.intp], columns: slice) -> NDArray[np.floating[Any]]:
    """Take a block of columns as a NumPy array, from whichever device it is on."""
    block = matrix[:, columns]
    if not isinstance(block, np.ndarray):
        block = block.detach().cpu()
        # NumPy has no bfloat16.
        block = (block if block.dtype.itemsize > 2 else block.float()).numpy()
    if block.dtype.kind != "f":
        block = block.astype(np.float64)  # integer differences would wrap
    elif block.dtype.itemsize < 4:
        block = block.astype(np.float32)  # half-precision differences would be rounded
    taken: NDArray[np.floating[Any]] = block if rows.size == block.shape[0] else block[rows]
    return taken


def _blocks(d: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK, d)) for start in range(0, d, _BLOCK)]


def _sampled_centre(matrix: Any) -> int | None:
    """Choose from evenly spaced columns, in float64, which row to measure around.

    None, the origin, spares a pass over the data where nothing would cancel there.
    """
    n, d = matrix.shape
    step = max(1, d // _SAMPLE)
    sample = _columns(matrix, np.arange(n), slice(0, step * _SAMPLE, step)).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        # One matrix of all pairs at a time: with thousands of rows each takes gigabytes.
        from_origin = int(_from_gram(sample @ sample.T)[1].sum())
        sample -= sample[0]
        centre = _central(_from_gram(sample @ sample.T)[0])
        sample -= sample[centre]
        around_centre = int(_from_gram(sample @ sample.T)[1].sum())
    return None if from_origin <= around_centre else centre


def _from_gram(
    gram: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Squared distances, in the Gram matrix's own memory, and which pairs cancelled."""
    lengths = gram.diagonal().copy()
    cancelled = np.empty(gram.shape, dtype=bool)
    gram *= -2.0
    # Row by row: what all pairs' lengths add up to would be a second matrix as large.
    for i in range(lengths.size):
        row, both = gram[i], lengths[i] + lengths
        np.add(row, both, out=row)
        np.maximum(row, 0.0, out=row)
        row[i] = 0.0
        cancelled[i] = (row < _CANCELLED * both) | (both < _UNDERFLOW)
        cancelled[i, i] = False
    return gram, cancelled


def _central(distances: NDArray[np.float64]) -> int:
    """Index of the row whose median distance is least: no minority can move it far."""
    middle = distances.shape[0] // 2
    return int(np.argmin([np.partition(row, middle)[middle] for row in distances]))


def _distances(
    matrix: Any,
    rows: NDArray[np.intp],
    centre: int | None,
    wanted: NDArray[np.bool_],
    depth: int,
) -> NDArray[np.float64]:
    """Distances of the wanted pairs of some rows; those that cancelled are measured again."""
    if depth >= _DEEPEST or (depth and wanted.sum() < wanted.size / _PAIRS):
        return _one_by_one(matrix, rows, wanted)
    distances, cancelled = _around(matrix, rows, centre)
    # A pair that some centre has resolved stays so.
    cancelled &= wanted
    for group in _components(cancelled):
        square = np.ix_(group, group)
        inner, pairs = distances[square], cancelled[square]
        again = _distances(matrix, rows[group], _central(inner), pairs, depth + 1)
        distances[square] = np.where(pairs, again, inner)
    return distances


def _around(
    matrix: Any, rows: NDArray[np.intp], centre: int | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distances from the Gram matrix around one row, and which pairs to measure again."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        gram = _gram(matrix, rows, centre, scale=None)
    scale = 1.0
    if not _SMALLEST < gram.diagonal().max() < _LARGEST:  # NaN lands here too
        reach = _reach(matrix, rows, centre)
        if reach == 0.0:
            return np.zeros_like(gram), np.zeros(gram.shape, dtype=bool)
        # A power of two, so that scaling itself loses nothing.
        scale = float(2.0 ** int(np.clip(-np.frexp(reach)[1], -1000, 1000)))
        with np.errstate(under="ignore"):
            gram = _gram(matrix, rows, centre, scale=scale)
    distances, cancelled = _from_gram(gram)
    with np.errstate(over="ignore", under="ignore"):
        distances /= scale  # one at a time: the square of the scale may overflow
        distances /= scale
    # So large that they have no square in float64: far, but the sums stay finite.
    np.minimum(distances, np.finfo(np.float64).max / (2 * rows.size), out=distances)
    return distances, cancelled


def _gram(
    matrix: Any, rows: NDArray[np.intp], centre: int | None, scale: float | None
) -> NDArray[np.float64]:
    """Gram matrix of (row - centre) * scale: float32 products, float64 sums."""
    n, d = rows.size, matrix.shape[1]
    gram = np.zeros((n, n))
    buffer = np.empty((n, min(_BLOCK, d)), dtype=np.float32)
    for columns in _blocks(d):
        block = _columns(matrix, rows, columns)
        if centre is None and scale is None and block.dtype == np.float32:
            shifted = block
        else:
            shifted = buffer[:, : block.shape[1]]
            origin = 0.0 if centre is None else block[centre]
            if scale is None:
                np.subtract(block, origin, out=shifted, casting="same_kind")
            else:
                # Halved first: differences of the largest floats overflow.
                wide = block.astype(np.float64) * 0.5
                if centre is not None:
                    wide -= wide[centre].copy()
                wide *= 2 * scale
                shifted[:] = wide
        gram += shifted @ shifted.T
    return gram


def _reach(matrix: Any, rows: NDArray[np.intp], centre: int | None) -> float:
    """Largest absolute difference from the centre; refuses what is not finite."""
    reach = 0.0
    for columns in _blocks(matrix.shape[1]):
        block = _columns(matrix, rows, columns).astype(np.float64)
        bad = np.argwhere(~np.isfinite(block))
        if bad.size:
            row, column = rows[bad[0, 0]], columns.start + bad[0, 1]
            value = block[bad[0, 0], bad[0, 1]]
            raise ValueError(f"vectors must be finite, got vectors[{row}, {column}] = {value}")
        block *= 0.5  # differences of the largest floats overflow
        if centre is not None:
            block -= block[centre].copy()
        reach = max(reach, float(np.abs(block, out=block).max()))
    return min(2 * reach, float(np.finfo(np.float64).max))


def _components(linked: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Groups of rows that are linked, each at least a pair."""
    groups = []
    left = linked.any(axis=1)
    while left.any():
        members = np.zeros_like(left)
        members[np.argmax(left)] = True
        frontier = members
        while frontier.any():
            frontier = linked[frontier].any(axis=0) & ~members
            members = members | frontier
        left &= ~members
        groups.append(np.flatnonzero(members))
    return groups


def _one_by_one(
    matrix: Any, rows: NDArray[np.intp], wanted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Distances of the wanted pairs from direct float64 differences: slow, always right."""
    distances = np.zeros((rows.size, rows.size))
    upper = np.triu(wanted)
    for columns in _blocks(matrix.shape[1]):
        block = _columns(matrix, rows, columns).astype(np.float64)
        for i in np.flatnonzero(upper.any(axis=1)):
            others = np.flatnonzero(upper[i])
            with np.errstate(over="ignore"):
                difference = block[others] - block[i]
                distances[i, others] += np.einsum("ij,ij->i", difference, difference)
    np.minimum(distances, np.finfo(np.float64).max / (2 * rows.size), out=distances)
    return distances + distances.T
