"""Statistics that a node made up: what no rows can have is refused, and not quoted."""

from __future__ import annotations

import json

import pytest

from anml_fl.tables.schema import (
    CategoryColumn,
    ClassLabel,
    NumberColumn,
    TableSchema,
    ValueLabel,
)
from anml_fl.tables.statistics import Statistics

SCHEMA = TableSchema(
    label=ClassLabel(name="sick", classes=(("0",), ("1",))),
    columns=(
        NumberColumn(name="age", low=0, high=100),
        CategoryColumn(name="ward", values=("a",)),
    ),
)
GOOD = {
    "rows": 10,
    "counts": [10],
    "sums": [500.0],
    "squares": [26000.0],
    "choices": [[5, 0, 5]],
    "classes": [10, 0],
}


def refusal(text, schema=SCHEMA):
    with pytest.raises(ValueError, match=r"^statistics: ") as caught:
        Statistics.from_json(text, schema)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_what_rows_can_have_is_read():
    assert Statistics.from_json(json.dumps(GOOD), SCHEMA) == Statistics(
        10, (10,), (500.0,), (26000.0,), ((5, 0, 5),), (10, 0)
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("rows", -1, "rows must be a whole number from 0"),
        ("rows", True, "rows must be a whole number"),
        ("rows", 10.0, "rows must be a whole number"),
        ("rows", 10**30, "rows must be a whole number"),
        ("rows", "canary", "got str"),
        ("counts", [11], "counts of age must be a whole number from 0 to 10, got 11"),
        ("counts", [], "counts must be a list of 1, got a list of 0"),
        ("counts", {"canary": 1}, "counts must be a list of 1, got dict"),
        ("counts", [0], "sums of age must be 0, since nothing is counted"),
        ("sums", ["canary"], "sums of age must be a finite number"),
        ("sums", [1001.0], "the mean of age must lie in 0 to 100, got 100.1"),
        ("sums", [-1.0], "the mean of age must lie in 0 to 100"),
        ("sums", [10**400], "sums of age must be a finite number"),
        ("squares", [24999.0], "squares of age must lie between"),
        ("squares", [50001.0], "squares of age must lie between"),
        ("squares", [None], "squares of age must be a finite number"),
        ("choices", [[5, 5]], "choices of ward must be a list of 3, got a list of 2"),
        ("choices", [[5, 5, 5]], "choices of ward add up to 15, of 10 rows"),
        ("choices", [[-1, 0, 0]], "choices of ward must be a whole number from 0 to 10"),
        ("classes", [5, 6], "classes add up to 11, of 10 rows"),
        ("classes", [5], "classes must be a list of 2"),
    ],
)
def test_what_no_rows_can_have_is_refused(field, value, message):
    said = refusal(json.dumps({**GOOD, field: value}))
    assert message in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "canary",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({**GOOD, "canary": 1}),
        json.dumps(GOOD).replace("500.0", "NaN"),
        json.dumps(GOOD).replace("500.0", "Infinity"),
        json.dumps(GOOD).replace("500.0", "1e400"),
        json.dumps(GOOD).replace("500.0", "9" * 10_000),
        " " * (2**24 + 1),
    ],
)
def test_what_is_no_such_object_is_refused(text):
    assert "canary" not in refusal(text)


def test_the_ends_of_the_range_are_possible():
    for total, square in ((0.0, 0.0), (1000.0, 100_000.0), (500.0, 25000.0), (500.0, 50000.0)):
        told = {**GOOD, "sums": [total], "squares": [square]}
        assert Statistics.from_json(json.dumps(told), SCHEMA).sums == (total,)


def test_a_label_of_values_has_no_classes():
    schema = TableSchema(
        label=ValueLabel(name="cost", low=0, high=9), columns=SCHEMA.columns[:1]
    )
    two = {
        "rows": 10,
        "counts": [10, 10],
        "sums": [500.0, 50.0],
        "squares": [26000.0, 260.0],
        "choices": [],
        "classes": [],
    }
    assert Statistics.from_json(json.dumps(two), schema).classes == ()
    assert "classes must be a list of 0" in refusal(
        json.dumps({**two, "classes": [5]}), schema
    )
    assert "the mean of cost" in refusal(json.dumps({**two, "sums": [500.0, 500.0]}), schema)
