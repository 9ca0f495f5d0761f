"""What stands in a column: its different cells, and how often each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anml_fl.tables.cell import date_of, numbers_of, texts_of
from anml_fl.tables.distinct import distinct, is_moment, is_number, is_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.tables.columns import Columns
    from anml_fl.tables.distinct import Distinct

MOSTLY = 0.9
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
        return numbers_in(self.cells)

    @cached_property
    def dates(self) -> NDArray[np.float64]:
        """Of each different cell, its days since 1970-01-01; nan where it is no date."""
        return dates_in(self.cells)

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
    return profile_of(distinct(columns, name), missing)


def profile_of(found: Distinct, missing: tuple[str, ...]) -> Profile:
    """Count a column's different cells, which were found already."""
    none = found.missing(missing)
    counts = np.bincount(found.codes, minlength=none.size).astype(np.int64)
    kept = found.values.filter(pa.array(~none[:-1]))
    return Profile(found.name, found.codes.size, int(counts[none].sum()), kept, counts[~none])


def numbers_in(cells: Any) -> NDArray[np.float64]:
    """Read cells as numbers; nan where one is none."""
    if pa.types.is_boolean(cells.type) or is_moment(cells.type):
        return np.full(len(cells), np.nan)
    return _floats(numbers_of(cells))


def dates_in(cells: Any) -> NDArray[np.float64]:
    """Read cells as days since 1970-01-01; nan where one is no date, or hardly any is."""
    if is_moment(cells.type):
        moments = pc.cast(cells, pa.timestamp("us"), safe=False).cast(pa.int64())
        return _floats(moments) / (24 * 3600 * 1e6)
    none = np.full(len(cells), np.nan)
    if not is_text(cells.type):
        return none
    tried = [date_of(text) for text in cells[:_TRIED].to_pylist()]
    if 2 * tried.count(None) > len(tried):
        return none
    rest = [date_of(text) for text in cells[_TRIED:].to_pylist()]
    return np.array([*tried, *rest], dtype=np.float64)


def can_be_read(kind: Any) -> bool:
    """Whether cells of a type can be learned from."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(one(kind) for one in (is_text, is_number, is_moment)) or bool(
        pa.types.is_null(kind) or pa.types.is_string_view(kind)
    )


def _floats(values: Any) -> NDArray[np.float64]:
    found = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    result: NDArray[np.float64] = np.asarray(found, dtype=np.float64)
    return result
