"""A folder with a table a site: whose rows they are stands in the files' names."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING

import pyarrow as pa

from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import SITE, Columns
from anml_fl.tables.reading.file import SUFFIXES, read_file
from anml_fl.tables.reading.pictures import is_pictures, read_pictures
from anml_fl.tables.reading.regular import entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


def read_folder(folder: Path, by: str = "") -> Columns:
    """Read a folder: a file a site, or a folder a site with files in it; or pictures.

    Parameters
    ----------
    folder : Path
    by : str
        A column of the tables that says whose rows they are; empty if their files say it.

    Returns
    -------
    Columns
        Sites in the order of their names, in a column of their own unless `by` names one.

    Raises
    ------
    TableError
        If there is no table, a file lacks a column that the others have, or it is not clear
        whose rows they are: naming files and columns.
    """
    files = list(_files(folder))
    if is_pictures(folder):
        if not files:
            return read_pictures(folder)
        raise TableError(
            f"{folder} holds tables ({files[0][1].name}) and pictures; give a folder that"
            " holds one of the two"
        )
    if not files:
        raise TableError(
            f"{folder}: no table in it, nor in a folder in it; a table's name ends in"
            f" {', '.join(SUFFIXES)} (or .gz), and says whose rows it holds"
        )
    _refuse_twice(folder, files)
    parts = [read_file(path) for _, path in files]
    names = _same_columns(folder, [path.relative_to(folder) for _, path in files], parts)
    sites = [site for site, _ in files]
    tables = [part.table.select(names) for part in parts]
    if by and by != SITE and by not in names:
        raise TableError(
            f"{folder}: its tables have no column {by!r}; without `by` their files' names say"
            " whose rows they are"
        )
    told = not by or by not in names
    if told and SITE in names:
        raise TableError(
            f"{folder}: its tables have a column {SITE!r}, and so files and column both say"
            f" whose rows they are; go by the column (by {SITE}), or give it another name"
        )
    if told:
        tables = [
            table.append_column(SITE, pa.repeat(pa.scalar(site), table.num_rows))
            for site, table in zip(sites, tables, strict=True)
        ]
    place = _places([str(path.relative_to(folder)) for _, path in files], parts)
    return Columns(str(folder), _joined(tables), place, by=SITE if told else "")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Find the tables, each with its site's name."""
    for entry in entries(folder, folder):
        if entry.is_dir():
            inner = entries(entry, folder)
            yield from ((entry.name, path) for path in inner if _stem(path))
        elif stem := _stem(entry):
            yield stem, entry


def _stem(path: Path) -> str:
    """Return a table's name without its endings; nothing if it is no table's."""
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    stem, dot, ending = name.rpartition(".")
    return stem if path.is_file() and f"{dot}{ending.lower()}" in SUFFIXES else ""


def _refuse_twice(folder: Path, files: Sequence[tuple[str, Path]]) -> None:
    single = [(site, path.name) for site, path in files if path.parent == folder]
    times = Counter(site for site, _ in single)
    times.update({site for site, path in files if path.parent != folder})
    for site, many in times.items():
        if many > 1:
            named = [name for one, name in single if one == site]
            if len(named) < many:
                named.append(f"{site}/")
            raise TableError(
                f"{folder}: {' and '.join(named)} would both be of the site {site!r}; keep"
                f" one, or put all of them in a folder {site}"
            )


def _same_columns(folder: Path, files: Sequence[Path], parts: Sequence[Columns]) -> list[str]:
    """Return the columns that all have, in the order of the first; refuse any other."""
    sets = [frozenset(part.table.column_names) for part in parts]
    usual = Counter(sets).most_common(1)[0][0]
    model = sets.index(usual)
    for file, found in zip(files, sets, strict=True):
        if found == usual:
            continue
        if 2 * len(found & usual) < len(usual):
            # Its first line may be a row, so that nothing of it is named.
            raise TableError(
                f"{folder}: {file} has few of the columns of {files[model]}; the first line of"
                " each must name the columns, the same in every file"
            )
        lacks, more = sorted(usual - found), sorted(found - usual)
        told = [f"lacks the column {_some(lacks)}, which {files[model]} has"] if lacks else []
        if more:
            told.append(f"has the column {_some(more)}, which {files[model]} has not")
        raise TableError(
            f"{folder}: {file} {', and '.join(told)}; all must have the same columns, in any"
            " order"
        )
    return list(parts[model].table.column_names)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5])) + more


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables one below the other; a column of several types becomes numbers or text."""
    with suppress(pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.concat_tables(tables, promote_options="permissive")
    return pa.concat_tables([_as_texts(table, tables) for table in tables])


def _as_texts(table: pa.Table, tables: Sequence[pa.Table]) -> pa.Table:
    columns = {
        name: table.column(name)
        if len({other.field(name).type for other in tables}) == 1
        else table.column(name).cast(pa.string())
        for name in table.column_names
    }
    return pa.table(columns)


def _places(files: Sequence[str], parts: Sequence[Columns]) -> Callable[[int], str]:
    ends = list(accumulate(part.table.num_rows for part in parts))
    places = [part.place for part in parts]

    def place(row: int) -> str:
        which = bisect_right(ends, row)
        return f"{files[which]}, {places[which](row - (ends[which - 1] if which else 0))}"

    return place
