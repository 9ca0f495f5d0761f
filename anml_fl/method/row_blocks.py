"""Vectors that are there a block of columns at a time: nobody has put them into one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from anml_fl.method.distances import _BLOCK as _WIDTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Numbers a block of few rows, so that it stays in a processor's cache: 1 MB of float32.
_BLOCK = 2**18


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
