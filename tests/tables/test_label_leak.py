"""Columns that tell the label by themselves, found by counts by hand."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from anml_fl.tables.checking import checked_rows
from anml_fl.tables.description import described
from anml_fl.tables.inference import inferred
from anml_fl.tables.label_leak import told_by_columns, told_by_rows
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import CategoryColumn, ClassLabel, TableSchema

ASKED = "is it known before the label is?"


def both(table, label):
    """Find the notes by a raw table and by rows that were read, which must be the same."""
    schema = inferred(table, label)
    found = sorted(told_by_columns(table, schema))
    assert sorted(told_by_rows(checked_rows(table, schema))) == found
    return found


def drawn(rows=400, share=0.4):
    rng = np.random.default_rng(5)
    return rng, rng.random(rows) < share


def words(truth):
    return ["yes" if one else "no" for one in truth]


def test_a_date_filled_in_for_those_who_died_alone(columns):
    rng, died = drawn()
    table = columns(
        {
            "age": [f"{x:.0f}" for x in rng.normal(60, 12, died.size)],
            "death_date": ["2024-01-01" if one else "" for one in died],
            "died": words(died),
        }
    )
    assert both(table, "died") == [
        f"death_date tells the label by itself in 100 % of the rows: {ASKED}"
    ]
    notes = described(table, inferred(table, "died")).notes
    assert "death_date: one category, and gaps: all it tells is whether it was filled in" in (
        notes
    )


def test_a_number_whose_gaps_tell(columns):
    rng, died = drawn()
    days = [
        str(x) if one else "" for x, one in zip(rng.integers(1, 99, 400), died, strict=True)
    ]
    (note,) = both(
        columns({"days": days, "x": words(rng.random(400) < 0.5), "died": words(died)}), "died"
    )
    assert note.startswith("days tells the label by itself in 100 %")


@pytest.mark.parametrize(("wrong", "noted"), [(4, True), (5, False)])
def test_from_99_percent_on_where_always_one_answer_is_right_in_less_than_90(
    columns, wrong, noted
):
    _, died = drawn()
    other = died.copy()
    other[np.flatnonzero(died)[:wrong]] = False
    found = both(columns({"seen": words(other), "died": words(died)}), "died")
    assert bool(found) is noted
    assert all("in 99 % of the rows" in note for note in found)


@pytest.mark.parametrize(("wrong", "noted"), [(1, True), (2, False)])
def test_where_one_answer_is_right_nearly_always_95_percent_of_the_rest(columns, wrong, noted):
    died = np.arange(400) < 20
    other = died.copy()
    other[:wrong] = False
    assert bool(both(columns({"seen": words(other), "died": words(died)}), "died")) is noted


def test_a_good_column_is_no_leak_and_few_rows_tell_nothing(columns):
    rng, died = drawn(2000)
    marker = died + rng.normal(0, 0.35, died.size)
    table = columns({"marker": [f"{x:.3f}" for x in marker], "died": words(died)})
    assert not both(table, "died")
    for rows, noted in ((39, False), (40, True)):
        few = died[:rows]
        seen = ["ja" if one else "nein" for one in few]
        assert bool(both(columns({"seen": seen, "died": words(few)}), "died")) is noted


@pytest.mark.parametrize(("times", "noted"), [(4, False), (5, True)])
def test_values_that_hardly_any_row_has_tell_nothing(times, noted):
    died = np.repeat(np.arange(50) % 2, times)
    ward = np.repeat(np.arange(50), times).astype(np.int32)[:, None]
    wards = CategoryColumn(name="ward", values=tuple(f"ward {x}" for x in range(50)))
    label = ClassLabel(name="died", classes=(("no",), ("yes",)))
    schema = TableSchema(label=label, columns=(wards,))
    rows = Rows("a.csv", schema, np.empty((died.size, 0)), ward, died, (), died - died - 1)
    assert bool(told_by_rows(rows)) is noted


def test_a_number_that_is_the_label_in_another_unit(columns):
    rng = np.random.default_rng(1)
    stay = rng.normal(8, 2, 300)
    table = columns(
        {
            "hours": [f"{24 * x + 0.1:.2f}" for x in stay],
            "age": [f"{50 + 3 * x + rng.normal(0, 3):.1f}" for x in stay],
            "days": [f"{x:.3f}" for x in stay],
        }
    )
    (note,) = both(table, "days")
    assert note.startswith("hours tells the label by itself (correlation ")


def test_no_cell_is_quoted(columns):
    _, died = drawn()
    secret = ["CANARY-7" if one else "" for one in died]
    table = columns({"mark": secret, "x": words(~died), "died": words(died)})
    assert not any("CANARY" in note for note in both(table, "died"))


def test_a_million_rows_take_no_more_than_seconds(columns):
    rng = np.random.default_rng(0)
    named = {f"x{i}": pa.array(rng.normal(size=1_000_000)) for i in range(20)}
    named["y"] = pa.array(np.where(rng.random(1_000_000) < 0.5, "a", "b"))
    table = columns(named)
    rows = checked_rows(table, inferred(table, "y"))
    started = time.monotonic()
    assert not told_by_rows(rows)
    assert time.monotonic() - started < 5
