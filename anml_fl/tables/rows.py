"""A table's rows, read as its schema has them: numbers, choices, labels, whose they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from anml_fl.tables.schema import TableSchema

MISSING = -1
"""The code of a choice that is missing; one that is not known has the code behind the last."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that fit a schema; nothing is standardised yet.

    Parameters
    ----------
    where : str
        What they were read from, for messages.
    schema : TableSchema
    numbers : (n, k) float64
        Columns of numbers and dates (days since 1970-01-01), as in `schema.scaled` less a
        label; nan where missing.
    codes : (n, m) int32
        Columns of categories and of two values, as in `schema.chosen`: the value's place,
        `MISSING`, or behind the last for one that is not known.
    labels : (n,) int64 or float64
        Classes, or values in their own unit.
    sites : tuple of str
        Who gathered rows, by name, in the order of their first row; empty if nothing says so.
    holder : (n,) int64
        Whose each row is, as a place in `sites`; -1 without sites.
    pixels : (n, channels, height, width) uint8, optional
    notes : tuple of str
        What is odd, and no mistake; none quotes a cell.
    """

    where: str
    schema: TableSchema
    numbers: NDArray[np.float64]
    codes: NDArray[np.int32]
    labels: NDArray[np.int64] | NDArray[np.float64]
    sites: tuple[str, ...]
    holder: NDArray[np.int64]
    pixels: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

    def take(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows at some indices; sites keep their places."""
        return replace(
            self,
            numbers=self.numbers[indices],
            codes=self.codes[indices],
            labels=self.labels[indices],
            holder=self.holder[indices],
            pixels=None if self.pixels is None else self.pixels[indices],
        )
