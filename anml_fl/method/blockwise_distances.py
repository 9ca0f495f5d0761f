"""Squared distances of every pair of vectors that are there a block of columns at a time.

The Gram matrix of `anml_fl.method.distances`, with its accuracy, for rows that nobody has put
into one matrix: they are asked for a block at a time, and no more than that is there at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Columns a block: float32 sums stay short, and rows do not crowd into the same cache sets.
_WIDTH = 6256
# Numbers a block of few rows, so that it stays in a processor's cache: 1 MB of float32.
_BLOCK = 2**18
# Rows up to which products are made of so many columns each: small matrices have kernels of
# their own.
_FEW, _NARROW = 32, _WIDTH // 8
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
# Numbers of an (n, n) matrix that are worked on at once: what is made of them stays small.
_AT_ONCE = 2**20


class Blocks(Protocol):
    """Vectors as rows, of which blocks of columns are asked for."""

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how long they are."""
        ...

    def columns(
        self,
        part: slice,
        rows: NDArray[np.intp] | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Take some columns of all rows or of some: float32 or float64, and finite.

        What is given need not be a copy: it is left as it is. It may be put into `out`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Stacked:
    """Rows that are in one matrix already.

    Parameters
    ----------
    matrix : (n, d) array
        Float32 or float64, finite.
    """

    matrix: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how long they are."""
        n, d = self.matrix.shape
        return n, d

    def columns(
        self,
        part: slice,
        rows: NDArray[np.intp] | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """View some columns, or copy them of some rows."""
        block: NDArray[Any] = self.matrix[:, part]
        return block if rows is None else block[rows]


def parts(rows: int, length: int) -> list[slice]:
    """Part columns into blocks that a processor's cache holds.

    Examples
    --------
    >>> [(part.start, part.stop) for part in parts(100, 10_000)]
    [(0, 6256), (6256, 10000)]
    """
    width = _WIDTH * max(1, _BLOCK // (rows * _WIDTH))
    return [slice(at, min(at + width, length)) for at in range(0, length, width)]


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
    >>> squared_distances(Stacked(np.array([[0.0, 0.0], [3.0, 4.0]])))
    array([[ 0., 25.],
           [25.,  0.]])
    """
    centre = _sampled_centre(vectors)
    return _resolved(vectors, centre, _gram(vectors, None, centre))


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
    >>> bounded_distances(Stacked(np.array([[0.0], [3.0]], np.float32)))
    array([[0., 9.],
           [9., 0.]])
    >>> bounded_distances(Stacked(np.array([[0.0], [np.nan]], np.float32))) is None
    True
    """
    centre = _sampled_centre(vectors)
    gram = _gram(vectors, None, centre)
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
            again, lost = _of_gram(vectors, members, own, _gram(vectors, members, own))
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
        gram = _gram(vectors, rows, centre, scale)
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


def _gram(
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
                wide = _halved(block, centre)
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


def _halved(block: NDArray[Any], centre: int | None) -> NDArray[np.float64]:
    """Half of the rows' differences from the centre: those of the largest floats overflow."""
    wide = block.astype(np.float64)
    wide *= 0.5
    if centre is not None:
        wide -= wide[centre].copy()
    return wide


def _reach(vectors: Blocks, rows: NDArray[np.intp] | None, centre: int | None) -> float:
    """Largest absolute difference from the centre."""
    most = 0.0
    for part in parts(vectors.shape[0], vectors.shape[1]):
        most = max(most, float(np.abs(_halved(vectors.columns(part, rows), centre)).max()))
    return min(2 * most, float(np.finfo(np.float64).max))


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
