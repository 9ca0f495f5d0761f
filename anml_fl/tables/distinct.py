"""A column as its different values: each is read once, however many rows have it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anml_fl.datasets.refusal import shown
from anml_fl.datasets.table import TableError
from anml_fl.tables.cell import number_of, numbers_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.tables.columns import Columns


@dataclass(frozen=True)
class Distinct:
    """One column of a table.

    Parameters
    ----------
    columns : Columns
    name : str
        As the table writes it.
    values : pyarrow.Array
        Each that is there, in the order of its first row, texts without blanks around them.
    codes : (n,) int32
        Of each row the place of its value; the place behind the last where the cell is null.
    """

    columns: Columns
    name: str
    values: Any
    codes: NDArray[np.int32]

    @cached_property
    def texts(self) -> list[str]:
        """The values as texts, and an empty one for the cells that are null."""
        return [text or "" for text in texts_of(self.values).to_pylist()] + [""]

    def missing(self, marks: tuple[str, ...]) -> NDArray[np.bool_]:
        """Say of each value, and behind them of a null, whether it says that none is there."""
        values = self.values
        if pa.types.is_floating(values.type):
            found = np.isnan(np.asarray(values.to_numpy(zero_copy_only=False), np.float64))
        elif is_text(values.type):
            found = np.asarray(pc.is_in(values, value_set=pa.array(marks, values.type)))
        else:
            found = np.zeros(len(values), dtype=bool)
        numbers = [x for x in map(number_of, marks) if x is not None]
        if numbers and not is_moment(values.type):
            # -9 is -9.0.
            read = numbers_of(values).to_numpy(zero_copy_only=False)
            found = found | np.isin(read.astype(np.float64), numbers)
        return np.append(found, True)

    def refuse(
        self,
        wrong: NDArray[np.bool_],
        wanted: Callable[[str], str],
        what_to_do: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Refuse the first row whose value is wrong.

        Parameters
        ----------
        wrong : (values + 1,) bool
            Of each value, and of a cell that is null.
        wanted : callable
            From the wrong cell's text to what would be right.
        what_to_do : callable
            From it to what there is to be done, behind a semicolon.

        Raises
        ------
        TableError
            Naming its place, its value if it looks like one, and how many more there are.
        """
        if not wrong.any():
            return
        rows = np.flatnonzero(wrong[self.codes])
        if not rows.size:  # no cell is null
            return
        value = self.values.slice(int(self.codes[rows[0]]), 1)
        text = "".join(text or "" for text in texts_of(value).to_pylist())
        more = f" (and {rows.size - 1} more in this column)" if rows.size > 1 else ""
        raise TableError(
            f"{self.columns.where}, {self.columns.place(int(rows[0]))}, column {self.name}:"
            f" must be {wanted(text)}, got {shown(text)}{more}"
            f"{what_to_do(text)}"
        )


def distinct(columns: Columns, name: str) -> Distinct:
    """Find a column's different values.

    Raises
    ------
    TableError
        If its cells are neither texts, numbers, dates nor truth values.

    Examples
    --------
    >>> from anml_fl.tables.columns import Columns
    >>> columns = Columns("a.csv", pa.table({"x": ["a", "b", None, "a"]}), str)
    >>> found = distinct(columns, "x")
    >>> found.texts, found.codes.tolist()
    (['a', 'b', ''], [0, 1, 2, 0])
    """
    cells = columns.table.column(name).combine_chunks()
    if isinstance(cells, pa.ChunkedArray):  # what is too long for one array, or of no rows
        cells = (
            pa.concat_arrays(cells.chunks) if cells.num_chunks else pa.array([], cells.type)
        )
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    kind = cells.type
    if pa.types.is_null(kind) or pa.types.is_string_view(kind):
        cells = cells.cast(pa.string())
    elif not (is_text(kind) or is_number(kind) or is_moment(kind)):
        raise TableError(
            f"{columns.where}, column {name}: must hold texts, numbers, dates or truth values,"
            f" got {kind}"
        )
    encoded = cells.dictionary_encode()
    values = encoded.dictionary
    if is_text(values.type):
        values = pc.utf8_trim_whitespace(values)
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return Distinct(columns, name, values, codes.astype(np.int32, copy=False))


def is_text(kind: Any) -> bool:
    """Whether a type of pyarrow is one of texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_number(kind: Any) -> bool:
    """Whether a type of pyarrow is one of numbers or truth values."""
    types = pa.types
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
    )


def is_moment(kind: Any) -> bool:
    """Whether a type of pyarrow is one of dates, with or without a time."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))
