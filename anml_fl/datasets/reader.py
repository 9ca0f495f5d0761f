"""Read a table by its schema: every cell is checked, and a mistake is told with its place."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.delimited import cells
from anml_fl.datasets.refusal import listed, or_missing, shown
from anml_fl.datasets.schema import Measured, key, number
from anml_fl.datasets.site_name import SITE_NAME, alike, is_site
from anml_fl.datasets.table import Table, TableError, checked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.datasets.delimited import Cells
    from anml_fl.datasets.schema import Category, Label, Schema, Site

_MISSING = -1


def read_table(content: bytes, where: str, schema: Schema) -> Table:
    r"""Read a table, and refuse what its schema does not know.

    Parameters
    ----------
    content : bytes
        Of a text file with a header and separators.
    where : str
        What it was read from, for messages.
    schema : Schema

    Returns
    -------
    Table
        Measurements that are missing are nan; a category that is missing is none of its
        indicators; sites stand in the order in which they come.

    Raises
    ------
    TableError
        If a cell is no known value, the header or a row does not fit, or there is one class
        alone: naming line, column, value and what would be right. It shows no other cell.

    Examples
    --------
    >>> from anml_fl.datasets.schema import Label, Schema
    >>> schema = Schema((Measured("age", 0, 130),), Label("sick", (("0",), ("1", "2"))))
    >>> read_table(b"age,sick\n63,2\n?,0\n", "a.csv", schema).labels
    array([1, 0])
    >>> read_table(b"age,sick\n63,2\n630,0\n", "a.csv", schema)
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv, line 3, column age: must be a number from 0 to
    130, or missing (?, an empty cell or NA), got '630'
    """
    found = cells(content, where, schema.names)
    blocks, indicators = [], []
    for column in schema.columns:
        if isinstance(column, Measured):
            block = _measured(found, column, schema)[:, None]
            indicators.append(False)
        else:
            block = _indicators(found, column, schema)
            indicators += [True] * block.shape[1]
        blocks.append(block)
    empty = [
        column.name
        for column in schema.columns
        if all(map(schema.is_missing, set(found.columns[column.name])))
    ]
    names, holder = ((), None) if schema.site is None else _sites(found, schema.site, schema)
    table = Table(
        features=np.hstack(blocks),
        labels=_labels(found, schema.label),
        classes=len(schema.label.classes),
        image=None,
        indicators=np.array(indicators),
        contributors=names,
        holder=holder,
        notes=tuple(f"{where}, column {name}: no row has a value" for name in empty),
    )
    return checked(where, table)


def _measured(found: Cells, column: Measured, schema: Schema) -> NDArray[np.float64]:
    def value(text: str) -> float | None:
        read = np.nan if schema.is_missing(text) else number(text)
        if read is None or np.isnan(read):
            return read
        if read in column.absent:
            return np.nan
        return read if column.low <= read <= column.high else None

    wanted = (
        f"a number from {column.low:.10g} to {column.high:.10g}{or_missing(schema.missing)}"
    )

    def right(text: str) -> str:
        return f"{wanted}, with a point before its decimals" if "," in text else wanted

    return _read(found, column.name, value, right).astype(np.float64)


def _indicators(found: Cells, column: Category, schema: Schema) -> NDArray[np.float64]:
    places = {key(value): place for place, value in enumerate(column.values)}

    def place(text: str) -> int | None:
        return _MISSING if schema.is_missing(text) else places.get(key(text))

    chosen = _read(
        found,
        column.name,
        place,
        lambda text: listed(column.values, text) + or_missing(schema.missing),
    )
    kept = [chosen == i for i, v in enumerate(column.values) if v != column.reference]
    return np.stack(kept, axis=1).astype(np.float64)


def _labels(found: Cells, label: Label) -> NDArray[np.int64]:
    classes = {key(v): place for place, values in enumerate(label.classes) for v in values}
    values = tuple(chain(*label.classes))
    labels = _read(
        found,
        label.name,
        lambda text: classes.get(key(text)),
        lambda text: listed(values, text),
    ).astype(np.int64)
    if (labels == labels[0]).all():
        others = tuple(chain(*label.classes[: labels[0]], *label.classes[labels[0] + 1 :]))
        raise TableError(
            f"{found.where}, column {label.name}: {labels.size} rows, and each is"
            f" {listed(label.classes[labels[0]])}; some must be {listed(others)}, or nothing"
            " can be told apart"
        )
    return labels


def _sites(
    found: Cells, site: Site, schema: Schema
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    names: dict[str, int] = {}

    def place(text: str) -> int | None:
        if not is_site(text) or schema.is_missing(text):
            return None
        return names.setdefault(text, len(names))

    holder = _read(found, site.name, place, lambda text: SITE_NAME).astype(np.int64)
    if found_alike := alike(names):
        one, two = (found.lines[names[who] == holder][0] for who in found_alike)
        raise TableError(
            f"{found.where}, column {site.name}: {shown(found_alike[0])} (line {one}) and"
            f" {shown(found_alike[1])} (line {two}) differ in case or blanks alone; write the"
            " same name in the same way"
        )
    return tuple(names), holder


def _read(
    found: Cells,
    name: str,
    value: Callable[[str], float | None],
    wanted: Callable[[str], str],
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Read a column, each different cell once; None is a mistake."""
    texts = found.columns[name]
    values = {text: value(text) for text in dict.fromkeys(texts)}
    wrong = [place for place, text in enumerate(texts) if values[text] is None]
    if wrong:
        text = texts[wrong[0]]
        rest = f" (and {len(wrong) - 1} more in this column)" if len(wrong) > 1 else ""
        raise TableError(
            f"{found.where}, line {found.lines[wrong[0]]}, column {name}: must be"
            f" {wanted(text)}, got {shown(text)}{rest}"
        )
    return np.array([values[text] for text in texts])
