"""Text with a header and separators, as columns of cells that know their lines."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.table import TableError
from anml_fl.system.files import TextError, decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TextIO

    from numpy.typing import NDArray

# Spreadsheets write semicolons where the comma parts decimals.
SEPARATORS = (",", ";", "\t", "|")
"""What parts the cells of a table: the one that its header is parted by."""
_LISTED = 15


@dataclass(frozen=True, slots=True)
class Cells:
    """A table as it was written.

    Parameters
    ----------
    where : str
        What it was read from, for messages.
    lines : (n,) int64
        The line that each row begins on.
    columns : mapping
        Name to a cell a row, without the blanks around it.
    """

    where: str
    lines: NDArray[np.int64]
    columns: Mapping[str, Sequence[str]]


def cells(content: bytes, where: str, names: Sequence[str]) -> Cells:
    r"""Take a table apart: UTF-8, separated by commas, semicolons, tabs or upright strokes.

    Parameters
    ----------
    content : bytes
    where : str
        What it was read from, for messages.
    names : sequence of str
        The columns that are wanted; the header may write them in another case, have them in
        another order, and others among them.

    Returns
    -------
    Cells
        Without the rows in which every cell is empty.

    Raises
    ------
    TableError
        Naming the line; it quotes nothing, since without a header the first line is a row.

    Examples
    --------
    >>> found = cells(b"Age; sick\n63;1\n\n67 ;0\n", "a.csv", ["age", "sick"])
    >>> found.lines.tolist(), found.columns
    ([2, 4], {'age': ['63', '67'], 'sick': ['1', '0']})
    """
    try:
        text = decoded(content, where)
    except TextError as error:
        raise TableError(str(error)) from error
    rows = parted_rows(lambda: io.StringIO(text, newline=""), where, _separator(text, names))
    at, head = next(rows, (1, []))
    places = _places(head, f"{where}, line {at}", names)
    kept = []
    for line, row in rows:
        if len(row) != len(head):
            raise other_length(where, line, len(row), len(head))
        kept.append((line, row))
    if not kept:
        raise TableError(f"{where}: a header and no rows")
    return Cells(
        where,
        np.array([line for line, _ in kept]),
        {
            name: [row[place].strip() for _, row in kept]
            for name, place in zip(names, places, strict=True)
        },
    )


def _separator(text: str, names: Sequence[str]) -> str:
    """Choose the separator that makes most of the first line's cells names."""
    lines = io.StringIO(text, newline=None)
    head = next((line for line in lines if line.strip()), "")
    wanted = set(map(str.casefold, names))

    def cells(separator: str) -> int:
        return len(
            wanted & {cell.strip(' "\r\n').casefold() for cell in head.split(separator)}
        )

    return max(SEPARATORS, key=cells)


def parted_rows(
    opened: Callable[[], TextIO], where: str, separator: str
) -> Iterator[tuple[int, list[str]]]:
    """Take a text apart, row by row, each with the line that it begins on.

    Parameters
    ----------
    opened : callable
        Opens the text at its beginning, its line ends untouched.
    where : str
        What it is read from, for messages.
    separator : str

    Yields
    ------
    line, row
        Without the rows in which every cell is empty.

    Raises
    ------
    TableError
        If quotes do not fit, or a cell is too large: naming the line, and quoting nothing.
    """
    reader = csv.reader(opened(), delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        lines = islice(opened(), line - 1, reader.line_num)
        parts = (part.lstrip(" ") for one in lines for part in one.split(separator))
        longest = csv.field_size_limit()
        if any(len(part) > longest and not part.startswith('"') for part in parts):
            raise TableError(
                f"{where}, line {line}: a cell holds more than {longest:,} characters, which"
                " no value does"
            ) from error
        raise TableError(
            f"{where}, line {line}: a quote begins a cell, and none ends it where it should; a"
            " cell is all in quotes or has none, and a quote within one is doubled"
        ) from error


def other_length(where: str, line: int, values: int, names: int) -> TableError:
    """Say of a row that it has not as many values as the header has names."""
    return TableError(
        f"{where}, line {line}: {values} value{'s' if values > 1 else ''}, but the header has"
        f" {names} names; a value that holds a separator needs quotes around it"
    )


def _places(head: Sequence[str], where: str, names: Sequence[str]) -> list[int]:
    written = [name.strip().casefold() for name in head]
    times = {name: written.count(name.casefold()) for name in names}
    if lacking := [name for name, many in times.items() if not many]:
        raise TableError(
            f"{where}: the header has no column {_some(lacking)}; the first line must name"
            f" {_some(names)}, in any order, parted by commas, semicolons, tabs or |"
        )
    if twice := [name for name, many in times.items() if many > 1]:
        raise TableError(f"{where}: the header has column {twice[0]} more than once")
    return [written.index(name.casefold()) for name in names]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
