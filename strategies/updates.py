"""The updates of a round, as views of the replies' bytes: a block of columns at a time."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.blockwise_distances import bounded_distances, squared_distances
from anml_fl.method.krum import FEWEST
from anml_fl.method.row_blocks import Stacked, parts
from anml_fl.system.memory import release_freed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Contributors whose distances are kept for the rules: 8 MB.
_FEW = 1000
# Parameters from which on it counts what a row leaves behind.
_LARGE = 2**20


class Views:
    """Models in the arrays that they came in, less the global model when they are asked for.

    Parameters
    ----------
    pieces : list of sequence of array
        Each contributor's arrays, flat, in the order of the model's vector. Values less the
        model's must be finite.
    model : (d,) array
        The global model.
    """

    __slots__ = ("_edges", "model", "pieces")

    def __init__(self, pieces: list[Sequence[NDArray[Any]]], model: NDArray[Any]) -> None:
        self.pieces = pieces
        self.model = model
        sizes = [piece.size for piece in pieces[0]] if pieces else []
        self._edges = [0, *accumulate(sizes)]

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how long they are."""
        return len(self.pieces), self.model.size

    def columns(
        self,
        part: slice,
        rows: NDArray[np.intp] | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Make some columns of all updates or of some."""
        chosen = self.pieces if rows is None else [self.pieces[i] for i in rows.tolist()]
        base = self.model[part]
        found = out
        if found is None or found.dtype != self.model.dtype:
            found = np.empty((len(chosen), base.size), self.model.dtype)
        start, stop, step = part.indices(self.model.size)
        place = bisect_right(self._edges, start) - 1
        while place < len(self._edges) - 1 and self._edges[place] < stop:
            low, high = self._edges[place], min(self._edges[place + 1], stop)
            first = max(start, low + (start - low) % step)
            inside = slice(first - low, high - low, step)
            to = slice((first - start) // step, -((start - high) // step))
            minus = base[to]
            for row, arrays in zip(found, chosen, strict=True):
                np.subtract(arrays[place][inside], minus, out=row[to])
            place += 1
        return found

    def stacked(self) -> Stacked:
        """Put all of them into one matrix, and let each go when its row is there."""
        matrix = np.empty(self.shape, self.model.dtype)
        for row in range(len(self.pieces)):
            for place, (low, high) in enumerate(pairwise(self._edges)):
                minus = self.model[low:high]
                np.subtract(self.pieces[row][place], minus, out=matrix[row, low:high])
            self.pieces[row] = ()
            if self.model.size > _LARGE:
                release_freed()
        return Stacked(matrix)


class Updates:
    """The valid updates of a round, by stable identity: (n, d), and never a copy unasked.

    Parameters
    ----------
    rows : Stacked or Views
        Finite float32 or float64.
    """

    __slots__ = ("__weakref__", "_distances", "_rows")

    def __init__(self, rows: Stacked | Views) -> None:
        self._rows = rows
        self._distances: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, updates: Updates | NDArray[Any]) -> Updates:
        """Take a matrix (n, d) of finite updates for them, or what is them already.

        Examples
        --------
        >>> updates = Updates.of(np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 9.0]]))
        >>> updates.shape, updates.weighted(np.array([0.5, 0.5, 0.0]))
        ((3, 2), array([2., 3.]))
        """
        if isinstance(updates, Updates):
            return updates
        own = updates.view()
        own.setflags(write=False)  # rules are given it, and the round keeps it
        return cls(Stacked(own))

    @property
    def shape(self) -> tuple[int, int]:
        """How many contributors there are, n, and how many parameters, d."""
        return self._rows.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        rows = self._rows
        return rows.matrix.dtype if isinstance(rows, Stacked) else rows.model.dtype

    def __len__(self) -> int:
        """Count the contributors."""
        return self.shape[0]

    def __getitem__(self, chosen: Sequence[int]) -> Updates:
        """Take some contributors' updates."""
        rows = self._rows
        if isinstance(rows, Stacked):
            return Updates(Stacked(rows.matrix[list(chosen)]))
        return Updates(Views([rows.pieces[i] for i in chosen], rows.model))

    def columns(
        self,
        part: slice,
        rows: NDArray[np.intp] | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Take some columns of all updates or of some: to be read alone.

        Parameters
        ----------
        part : slice
            Of the d columns.
        rows : (m,) int array, optional
        out : (m, b) array, optional
            Where they may be put, if they are not there yet.

        Returns
        -------
        (m, b) array
        """
        return self._rows.columns(part, rows, out)

    def weighted(self, shares: NDArray[np.float64]) -> NDArray[Any]:
        """Sum the updates by share, a block of columns at a time.

        Parameters
        ----------
        shares : (n,) float64
            Those whose share is 0 are not read.

        Returns
        -------
        (d,) array
            In the updates' own type.
        """
        n, d = self.shape
        counted = np.flatnonzero(shares)
        if not counted.size or not d:
            return np.zeros(d, self.dtype)
        total = np.empty(d, self.dtype)
        own = shares[counted].astype(self.dtype)
        rows = None if counted.size == n else counted
        blocks = parts(counted.size, d)
        buffer = np.empty((counted.size, blocks[0].stop), self.dtype)
        for part in blocks:
            out = buffer[:, : part.stop - part.start]
            np.matmul(own, self.columns(part, rows, out), out=total[part])
        return total

    def measured(self) -> bool:
        """Take and keep the distances of few, if the updates and their squares are finite.

        Whether they are is known from the same pass.
        """
        if not FEWEST <= len(self) <= _FEW:
            return False
        self._distances = bounded_distances(self._rows)
        if self._distances is None:
            return False
        self._distances.setflags(write=False)
        return True

    @property
    def distances(self) -> NDArray[np.float64]:
        """Squared distances of every pair, (n, n); of few contributors they are kept."""
        if self._distances is not None:
            return self._distances
        found = squared_distances(self._rows)
        found.setflags(write=False)
        if len(self) <= _FEW:
            self._distances = found
        return found

    @property
    def matrix(self) -> NDArray[Any]:
        """All of them as one matrix, (n, d), read-only, for a rule that cannot do with less.

        Each reply is let go when its row is there: both are never there as a whole.
        """
        if isinstance(self._rows, Views):
            self._rows = self._rows.stacked()
            self._rows.matrix.setflags(write=False)
        return self._rows.matrix
