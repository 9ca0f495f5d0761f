"""Whether rows are enough."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.table import TableError
from anml_fl.tables.enough import enough
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema, ValueLabel

AGE = NumberColumn(name="age", low=0, high=130)
CLASSES = TableSchema(
    label=ClassLabel(name="sick", classes=(("no",), ("mild", "yes"))), columns=(AGE,)
)
VALUES = TableSchema(label=ValueLabel(name="cost", low=0, high=9), columns=(AGE,))


def rows(labels, schema=CLASSES, sites=(), holder=None):
    n = len(labels)
    return Rows(
        "a.csv",
        schema,
        np.full((n, 1), 50.0),
        np.zeros((n, 0), np.int32),
        np.array(labels),
        sites,
        np.full(n, -1) if holder is None else np.array(holder),
    )


def test_two_classes_and_two_rows_a_site_are_enough():
    given = rows([0, 1, 0, 1], sites=("a", "b"), holder=[0, 0, 1, 1])
    assert enough(given) is given


@pytest.mark.parametrize(
    ("few", "message"),
    [
        (rows([]), "a.csv: no rows"),
        (
            rows([1, 1, 1]),
            "column sick: 3 rows, and each is mild or yes; some must be no, or nothing can",
        ),
        (rows([2.5, 2.5], VALUES), "column cost: 2 rows, and all have the same value"),
        (
            rows([0, 1, 0, 1], sites=("a", "b", "c"), holder=[0, 0, 1, 2]),
            "rows of 'b': 1, and 1 more sites have as few; a site needs 2 at least",
        ),
    ],
)
def test_fewer_are_refused(few, message):
    with pytest.raises(TableError, match=message):
        enough(few)
