"""Squared distances of every pair of vectors that are there a block of columns at a time.

The Gram matrix of `anml_fl.method.distances`, with its accuracy, for rows that nobody has put
into one matrix: they are asked for a block at a time, and no more than that is there at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.blockwise_gram import gram_around, halved
from anml_fl.method.distances import (
    _CANCELLED,
    _DEEPEST,
    _LARGEST,
    _PAIRS,
    _SAMPLE,
    _SMALLEST,
    _UNDERFLOW,
    _components,
)
from anml_fl.method.row_blocks import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anml_fl.method.row_blocks import Blocks

# Numbers of an (n, n) matrix that are worked on at once: what is made of them stays small.
_AT_ONCE = 2**20


def squared_distances(vectors: Blocks) -> NDArray[np.float64]:
    """Square the Euclidean distance of every pair of rows.

    Parameters
    ----------
    vectors : Blocks
        Rows to compare. Memory beyond them: O(n^2 + n * block).

    Returns
    -------
    (n, n) float64
        Symmetric, zero on the diagonal, with the accuracy of
        `anml_fl.method.distances.squared_distances`.

    Examples
    --------
    >>> from anml_fl.method.row_blocks import Stacked
    >>> squared_distances(Stacked(np.array([[0.0, 0.0], [3.0, 4.0]])))
    array([[ 0., 25.],
           [25.,  0.]])
    """
    centre = _sampled_centre(vectors)
    return _resolved(vectors, centre, gram_around(vectors, None, centre))


def bounded_distances(vectors: Blocks) -> NDArray[np.float64] | None:
    """Square the distances of rows of which it is not known whether they are finite.

    The pass that takes the distances tells that, too.

    Parameters
    ----------
    vectors : Blocks

    Returns
    -------
    (n, n) float64 or None
        As `squared_distances` gives them. None where a row is not finite, or so long that its
        square is not.

    Examples
    --------
    >>> from anml_fl.method.row_blocks import Stacked
    >>> bounded_distances(Stacked(np.array([[0.0], [3.0]], np.float32)))
    array([[0., 9.],
           [9., 0.]])
    >>> bounded_distances(Stacked(np.array([[0.0], [np.nan]], np.float32))) is None
    True
    """
    centre = _sampled_centre(vectors)
    gram = gram_around(vectors, None, centre)
    if not np.isfinite(gram.diagonal()).all():
        return None
    return _resolved(vectors, centre, gram)


def _resolved(
    vectors: Blocks, centre: int | None, gram: NDArray[np.float64]
) -> NDArray[np.float64]:
    distances, cancelled = _of_gram(vectors, None, centre, gram)
    _measure_again(vectors, np.arange(len(distances)), distances, cancelled, depth=0)
    return distances


def _sampled_centre(vectors: Blocks) -> int | None:
    """Choose from evenly spaced columns which row to measure around.

    None, the origin, spares a subtraction where nothing would cancel there.
    """
    d = vectors.shape[1]
    step = max(1, d // _SAMPLE)
    with np.errstate(over="ignore", invalid="ignore"):
        sample = vectors.columns(slice(0, min(d, step * _SAMPLE), step)).astype(np.float64)
        gram = sample @ sample.T
        lengths = gram.diagonal().copy()
        near, cancelled = _from_gram(gram)
        from_origin = np.count_nonzero(cancelled)
        if not from_origin:
            return None
        centre = _central(near)
        around_centre = sum(
            np.count_nonzero(_cancels(near[rows], near[rows, centre], near[centre]))
            for rows in _stripes(lengths.size)
        )
    return None if from_origin <= around_centre else centre


def _stripes(n: int) -> Iterator[slice]:
    """Part the rows of an (n, n) matrix."""
    step = max(1, _AT_ONCE // n)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def _cancels(
    distances: NDArray[np.float64], own: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether squared distances are lost in the squared lengths that they are made of."""
    both = own[:, None] + others
    found: NDArray[np.bool_] = (distances < _CANCELLED * both) | (both < _UNDERFLOW)
    return found


