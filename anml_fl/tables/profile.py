"""What stands in a column: its different cells, and how often each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anml_fl.tables.cell import date_of, number_of, numbers_of, texts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.tables.columns import Columns

MOSTLY = 0.98
"""From this share of numbers or dates on, other cells are mistakes, which checking names."""

# So many different cells say whether a column may be of dates.
_TRIED = 200


@dataclass(frozen=True)
class Profile:
    """A column's different cells.

    Parameters
    ----------
    name : str
    rows : int
    missing : int
        Rows in which nothing is there.
    cells : pyarrow.Array
        The different cells that are there, in the order of their first rows.
    counts : (n,) int64
        How often each stands.
    """

    name: str
    rows: int
    missing: int
    cells: Any
    counts: NDArray[np.int64]

    @property
    def present(self) -> int:
        """In how many rows something is there."""
        return self.rows - self.missing

    @property
    def different(self) -> int:
        """How many cells differ from each other."""
        return len(self.cells)

    @cached_property
    def texts(self) -> list[str]:
        """The different cells, as people write them."""
        found: list[str] = texts_of(self.cells).to_pylist()
        return found

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """Of each different cell, its number; nan where it is none."""
        kind = self.cells.type
        if pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
            return np.full(self.different, np.nan)
        return _floats(numbers_of(self.cells))

    @cached_property
    def dates(self) -> NDArray[np.float64]:
        """Of each different cell, its days since 1970-01-01; nan where it is no date."""
        kind = self.cells.type
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            moments = pc.cast(self.cells, pa.timestamp("us"), safe=False).cast(pa.int64())
            return _floats(moments) / (24 * 3600 * 1e6)
        if not pa.types.is_string(kind):
            return np.full(self.different, np.nan)
        tried = [date_of(text) for text in self.cells[:_TRIED].to_pylist()]
        if 2 * tried.count(None) > len(tried):
            return np.full(self.different, np.nan)
        rest = [date_of(text) for text in self.texts[_TRIED:]]
        return np.array([*tried, *rest], dtype=np.float64)

    def share(self, which: NDArray[np.bool_]) -> float:
        """Say which share of the rows that have something has one of these cells."""
        return float(self.counts[which].sum() / max(self.present, 1))

    def matching(self, pattern: str) -> float:
        """Say which share of the rows that have something fits a pattern altogether."""
        found = re.compile(pattern)
        return self.share(np.array([bool(found.fullmatch(text)) for text in self.texts], bool))


def profiled(columns: Columns, name: str, missing: tuple[str, ...]) -> Profile:
    """Count a column's different cells.

    Examples
    --------
    >>> from anml_fl.tables.columns import Columns
    >>> table = pa.table({"age": ["63", "?", "63"]})
    >>> age = profiled(Columns("a.csv", table, str), "age", ("?",))
    >>> age.missing, age.texts, age.counts.tolist()
    (1, ['63'], [2])
    """
    cells = plain(columns.table[name])
    pairs = pc.value_counts(cells)
    values, counts = pairs.field("values"), pairs.field("counts").to_numpy()
    there = ~absent(values, missing)
    kept = values.filter(pa.array(there))
    counts = counts[there].astype(np.int64)
    return Profile(name, len(cells), len(cells) - int(counts.sum()), kept, counts)


def plain(cells: Any) -> Any:
    """Give a column without Arrow's ways to store it: texts are `string`, nothing is coded."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = cells.cast(pa.string())
    if pa.types.is_decimal(cells.type) or pa.types.is_float16(cells.type):
        cells = cells.cast(pa.float64())
    return cells


def absent(values: Any, missing: tuple[str, ...]) -> NDArray[np.bool_]:
    """Say which of some cells say that nothing is there.

    Parameters
    ----------
    values : pyarrow.Array
    missing : tuple of str
        Cells that do; numbers are compared as numbers.
    """
    found = pc.is_null(values, nan_is_null=True)
    if pa.types.is_string(values.type):
        found = pc.or_(found, pc.is_in(values, value_set=pa.array(missing, pa.string())))
    numbers = [read for text in missing if (read := number_of(text)) is not None]
    if numbers and (pa.types.is_string(values.type) or is_numeric(values.type)):
        found = pc.or_(found, pc.is_in(numbers_of(values), value_set=pa.array(numbers)))
    result: NDArray[np.bool_] = np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
    return result


def is_numeric(kind: Any) -> bool:
    """Whether a type is of numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def can_be_read(kind: Any) -> bool:
    """Whether cells of a type can be learned from."""
    known = (pa.types.is_string, pa.types.is_boolean, pa.types.is_date, pa.types.is_timestamp)
    return is_numeric(kind) or any(one(kind) for one in known)


def _floats(values: Any) -> NDArray[np.float64]:
    found = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    result: NDArray[np.float64] = np.asarray(found, dtype=np.float64)
    return result
