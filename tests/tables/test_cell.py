"""What one cell says, cell by cell and column by column."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.tables.cell import date_of, is_missing, number_of, numbers_of, ordered, texts_of

NEARLY = st.text(alphabet="0123456789.,+-eE _x\n٣", max_size=9)


@given(st.lists(NEARLY | st.floats(allow_nan=False).map(repr) | st.none()))
def test_a_column_of_texts_is_read_as_its_cells_are(cells):
    alone = [None if text is None else number_of(text) for text in cells]
    finite = [
        None if value in (None, float("inf"), -float("inf")) else value for value in alone
    ]
    assert numbers_of(pa.array(cells, pa.string())).to_pylist() == finite


@pytest.mark.parametrize("text", ["1,234", "999,000", "-12,345"])
def test_a_comma_that_may_part_thousands_is_not_guessed(text):
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("0,234", 0.234), ("63,5", 63.5), ("1234,567", 1234.567), ("+1e3", 1000)],
)
def test_other_commas_stand_before_decimals(text, value):
    assert number_of(text) == value


@given(st.dates())
def test_dates_are_days_since_1970(day):
    days = (day - dt.date(1970, 1, 1)).days
    assert date_of(day.isoformat()) == days
    assert date_of(f"{day.day:02}.{day.month:02}.{day.year:04}") == days
    assert date_of(day.isoformat().replace("-", "/")) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970-01-02 06:00", 1.25),
        ("1970-01-02T00:00:00+12:00", 0.5),
        ("1970-01-02T00:00:00.000Z", 1),
        ("01/02/1970", None),
        ("1970-13-01", None),
        ("1970-02-29", None),
        ("19700102", None),
        ("0000-01-01", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_offsets_and_what_is_no_date(text, days):
    assert date_of(text) == days


def test_numbers_that_say_missing_are_compared_as_numbers():
    assert is_missing("-9.00", ("", "-9"))
    assert not is_missing("-9.01", ("", "-9"))


def test_typed_columns_are_written_as_people_write_them():
    assert texts_of(pa.array([0.0, 1.0, None, float("nan")])).to_pylist() == [
        "0",
        "1",
        None,
        None,
    ]
    assert texts_of(pa.array([0.5, 1.0])).to_pylist() == ["0.5", "1"]
    assert texts_of(pa.array([True, False])).to_pylist() == ["true", "false"]
    assert texts_of(pa.array(["a", "b"]).dictionary_encode()).to_pylist() == ["a", "b"]
    assert texts_of(pa.array([dt.date(2020, 1, 31)])).to_pylist() == ["2020-01-31"]
    moment = texts_of(pa.array([dt.datetime(1970, 1, 2, 6)], pa.timestamp("ns"))).to_pylist()
    assert date_of(moment[0]) == 1.25


@pytest.mark.parametrize(
    "pair", [("1", "2"), ("-1", "1"), ("0", "1"), ("NO", "yes"), ("F", "T")]
)
def test_no_comes_before_yes(pair):
    assert ordered(pair) == ordered(pair[::-1]) == pair
