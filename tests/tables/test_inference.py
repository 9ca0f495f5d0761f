"""What a schema is found out to be: of columns of each kind, of labels, of real tables."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.datasets.table import TableError
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.columns import Columns
from anml_fl.tables.findings import findings
from anml_fl.tables.inference import inferred
from anml_fl.tables.schema import Picture
from anml_fl.tables.schema_file import schema_text

ROWS = 120
LABEL = ["yes", "no", "no"] * (ROWS // 3)
GENERATOR = np.random.default_rng(7)
SPREAD_OUT = [f"{x:.3f}" for x in GENERATOR.normal(50, 9, ROWS)]


def column(columns, cells, name="x", *, rows=ROWS, **more):
    """Infer one column, beside one that can be learned from, and a label."""
    other = [f"{x:.2f}" for x in np.random.default_rng(1).normal(size=rows)]
    table = {name: cells, "other": other, "y": (LABEL * 20)[:rows]}
    schema = inferred(columns(table, **more), "y")
    assert [one.name for one in schema.columns] == [name, "other"]
    return schema.columns[0]


def repeated(*values, rows=ROWS):
    return [values[i % len(values)] for i in range(rows)]


# ── Columns ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cells", "kind", "gaps"),
    [
        (SPREAD_OUT, "number", False),
        ([*SPREAD_OUT[:-1], "?"], "number", True),
        ([text.replace(".", ",") + "1" for text in SPREAD_OUT], "number", False),
        (repeated("1", "2", "3", "4"), "number", False),
        (repeated("1.0", "2.0", "NA"), "boolean", True),
        (repeated("0", "1"), "boolean", False),
        (repeated("y", "n"), "boolean", False),
        (repeated("120", "140"), "boolean", False),
        (repeated("m", "f"), "category", False),
        (repeated("a", "b", "c", ""), "category", True),
        (repeated("2024-01-05", "2023-12-31", "2020-02-29 12:00"), "date", False),
        (repeated("05.01.2024", "31.12.2023", "?"), "date", True),
        (repeated("1", "x"), "category", False),
        (pa.array(GENERATOR.normal(size=ROWS)), "number", False),
        (pa.array(range(ROWS)).cast(pa.float64()).to_numpy() % 7 + 0.5, "number", False),
        (pa.array([True, False, None] * 40), "boolean", True),
        (pa.array(repeated("a", "b", "c")).dictionary_encode(), "category", False),
        (pa.array(repeated(dt.date(2020, 1, 1), dt.date(2021, 1, 1))), "date", False),
        (pa.array(repeated(dt.datetime(2020, 1, 1), None), pa.timestamp("ns")), "category", 1),
        (
            pa.array(
                repeated(dt.datetime(2020, 1, 1), dt.datetime(2021, 5, 1)),
                pa.timestamp("ns", "UTC"),
            ),
            "date",
            False,
        ),
    ],
)
def test_kinds(columns, cells, kind, gaps):
    found = column(columns, cells)
    assert (found.kind, found.gaps) == (kind, bool(gaps))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["7"] * ROWS, "constant"),
        (["7"] * (ROWS - 1) + [""], "constant"),
        ([""] * ROWS, "no row has a value"),
        ([f"p{i:05}" for i in range(ROWS)], "identifies rows"),
        ([str(i + 1) for i in range(ROWS)], "identifies rows"),
        ([str(i) for i in GENERATOR.permutation(ROWS)], "identifies rows"),
        ([f"note {i // 2}" for i in range(ROWS)], "text: its values are too many"),
        (["1,234", "12,345", "23,456"] * 40, "numbers whose commas may part thousands"),
        (["01/02/2024", "13/02/2024"] * 60, "dates that begin with a day or with a month"),
        (
            [f"{i % 59}" if i % 3 else f"{i} kg" for i in range(ROWS)],
            "numbers with texts among",
        ),
        (pa.array([[1, 2]] * ROWS), "of type list<item: int64>"),
        (pa.array([b"x"] * ROWS), "of type binary"),
    ],
)
def test_what_is_not_learned_from_and_why(columns, cells, why):
    found = column(columns, cells)
    assert found.kind == "ignored"
    assert found.why.startswith(why)


@pytest.mark.parametrize("name", ["PassengerId", "patient_id", "ID", "id", "mrn", "rowid"])
def test_whole_numbers_that_are_called_an_id_are_one(columns, name):
    numbers = [str(x) for x in GENERATOR.choice(10**6, ROWS, replace=False)]
    assert column(columns, numbers, name).kind == "ignored"


@pytest.mark.parametrize("name", ["income", "paid", "valid", "covid_days", "identity"])
def test_other_whole_numbers_are_none(columns, name):
    numbers = [str(x) for x in GENERATOR.choice(10**6, ROWS // 2, replace=False)] * 2
    assert column(columns, numbers, name).kind == "number"


def test_an_id_of_patients_with_several_rows_each_is_one(columns):
    numbers = [str(x) for x in GENERATOR.choice(10**6, ROWS // 2, replace=False)] * 2
    assert column(columns, numbers, "patient_id").kind == "ignored"


def test_a_few_texts_among_many_numbers_are_left_to_checking(columns):
    rows = 200
    numbers = [f"{x:.2f}" for x in GENERATOR.normal(size=rows)]
    few = column(columns, [*numbers[:-20], *["12 kg"] * 20], rows=rows)
    more = column(columns, [*numbers[:-21], *["12 kg"] * 21], rows=rows)
    assert (few.kind, more.kind) == ("number", "ignored")


def test_a_few_texts_among_many_dates_are_left_to_checking(columns):
    days = [str(dt.date(2001, 1, 1) + dt.timedelta(days=i)) for i in range(ROWS)]
    few = column(columns, [*days[:-12], *["unknown"] * 12])
    more = column(columns, [*days[:-13], *["unknown"] * 13])
    assert (few.kind, more.kind) == ("date", "ignored")


def test_a_rare_value_of_a_category_stands_in_no_schema(columns):
    cells = ["a"] * 60 + ["b"] * 51 + ["five"] * 5 + ["four"] * 4
    assert column(columns, cells).values == ("a", "b", "five")


def test_of_a_tiny_table_all_values_are_listed(columns):
    cells = ["a"] * 30 + ["b"] * 18
    assert column(columns, [*cells, "c"], rows=49).values == ("a", "b", "c")
    assert column(columns, [*cells, "b", "c"], rows=50).values == ("a", "b")


def test_at_most_200_values_are_listed_the_most_frequent_ones(columns):
    cells = [f"v{i:03}" for i in range(201) for _ in range(5 if i == 100 else 6)]
    found = column(columns, cells, rows=len(cells))
    assert found.values == tuple(f"v{i:03}" for i in range(201) if i != 100)


def test_numbers_are_compared_as_numbers_and_written_shortly(columns):
    cells = repeated("3.0", "3", "7.00", "x", rows=ROWS)
    assert column(columns, cells).values == ("3", "7", "x")


def test_a_column_twice_is_learned_from_once(columns):
    table = {"a": SPREAD_OUT, "b": SPREAD_OUT, "c": LABEL, "s": repeated("u", "v"), "y": LABEL}
    table["t"] = table["s"]
    schema = inferred(columns(table), "y", "s")
    told = {one.name: getattr(one, "why", "") for one in schema.columns}
    assert told == {
        "a": "",
        "b": "the same as 'a'",
        "c": "the same as 'y'",
        "t": "the same as 's'",
    }


def test_a_value_or_nothing_tells_something_where_both_are_frequent(columns):
    found = column(columns, repeated("x", ""))
    assert (found.kind, found.values, found.gaps) == ("category", ("x",), True)


def test_pictures(columns):
    pixels = np.zeros((6, 3, 8, 9), np.uint8)
    schema = inferred(columns({"y": ["a", "b"] * 3}, pixels=pixels), "y")
    assert schema.picture == Picture(channels=3, height=8, width=9)
    with pytest.raises(TableError, match="1 channel or 3, got 4"):
        inferred(columns({"y": ["a", "b"]}, pixels=np.zeros((2, 4, 8, 8), np.uint8)), "y")


# ── Any table ──────────────────────────────────────────────────────────────────────────────


CELLS = {
    "numbers": st.floats(-1e6, 1e6).map("{:.3f}".format),
    "commas": st.integers(-99, 99).map("{},5".format),
    "whole": st.integers(0, 3).map(str) | st.integers(0, 3).map("{}.0".format),
    "dates": st.dates().map(str),
    "words": st.sampled_from(["a", "b", "B", "3", "3.00", "yes", "NA", ""]),
    "texts": st.text(st.characters(exclude_categories=["C", "Z"]), max_size=4),
    "gaps": st.sampled_from(["", "?", "nan"]) | st.floats(0, 9).map("{:.1f}".format),
    "typed": st.booleans() | st.none(),
    "floats": st.floats(-1e15, 1e15) | st.just(np.nan) | st.none(),
    "moments": st.datetimes() | st.none(),
}


@given(st.data())
def test_a_table_fits_the_schema_that_was_found_out_from_it(data):
    rows = data.draw(st.integers(4, 60))
    table = {
        name: data.draw(st.lists(cells, min_size=rows, max_size=rows))
        for name, cells in CELLS.items()
    }
    table |= {"y": [str(i % 3) for i in range(rows)], "x": [i / 7 for i in range(rows)]}
    columns = Columns("a.csv", pa.table(table), str)
    schema = inferred(columns, "y")
    assert findings(columns, schema) == ()
    read = checked_rows(columns, schema)
    # What gaps are was found out too, and no number is lost.
    scaled = [one for one in schema.columns if one.kind in ("number", "date")]
    assert [one.gaps for one in scaled] == np.isnan(read.numbers).any(axis=0).tolist()


# ── What a schema tells ────────────────────────────────────────────────────────────────────


def test_no_cell_of_a_single_row_stands_in_a_schema(columns):
    rows = 300
    canaries = [f"canary{i}" for i in range(rows)]
    dates = [str(dt.date(2001, 2, 3) + dt.timedelta(days=37 * i)) for i in range(rows)]
    table = {
        "text": canaries,
        "category": [*canaries[:4], *repeated("a", "b", rows=rows - 4)],
        "flag": [*canaries[4:6], *repeated("x", rows=rows - 6), *canaries[6:10]],
        "number": [f"{x:.5f}" for x in GENERATOR.normal(1e4, 5e3, rows)],
        "date": dates,
        "mixed": [*[f"{i + 0.777}" for i in range(rows - 3)], *canaries[:3]],
        "y": LABEL * 2 + LABEL[:60],
    }
    text = schema_text(inferred(columns(table), "y"))
    assert "canary" not in text
    assert not [
        cell for name in ("number", "date", "mixed") for cell in table[name] if cell in text
    ]


# ── Real tables ────────────────────────────────────────────────────────────────────────────


def kinds(schema):
    found = {}
    for one in schema.columns:
        found.setdefault(one.kind, []).append(one.name)
    return found


def test_the_hearts_of_four_hospitals(shipped):
    schema = inferred(shipped("heart_disease_hospitals.csv"), "num", "hospital")
    assert schema.site == "hospital"
    assert kinds(schema) == {
        "number": [
            *["age", "cp", "trestbps", "chol", "restecg"],
            *["thalach", "oldpeak", "slope", "ca", "thal"],
        ],
        "boolean": ["sex", "fbs", "exang"],
    }
    assert schema.classes == 5
    whole = {one.name for one in schema.columns if not one.gaps}
    assert whole == {"age", "sex", "cp"}


def test_the_adults(shipped):
    schema = inferred(shipped("adult_train.csv.gz"), "income")
    assert len(kinds(schema)["number"]) == 6
    assert len(kinds(schema)["category"]) == 8
    # One row alone is of Holand-Netherlands.
    countries = schema.columns[-1]
    assert len(countries.values) == 40
    assert countries.gaps


def test_the_forest(shipped):
    schema = inferred(shipped("covtype_20k.csv.gz"), "Cover_Type")
    assert len(kinds(schema)["number"]) == 10
    assert all(one.values == ("0", "1") for one in schema.columns if one.kind == "boolean")
    assert all(one.why == "constant" for one in schema.columns if one.kind == "ignored")


@pytest.mark.slow
def test_a_million_rows_take_seconds(columns):
    rows = 1_000_000
    generator = np.random.default_rng(0)
    numbers = {
        f"n{i}": pa.array(generator.normal(size=rows)).cast(pa.string()) for i in range(12)
    }
    few = {
        f"c{i}": pa.array(generator.integers(0, 30, rows)).cast(pa.string()) for i in range(6)
    }
    table = numbers | few | {"d": pa.array(dt.date(2000, 1, 1) for _ in range(rows))}
    table["y"] = pa.array(generator.integers(0, 2, rows)).cast(pa.string())
    begun = time.process_time()
    inferred(columns(table), "y")
    assert time.process_time() - begun < 40
