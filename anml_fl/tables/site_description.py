"""What each site's rows are like: how many, of which classes, with how many gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.tables.categories import category_codes
from anml_fl.tables.distinct import distinct
from anml_fl.tables.profile import dates_in, numbers_in
from anml_fl.tables.ranges import bounds
from anml_fl.tables.schema import (
    CategoryColumn,
    ClassLabel,
    DateColumn,
    IgnoredColumn,
    NumberColumn,
    ValueLabel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anml_fl.tables.columns import Columns
    from anml_fl.tables.distinct import Distinct
    from anml_fl.tables.schema import Scaled, TableSchema


@dataclass(frozen=True, slots=True)
class SiteDescription:
    """One site's rows.

    Parameters
    ----------
    site : str
        Empty where nothing says whose rows they are.
    rows : int
    classes : tuple of int
        Rows of each class; empty where the label is a number.
    missing : float
        The share of cells in which nothing is, of all columns that are learned from.
    out_of_range : int
        Cells that are beyond the schema's range, or no number or date at all.
    constant : tuple of str
        Columns in which all its rows have the same.
    empty : tuple of str
        Columns in which none of its rows has a value.
    """

    site: str
    rows: int
    classes: tuple[int, ...]
    missing: float
    out_of_range: int
    constant: tuple[str, ...]
    empty: tuple[str, ...] = ()


def site_descriptions(columns: Columns, schema: TableSchema) -> tuple[SiteDescription, ...]:
    """Count each site's rows, classes, gaps and cells out of range.

    Returns
    -------
    tuple of SiteDescription
        In the order of their first rows; one for all rows where nothing says whose they are.
    """
    sites, holder = _holders(columns, schema)
    n = len(sites)
    rows = np.bincount(holder, minlength=n)
    # Rows of a site one after the other: then what is the same in all of them is seen at once.
    order = np.argsort(holder, kind="stable")
    starts = np.searchsorted(holder[order], np.arange(n))
    missing, wrong, read = np.zeros(n), np.zeros(n, dtype=np.int64), 0
    constant: list[list[str]] = [[] for _ in sites]
    empty: list[list[str]] = [[] for _ in sites]
    there = set(columns.table.column_names)
    for column in schema.columns:
        if isinstance(column, IgnoredColumn) or column.name not in there:
            continue
        cells = distinct(columns, column.name)
        none = cells.missing(schema.missing)
        if isinstance(column, NumberColumn | DateColumn):
            odd = _misfits(cells, column, none)
            wrong += np.bincount(holder[odd[cells.codes]], minlength=n)
        lacking = np.bincount(holder[none[cells.codes]], minlength=n)
        missing += lacking
        read += 1
        for site in np.flatnonzero(_same(cells.codes[order], starts, columns.table.num_rows)):
            if rows[site] > 1:
                (empty if lacking[site] == rows[site] else constant)[site].append(column.name)
    classes = _classes(columns, schema, holder, n)
    if (
        isinstance(schema.label, ValueLabel)
        and schema.label.name in columns.table.column_names
    ):
        cells = distinct(columns, schema.label.name)
        odd = _misfits(cells, schema.label, np.zeros(len(cells.texts), dtype=bool))
        wrong += np.bincount(holder[odd[cells.codes]], minlength=n)
    return tuple(
        SiteDescription(
            site=site,
            rows=int(rows[i]),
            classes=tuple(classes[i].tolist()),
            missing=round(float(missing[i] / max(rows[i] * read, 1)), 4),
            out_of_range=int(wrong[i]),
            constant=tuple(constant[i]),
            empty=tuple(empty[i]),
        )
        for i, site in enumerate(sites)
    )


def _holders(
    columns: Columns, schema: TableSchema
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Say who there is, and whose each row is; of nobody where nothing says so."""
    if schema.site not in columns.table.column_names:
        return ("",), np.zeros(columns.table.num_rows, dtype=np.intp)
    cells = distinct(columns, schema.site)
    none = cells.missing(schema.missing)
    names = ["" if gone else text for text, gone in zip(cells.texts, none, strict=True)]
    places: dict[str, int] = {}
    for name, times in zip(names, np.bincount(cells.codes, minlength=none.size), strict=True):
        if times:
            places.setdefault(name, len(places))
    of_value = np.array([places.get(name, 0) for name in names], dtype=np.intp)
    return tuple(places), of_value[cells.codes]


def _misfits(
    cells: Distinct, column: Scaled | ValueLabel, none: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Say which different cells are out of range, or no number or date at all."""
    low, high = bounds(column)
    if isinstance(column, DateColumn):
        values = dates_in(cells.values)
        fits = (low <= values) & (values < high)
    else:
        values = numbers_in(cells.values)
        fits = (low <= values) & (values <= high)
    if isinstance(column, NumberColumn):
        fits |= np.isin(values, column.absent)
    return ~np.append(fits, False) & ~none


def _same(codes: NDArray[np.int32], starts: NDArray[np.intp], rows: int) -> NDArray[np.bool_]:
    if not rows:
        return np.zeros(starts.size, dtype=bool)
    least, most = np.minimum.reduceat(codes, starts), np.maximum.reduceat(codes, starts)
    return np.asarray(least == most, dtype=bool)


def _classes(
    columns: Columns, schema: TableSchema, holder: NDArray[np.intp], sites: int
) -> NDArray[np.int64]:
    """Count each site's rows of each class."""
    label = schema.label
    if not isinstance(label, ClassLabel) or label.name not in columns.table.column_names:
        return np.zeros((sites, 0), dtype=np.int64)
    pairs = list(_values(label))
    known = CategoryColumn(name=label.name, values=tuple(value for value, _ in pairs))
    codes = category_codes(distinct(columns, label.name), known, schema.missing)
    of_value = np.array([place for _, place in pairs])
    fits = (codes >= 0) & (codes < len(pairs))
    flat = holder[fits] * schema.classes + of_value[codes[fits]]
    return np.bincount(flat, minlength=sites * schema.classes).reshape(sites, schema.classes)


def _values(label: ClassLabel) -> Iterator[tuple[str, int]]:
    for place, values in enumerate(label.classes):
        for value in values:
            yield value, place
