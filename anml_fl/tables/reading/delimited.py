"""Text with a header and separators, as columns of texts that know their lines."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from anml_fl.datasets.delimited import other_length, parted_rows
from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import Columns
from anml_fl.tables.reading.header import header, separator_of
from anml_fl.tables.reading.lines import Lines, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Rows that are turned into columns at a time, where quotes are not as pyarrow wants them.
_BATCH = 10_000
# Bytes whose quotes are looked at at a time.
_BLOCK = 1 << 24


def read_delimited(content: bytes, where: str, again: Callable[[], bytes]) -> Columns:
    r"""Read text whose cells are parted by commas, semicolons, tabs or upright strokes.

    Parameters
    ----------
    content : bytes
        UTF-8 without a byte order mark.
    where : str
        What it was read from, for messages.
    again : callable
        Reads the content once more, to find the line of a row.

    Returns
    -------
    Columns
        Without the rows in which every cell is empty.

    Raises
    ------
    TableError
        If quotes do not fit, a row is shorter or longer than the header, a name is missing or
        there twice, the first line is no header, or there are no rows: naming the line, and
        quoting nothing.

    Examples
    --------
    >>> content = b"age; sick\n63;1\n\n67 ;0\n"
    >>> found = read_delimited(content, "a.csv", lambda: content)
    >>> found.table.to_pydict(), found.place(1)
    ({'age': ['63', '67'], 'sick': ['1', '0']}, 'line 4')
    """
    separator = separator_of(content)
    names = header(parted_rows(lambda: opened(content), where, separator), where)
    table = _quickly(content, separator, names)
    if table is None:
        table = _carefully(content, where, separator, names)
    if not table.num_rows:
        raise TableError(f"{where}: a header and no rows")
    return Columns(where, table, Lines(again, separator))


def _quickly(content: bytes, separator: str, names: list[str]) -> pa.Table | None:
    """Read all at once; None if anything in it is unusual."""
    quoted = b'"' in content
    if quoted and not _quotes_fit(content, separator):
        return None

    def blank(row: pa_csv.InvalidRow) -> str:
        return "error" if row.text.strip() else "skip"

    lengths: list[int] = []
    head = 0
    # The header is taken by the csv module, which knows where it ends.
    reader = csv.reader(_counted(opened(content), lengths), delimiter=separator)
    for row in reader:
        if any(map(str.strip, row)):
            head = sum(lengths)
            break
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(content).slice(head)),
            read_options=pa_csv.ReadOptions(column_names=names),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator, newlines_in_values=quoted, invalid_row_handler=blank
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        # It would quote a row.
        return None
    columns = [table.column(name) for name in names]
    del table
    longest = csv.field_size_limit()
    for place, column in enumerate(columns):
        if (pc.max(pc.binary_length(column)).as_py() or 0) > longest:
            return None
        columns[place] = pc.utf8_trim_whitespace(column)
    return _without_empty_rows(pa.table(columns, names=names))


def _counted(lines: Iterator[str], lengths: list[int]) -> Iterator[str]:
    for line in lines:
        lengths.append(len(line.encode()))
        yield line


def _quotes_fit(content: bytes, separator: str) -> bool:
    """Say whether every quote begins or ends a cell, or is one of two within a quoted one."""
    letters = np.frombuffer(content, np.uint8)
    beside = np.zeros(256, bool)
    beside[[ord(separator), ord("\r"), ord("\n"), ord('"')]] = True
    opens = True
    for start in range(0, letters.size, _BLOCK):
        at = np.flatnonzero(letters[start : start + _BLOCK] == ord('"')) + start
        first, second = at[0 if opens else 1 :: 2], at[1 if opens else 0 :: 2]
        before, behind = first[first > 0] - 1, second[second < letters.size - 1] + 1
        if not (beside[letters[before]].all() and beside[letters[behind]].all()):
            return False
        opens ^= bool(at.size % 2)
    return opens


def _without_empty_rows(table: pa.Table) -> pa.Table:
    empty = pc.equal(table.column(0), "")
    for column in table.columns[1:]:
        if not pc.any(empty).as_py():
            return table
        empty = pc.and_(empty, pc.equal(column, ""))
    return table.filter(pc.invert(empty))


def _carefully(content: bytes, where: str, separator: str, names: list[str]) -> pa.Table:
    """Read row by row, and tell what is wrong."""
    rows = islice(parted_rows(lambda: opened(content), where, separator), 1, None)
    batches = []
    schema = pa.schema([(name, pa.string()) for name in names])
    while batch := list(islice(rows, _BATCH)):
        for line, row in batch:
            if len(row) != len(names):
                raise other_length(where, line, len(row), len(names))
        cells = zip(*(row for _, row in batch), strict=True)
        batches.append(
            pa.record_batch(
                [pa.array([cell.strip() for cell in column], pa.string()) for column in cells],
                schema=schema,
            )
        )
    return pa.Table.from_batches(batches, schema)
