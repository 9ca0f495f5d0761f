"""A table by its schema: what is read, what is refused and how, and what is never shown."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.datasets.table import TableError
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.columns import Columns
from anml_fl.tables.schema import (
    BooleanColumn,
    CategoryColumn,
    ClassLabel,
    DateColumn,
    IgnoredColumn,
    NumberColumn,
    Picture,
    TableSchema,
    ValueLabel,
)

SCHEMA = TableSchema(
    site="site",
    label=ClassLabel(name="sick", classes=(("0",), ("1", "2"))),
    columns=(
        NumberColumn(name="age", low=0, high=130, absent=(0,), gaps=True),
        IgnoredColumn(name="id"),
        CategoryColumn(name="ward", values=("3", "6", "north"), gaps=True),
        DateColumn(
            name="seen", low=dt.date(2020, 1, 1), high=dt.date(2024, 12, 31), gaps=True
        ),
        BooleanColumn(name="smokes", values=("no", "yes"), gaps=True),
    ),
)
HEAD = ["site", "age", "ward", "seen", "smokes", "sick"]
ROWS = [
    ["va", "63", "6", "2020-01-01", "yes", "0"],
    ["Zürich", "67.5", "3.0", "2024-12-31T23:59:00", "no", "2"],
    ["va", "?", "NA", "", "?", "1.0"],
    ["Zürich", "0", "south", "03.01.2020", "perhaps", "0"],
]
NAN = np.nan
FIRST_DAY = 18262  # of 2020: 50 years of 365 days, and 12 leap days


def table(rows=ROWS, head=HEAD):
    cells = {name: [row[i] for row in rows] for i, name in enumerate(head)}
    return Columns("a.csv", pa.table(cells), lambda row: f"line {row + 2}")


def typed(**columns):
    return Columns("a.parquet", pa.table(columns), lambda row: f"row {row + 1}")


def edited(row, column, value):
    rows = [list(cells) for cells in ROWS]
    rows[row][HEAD.index(column)] = value
    return table(rows)


def refusal(columns, schema=SCHEMA):
    with pytest.raises(TableError) as caught:
        checked_rows(columns, schema)
    return str(caught.value)


# ── What is read ────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_column_is_read_as_its_schema_has_it():
    rows = checked_rows(table(), SCHEMA)
    np.testing.assert_allclose(
        rows.numbers,
        [
            [63, FIRST_DAY],
            [67.5, FIRST_DAY + 5 * 365 + 1 + 1439 / 1440],
            [NAN, NAN],
            [NAN, FIRST_DAY + 2],
        ],
    )
    assert rows.codes.tolist() == [[1, 1], [0, 0], [-1, -1], [3, 2]]
    assert rows.labels.tolist() == [0, 1, 1, 0]
    assert rows.sites == ("va", "Zürich")
    assert rows.holder.tolist() == [0, 1, 0, 1]


def test_the_order_of_columns_their_case_and_others_between_them_make_no_difference():
    rows = [[*reversed(row), "x"] for row in ROWS]
    head = [*(name.upper() for name in reversed(HEAD)), "remark"]
    one, other = checked_rows(table(), SCHEMA), checked_rows(table(rows, head), SCHEMA)
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_array_equal(one.codes, other.codes)
    assert one.labels.tolist() == other.labels.tolist()


def test_typed_columns_are_read_as_texts_of_the_same_are():
    days = [dt.datetime(2020, 1, 2, 12), dt.datetime(2024, 1, 1), None]
    rows = checked_rows(
        typed(
            age=pa.array([63.0, np.nan, None]),
            ward=pa.array([6, 3, None]),
            seen=pa.array(days, pa.timestamp("ns")),
            smokes=pa.array(["yes", None, " no "]).dictionary_encode(),
            sick=pa.array([0.0, 2.0, 1.0]),
            site=pa.array([7, 7, 12]),
        ),
        SCHEMA,
    )
    np.testing.assert_allclose(
        rows.numbers, [[63, FIRST_DAY + 1.5], [NAN, FIRST_DAY + 4 * 365 + 1], [NAN, NAN]]
    )
    assert rows.codes.tolist() == [[1, 1], [0, -1], [-1, 0]]
    assert rows.labels.tolist() == [0, 1, 1]
    assert rows.sites == ("7", "12")


@pytest.mark.parametrize("values", [("no", "yes"), ("false", "true"), ("0", "1")])
def test_truth_values_fit_what_texts_call_them(values):
    schema = TableSchema(
        label=ClassLabel(name="y", classes=(("False",), ("True",))),
        columns=(BooleanColumn(name="x", values=values),),
    )
    rows = checked_rows(typed(x=[True, False, None], y=[True, False, True]), schema)
    # "yes" and "no" are not what they are called.
    known = values != ("no", "yes")
    assert rows.codes[:, 0].tolist() == ([1, 0, -1] if known else [2, 2, -1])
    assert rows.labels.tolist() == [1, 0, 1]


def test_a_number_that_marks_missing_values_does_so_however_it_is_written():
    schema = SCHEMA.model_copy(update={"missing": ("-9",), "site": ""})
    rows = checked_rows(
        table([["va", "-9.0", "-9", "2020-01-01", "-9.00", "1"]] * 2),
        schema,
    )
    assert np.isnan(rows.numbers[:, 0]).all()
    assert rows.codes.tolist() == [[-1, -1]] * 2
    whole = typed(
        age=[-9, 50], ward=["3", "3"], seen=["2020-01-01"] * 2, smokes=["no"] * 2, sick=[0, 1]
    )
    assert np.isnan(checked_rows(whole, schema).numbers[:, 0]).tolist() == [True, False]


def test_a_value_label_is_read_in_its_own_unit():
    schema = TableSchema(
        label=ValueLabel(name="price", low=0, high=10), columns=SCHEMA.columns[:1]
    )
    rows = checked_rows(typed(age=["1", "2"], price=["2,5", "10"]), schema)
    assert rows.labels.tolist() == [2.5, 10.0]
    assert rows.sites == ()
    assert rows.holder.tolist() == [-1, -1]


def test_without_its_site_column_a_table_is_nobodys():
    columns = table([row[1:] for row in ROWS], HEAD[1:])
    assert checked_rows(columns, SCHEMA).sites == ()


def test_gaps_and_categories_that_were_not_expected_are_noted_and_not_refused():
    strict = [column.model_copy(update={"gaps": False}) for column in SCHEMA.columns]
    rows = checked_rows(table(), SCHEMA.model_copy(update={"columns": tuple(strict)}))
    assert rows.notes == (
        "a.csv, column age: 2 of 4 rows have no value, which the schema expects of none",
        "a.csv, column ward: 1 of 4 rows have no value, which the schema expects of none",
        "a.csv, column ward: 1 of 4 rows have a value that the schema does not know",
        "a.csv, column seen: 1 of 4 rows have no value, which the schema expects of none",
        "a.csv, column smokes: 1 of 4 rows have no value, which the schema expects of none",
        "a.csv, column smokes: 1 of 4 rows have a value that the schema does not know",
    )
    assert checked_rows(table(ROWS[2:3]), SCHEMA).notes[0] == (
        "a.csv, column age: no row has a value"
    )


@given(
    st.lists(
        st.floats(-1e6, 1e6).map(repr) | st.integers(-1000, 1000).map(str) | st.just("?"),
        min_size=1,
    )
)
def test_numbers_are_those_that_python_reads(texts):
    schema = TableSchema(
        label=ClassLabel(name="y", classes=(("0",), ("1",))),
        columns=(NumberColumn(name="x", low=-1e6, high=1e6),),
    )
    rows = checked_rows(typed(x=texts, y=["1"] * len(texts)), schema)
    wanted = [NAN if text == "?" else float(text) for text in texts]
    np.testing.assert_array_equal(rows.numbers[:, 0], wanted)


def test_pixels_are_handed_on_and_must_fit():
    schema = SCHEMA.model_copy(
        update={"picture": Picture(channels=1, height=2, width=2), "site": ""}
    )
    plain = table()
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 1, 2, 2)
    pictures = Columns(plain.where, plain.table, plain.place, pixels=pixels)
    np.testing.assert_array_equal(checked_rows(pictures, schema).pixels, pixels)
    assert checked_rows(pictures, SCHEMA).pixels is None
    assert "no pictures are here" in refusal(plain, schema)
    wide = Columns(plain.where, plain.table, plain.place, pixels=pixels.reshape(4, 1, 1, 4))
    assert "must be 1 x 2 x 2 (channels, height, width), got 1 x 1 x 4" in refusal(
        wide, schema
    )


# ── What is refused ─────────────────────────────────────────────────────────────────────────

MARKS = "or missing (an empty cell, ?, - or one of 10 more marks)"


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (1, "age", "630", f"line 3, column age: must be a number from 0 to 130, {MARKS}, got"),
        (0, "age", "-1", "line 2, column age: must be a number from 0 to 130"),
        (0, "age", "1e400", "column age: must be a number from 0 to 130"),
        (0, "age", "sixty", "got 'sixty'"),
        (0, "age", "63 years", "130, without its unit, or missing"),
        (0, "age", "63 years", "got '63 years'"),
        (0, "age", "12.5 mmHg", "got '12.5 mmHg'"),
        (0, "age", "6,3,0", "130, with a point before its decimals, or missing"),
        (0, "age", "1,234", "a point before its decimals and nothing between thousands, or"),
        (0, "seen", "2019-12-31", "a date from 2020-01-01 to 2024-12-31, as 2024-12-31"),
        (0, "seen", "2025-01-01", "got '2025-01-01'"),
        (0, "seen", "01/02/2024", "a date from 2020-01-01 to 2024-12-31, as 2024-12-31"),
        (0, "seen", "2023-02-30", "got '2023-02-30'"),
        (3, "sick", "3", "line 5, column sick: must be 0, 1 or 2, got '3'"),
        (3, "sick", "?", "line 5, column sick: must be 0, 1 or 2, got '?'"),
        (3, "site", "", "line 5, column site: must be the name of who gathered the row"),
        (3, "site", "NA", "got 'NA'"),
        (3, "site", "x" * 65, "got a text of 65 characters"),
        (3, "site", "v\ta", "1 to 64 printable characters, got"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_with_its_place(row, column, value, message):
    assert message in refusal(edited(row, column, value))


def test_the_first_wrong_row_is_told_and_how_many_more_there_are():
    rows = [list(row) for row in ROWS]
    for row in rows[1:]:
        row[HEAD.index("age")] = "140"
    assert refusal(table(rows)).startswith("a.csv, line 3, column age")
    assert refusal(table(rows)).endswith("got '140' (and 2 more in this column)")


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_a_typed_number_that_is_not_finite_is_no_missing_one(value):
    schema = TableSchema(label=SCHEMA.label, columns=SCHEMA.columns[:1])
    assert "row 2, column age" in refusal(typed(age=[1.0, value], sick=[0, 1]), schema)


def test_a_label_that_is_null_is_refused_in_any_form():
    columns = SCHEMA.columns[:1]
    schema = TableSchema(label=SCHEMA.label, columns=columns)
    assert "row 2, column sick: must be 0, 1 or 2, got an empty cell" in refusal(
        typed(age=[1.0, 2.0], sick=[0, None]), schema
    )
    values = TableSchema(label=ValueLabel(name="sick", low=0, high=1), columns=columns)
    for missing in (None, np.nan):
        assert (
            "row 2, column sick: must be a number from 0 to 1, got an empty cell"
            in refusal(typed(age=[1.0, 2.0], sick=[0.5, missing]), values)
        )


def test_columns_of_a_wrong_type_are_refused():
    schema = TableSchema(label=SCHEMA.label, columns=SCHEMA.columns[:1])
    nested = typed(age=[[1], [2]], sick=[0, 1])
    assert "column age: must hold texts, numbers, dates or truth values" in refusal(
        nested, schema
    )
    days = typed(age=[dt.date(2020, 1, 1)] * 2, sick=[0, 1])
    assert "row 1, column age: must be a number from 0 to 130" in refusal(days, schema)


def test_names_of_a_site_that_differ_in_case_or_blanks_are_refused_with_both_places():
    columns = edited(3, "site", "zü rich")
    assert (
        refusal(columns) == "a.csv, column site: 'Z\\xfcrich' (line 3) and 'z\\xfc rich' (line"
        " 5) differ in case or blanks alone; write the same name in the same way"
    )


def test_a_column_that_lacks_is_refused_with_the_name_that_comes_near_it():
    columns = table(head=["site", "ages", *HEAD[2:]])
    assert refusal(columns) == (
        "a.csv: no column age (is it 'ages'?); the schema needs age, ward, seen,"
        " smokes, sick, in any order"
    )
    assert refusal(table([row[:2] for row in ROWS], HEAD[:2])).startswith(
        "a.csv: no column ward, nor seen, smokes, sick; the schema needs age, ward"
    )


def test_a_name_that_fits_two_columns_is_refused():
    twice = table([[*row, "1"] for row in ROWS], [*(name.upper() for name in HEAD), "Age"])
    assert "column age is there 2 times" in refusal(twice)


@given(
    st.sampled_from(HEAD),
    st.integers(0, 3),
    st.text(alphabet="aZ0;,.\n\"'é ", min_size=0, max_size=40),
)
def test_no_refusal_shows_another_cell(column, row, value):
    rows = [
        [f"site 9088{i}", f"6{i}.9088", f"9088{i}", "2020-01-01", f"9088{i}", "1"]
        for i in range(4)
    ]
    rows[row][HEAD.index(column)] = value.strip()
    said = None
    try:
        checked_rows(table(rows), SCHEMA)
    except TableError as error:
        said = str(error)
    if said is not None:
        assert f"line {row + 2}, column {column}: must be" in said
        assert "9088" not in said
        assert len(said) < 300
