"""The first lines of a text: what parts its cells, and whether they begin with a header."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from anml_fl.datasets.delimited import SEPARATORS
from anml_fl.datasets.schema import number
from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.lines import opened
from anml_fl.tables.reading.names import column_names

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS = 200
_CHARACTERS = 1 << 20


def separator_of(content: bytes) -> str:
    r"""Choose the separator that parts most of the first rows as it parts the header.

    Examples
    --------
    >>> separator_of(b"age;chol, mg/dl;sex\n63,5;233,1;0\n")
    ';'
    """
    text = opened(content).read(_CHARACTERS)

    def fit(separator: str) -> tuple[float, int]:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True
        )
        widths: list[int] = []
        with suppress(csv.Error):  # told later, with its place
            widths.extend(
                len(row) for row in islice(reader, _ROWS) if any(map(str.strip, row))
            )
        if not widths or widths[0] == 1:
            return (0, 0)
        return (widths.count(widths[0]) / len(widths), widths[0])

    return max(SEPARATORS, key=fit)


def header(rows: Iterator[tuple[int, list[str]]], where: str) -> list[str]:
    """Take the columns' names from the first row.

    Parameters
    ----------
    rows : iterator
        From `parted_rows`, at its beginning.
    where : str
        What they are read from, for messages.

    Raises
    ------
    TableError
        If the first row is none of names: it has numbers alone, values that stand in the rows
        below as well, or what `column_names` refuses. It quotes none. And whatever
        `parted_rows` refuses in the rows below.
    """
    at, head = next(rows, (1, []))
    where = f"{where}, line {at}"
    names = [name.strip() for name in head]
    if all(number(name) is not None for name in names if name):
        raise TableError(
            f"{where}: numbers stand where the columns' names should; write a first line with"
            f" a name for each of the {len(names)} columns"
        )
    for _, row in islice(rows, _ROWS):
        for place, (name, cell) in enumerate(zip(names, row, strict=False), start=1):
            if name and cell.strip() == name:
                raise TableError(
                    f"{where}: what should name column {place} is also a value in it; the"
                    " first line must name the columns, and no other line may repeat it"
                )
    return column_names(names, where)