def _from_gram(
    gram: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Squared distances, in the Gram matrix's own memory, and which pairs cancelled."""
    lengths = gram.diagonal().copy()
    cancelled = np.empty(gram.shape, dtype=bool)
    gram *= -2.0
    for rows in _stripes(lengths.size):
        part = gram[rows]
        part += lengths[rows, None] + lengths
        np.maximum(part, 0.0, out=part)
        cancelled[rows] = _cancels(part, lengths[rows], lengths)
    np.fill_diagonal(gram, 0.0)
    np.fill_diagonal(cancelled, False)
    return gram, cancelled


def _central(distances: NDArray[np.float64]) -> int:
    """Index of the row whose median distance is least: no minority can move it far."""
    middle = len(distances) // 2
    medians = [
        np.partition(distances[rows], middle, axis=1)[:, middle]
        for rows in _stripes(len(distances))
    ]
    return int(np.argmin(np.concatenate(medians)))


def _measure_again(
    vectors: Blocks,
    rows: NDArray[np.intp],
    distances: NDArray[np.float64],
    cancelled: NDArray[np.bool_],
    depth: int,
) -> None:
    """Replace the distances that cancelled, each group of rows around a row of its own."""
    for group in _components(cancelled):
        square = np.ix_(group, group)
        inner, wanted = distances[square], cancelled[square]
        members = rows[group]
        if depth + 1 >= _DEEPEST or wanted.sum() < wanted.size / _PAIRS:
            again = _one_by_one(vectors, members, wanted)
        else:
            own = _central(inner)
            again, lost = _of_gram(vectors, members, own, gram_around(vectors, members, own))
            # A pair that some centre has resolved stays so.
            lost &= wanted
            _measure_again(vectors, members, again, lost, depth + 1)
        distances[square] = np.where(wanted, again, inner)


def _of_gram(
    vectors: Blocks,
    rows: NDArray[np.intp] | None,
    centre: int | None,
    gram: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distances from the Gram matrix around one row, and which pairs to measure again."""
    scale = 1.0
    if not _SMALLEST < gram.diagonal().max() < _LARGEST:  # nan lands here too
        reach = _reach(vectors, rows, centre)
        if reach == 0.0:
            return np.zeros_like(gram), np.zeros(gram.shape, dtype=bool)
        # A power of two, so that scaling itself loses nothing.
        scale = float(2.0 ** int(np.clip(-np.frexp(reach)[1], -1000, 1000)))
        gram = gram_around(vectors, rows, centre, scale)
    distances, cancelled = _from_gram(gram)
    if scale != 1.0:
        with np.errstate(over="ignore", under="ignore"):
            distances /= scale  # one at a time: the square of the scale may overflow
            distances /= scale
        _bound(distances)
    return distances, cancelled


def _bound(distances: NDArray[np.float64]) -> None:
    """Keep what has no square in float64 far, but its sums finite."""
    np.minimum(distances, np.finfo(np.float64).max / (2 * len(distances)), out=distances)


def _reach(vectors: Blocks, rows: NDArray[np.intp] | None, centre: int | None) -> float:
    """Largest absolute difference from the centre."""
    most = 0.0
    for part in parts(vectors.shape[0], vectors.shape[1]):
        most = max(most, float(np.abs(halved(vectors.columns(part, rows), centre)).max()))
    return min(2 * most, float(np.finfo(np.float64).max))


def _one_by_one(
    vectors: Blocks, rows: NDArray[np.intp], wanted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Distances of the wanted pairs from direct float64 differences: slow, always right."""
    distances = np.zeros((rows.size, rows.size))
    upper = np.triu(wanted)
    some = np.flatnonzero(upper.any(axis=1))
    for part in parts(rows.size, vectors.shape[1]):
        block = vectors.columns(part, rows).astype(np.float64)
        for i in some:
            others = np.flatnonzero(upper[i])
            with np.errstate(over="ignore"):
                difference = block[others] - block[i]
                distances[i, others] += np.einsum("ij,ij->i", difference, difference)
    _bound(distances)
    return distances + distances.T
