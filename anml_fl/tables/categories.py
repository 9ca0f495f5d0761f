"""Categories, values of two, and classes of a table, as their places in the schema."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from anml_fl.datasets.refusal import listed
from anml_fl.tables.cell import key
from anml_fl.tables.rows import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from anml_fl.tables.distinct import Distinct
    from anml_fl.tables.schema import Chosen, ClassLabel

_UNKNOWN = -2
# What truth values of typed columns are called in schemas of texts.
_SAME = {"false": ("False", "FALSE", "0"), "true": ("True", "TRUE", "1")}


def category_codes(
    cells: Distinct, column: Chosen, missing: tuple[str, ...]
) -> NDArray[np.int32]:
    """Read a column of categories, or of two values.

    Returns
    -------
    (n,) int32
        The value's place in the schema, `MISSING`, or behind the last for one not known.
    """
    places = _places(cells, ((value, place) for place, value in enumerate(column.values)))
    places[places == _UNKNOWN] = len(column.values)
    places[cells.missing(missing)] = MISSING
    return places[cells.codes]


def class_codes(cells: Distinct, label: ClassLabel) -> NDArray[np.int64]:
    """Read a label's classes, none of which may be missing.

    Raises
    ------
    TableError
        If a value stands for none of them.
    """
    places = _places(cells, _known(label))
    values = tuple(chain(*label.classes))
    cells.refuse(places == _UNKNOWN, lambda text: listed(values, text))
    return places[cells.codes].astype(np.int64)


def classes_or_none(cells: Distinct, label: ClassLabel) -> NDArray[np.int64]:
    """Read a label's classes, -1 where a value stands for none."""
    places = _places(cells, _known(label))
    return np.maximum(places, -1)[cells.codes].astype(np.int64)


def _known(label: ClassLabel) -> Iterator[tuple[str, int]]:
    return ((v, place) for place, values in enumerate(label.classes) for v in values)


def _places(cells: Distinct, known: Iterable[tuple[str, int]]) -> NDArray[np.int32]:
    """Say of each value, and of a cell that is null, where it stands."""
    of = {key(value): place for value, place in known}
    if pa.types.is_boolean(cells.values.type):
        for truth, others in _SAME.items():
            same = [of[key(text)] for text in (truth, *others) if key(text) in of]
            if same:
                of[truth] = same[0]
    found = [of.get(key(text), _UNKNOWN) for text in cells.texts[:-1]]
    return np.array([*found, _UNKNOWN], dtype=np.int32)
