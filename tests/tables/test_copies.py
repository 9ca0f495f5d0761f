"""Columns that are another one again, found in a time that grows with their number alone."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa

from anml_fl.tables.columns import Columns
from anml_fl.tables.copies import copies
from anml_fl.tables.description import described
from anml_fl.tables.inference import inferred


def brute_force(table):
    names = table.column_names
    found = {}
    for i, name in enumerate(names):
        same = [other for other in names[:i] if table[other].equals(table[name])]
        if same:
            found[name] = same[0]
    return found


def test_those_are_found_that_comparing_all_pairs_finds():
    generator = np.random.default_rng(3)
    texts = {f"t{i}": list(map(str, generator.integers(0, 2, 5))) for i in range(60)}
    numbers = {f"n{i}": pa.array(generator.integers(0, 2, 5)) for i in range(60)}
    gaps = {
        f"g{i}": [None if x else "1" for x in generator.integers(0, 2, 5)] for i in range(9)
    }
    table = pa.table(texts | numbers | gaps)
    assert brute_force(table)
    assert copies(Columns("a.csv", table, str)) == brute_force(table)


def test_late_rows_tell_columns_apart_whose_first_are_the_same():
    values = [str(i) for i in range(500)]
    table = pa.table({"a": values, "b": [*values[:-1], "x"], "c": values})
    assert copies(Columns("a.csv", table, str)) == {"c": "a"}


def test_thousands_of_columns_take_seconds(columns):
    generator = np.random.default_rng(0)
    table = {f"c{i}": [f"{x:.3f}" for x in generator.random(40)] for i in range(5000)}
    found = columns(table | {"y": ["a", "b"] * 20})
    begun = time.process_time()
    schema = inferred(found, "y")
    described(found, schema)
    assert len(schema.columns) == 5000
    assert time.process_time() - begun < 20
