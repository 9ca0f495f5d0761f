"""A table by its schema: what is read, what is refused and how, and what is never shown."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest

from anml_fl.datasets.reader import read_table
from anml_fl.datasets.schema import Category, Label, Measured, Schema, Site
from anml_fl.datasets.table import TableError

SMALL = Schema(
    (
        Measured("age", 0, 130),
        Measured("chol", 20, 2000, absent=(0,)),
        Category("sex", ("0", "1"), reference="0"),
        Category("thal", ("3", "6", "7")),
        Category("job", ("clerk", "Cook")),
    ),
    label=Label("num", (("0",), ("1", "2"))),
    site=Site("hospital"),
)
HEAD = ["hospital", "age", "chol", "sex", "thal", "job", "num"]
ROWS = [
    ["va", "63", "233.5", "1", "6", "clerk", "0"],
    ["Zürich", "67.0", "?", "0.0", "3.0", "Cook", "2"],
    ["va", "?", "0", "?", "?", "?", "1.0"],
    ["Zürich", "-0", "+1.2e2", "1.0", "7", "Cook", "0"],
]
# By hand: age, chol, sex=1, thal=3, 6, 7, job=clerk, Cook.
FEATURES = [
    [63, 233.5, 1, 0, 1, 0, 1, 0],
    [67, np.nan, 0, 1, 0, 0, 0, 1],
    [np.nan, np.nan, 0, 0, 0, 0, 0, 0],
    [0, 120, 1, 0, 0, 1, 0, 1],
]


def table(rows=ROWS, head=HEAD, *, separator=",", ends="\n", quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=ends, quoting=quoting)
    writer.writerows([head, *rows])
    return text.getvalue()


def read(text, schema=SMALL):
    return read_table(text.encode(), "a.csv", schema)


def edited(line, column, value):
    rows = [list(row) for row in ROWS]
    rows[line - 2][HEAD.index(column)] = value
    return table(rows)


# ── What is read ────────────────────────────────────────────────────────────────────────────

WIDER = table([[row[0], "x,y\nz", *row[1:]] for row in ROWS], [HEAD[0], "remark", *HEAD[1:]])


@pytest.mark.parametrize(
    "text",
    [
        table(),
        table(separator=";"),
        table(separator="\t"),
        table(separator="|"),
        table(ends="\r\n"),
        table(ends="\r"),
        "\ufeff" + table(ends="\r\n"),
        table().removesuffix("\n"),
        table(quoting=csv.QUOTE_ALL),
        table().replace(",", ", "),
        table().replace(",", " ,\t"),
        table(head=[name.upper() for name in HEAD]),
        table(head=[f" {name} " for name in HEAD]),
        table([row[::-1] for row in ROWS], HEAD[::-1]),
        table().replace("\n", "\n\n,,,,,,\n   \n"),
        WIDER,
        table([["" if cell == "?" else cell for cell in row] for row in ROWS]),
        table([["NA" if cell == "?" else cell for cell in row] for row in ROWS]),
        table([[cell + "\u00a0" * (i % 2) for cell in row] for i, row in enumerate(ROWS)]),
    ],
)
def test_a_table_is_read_however_it_is_written(text):
    found = read(text)
    np.testing.assert_array_equal(found.features, FEATURES)
    assert found.indicators.tolist() == [False] * 2 + [True] * 6
    assert found.labels.tolist() == [0, 1, 1, 0]
    assert (found.classes, found.image, found.notes) == (2, None, ())
    assert found.contributors == ("va", "Zürich")
    assert found.holder.tolist() == [0, 1, 0, 1]
    assert [str(a.dtype) for a in (found.features, found.labels)] == ["float64", "int64"]


def test_a_table_of_nobody_has_no_holder():
    schema = Schema((Measured("age"),), Label("num", (("0",), ("1",))))
    found = read("age,num\n1,0\n2,1\n", schema)
    assert (found.contributors, found.holder) == ((), None)


def test_a_number_that_stands_for_missing_may_be_written_in_any_way():
    schema = Schema((SMALL.columns[3], Measured("age", 0, 99)), SMALL.label, missing=("-9",))
    found = read("thal,age,num\n-9.0,1,0\n3,-9,1\n", schema)
    np.testing.assert_array_equal(found.features, [[0, 0, 0, 1], [1, 0, 0, np.nan]])


def test_a_column_without_any_value_is_noted():
    found = read(table([[*row[:2], "?", "?", *row[4:]] for row in ROWS]))
    assert found.notes == (
        "a.csv, column chol: no row has a value",
        "a.csv, column sex: no row has a value",
    )


# ── What is refused, in which words ─────────────────────────────────────────────────────────

MISSING = r", or missing \(\?, an empty cell or NA\)"
NAME = "the name of who gathered the row, 1 to 64 printable characters"


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("age", "abc", rf"a number from 0 to 130{MISSING}, got 'abc'"),
        ("age", "131", rf"a number from 0 to 130{MISSING}, got '131'"),
        ("age", "-1", "got '-1'"),
        ("age", "63,5", "with a point before its decimals, got '63,5'"),
        ("age", "6_3", "got '6_3'"),
        ("age", "٦٣", r"got '\\u0666\\u0663'"),
        ("age", "nan", "got 'nan'"),
        ("age", "inf", "got 'inf'"),
        ("age", "1e999", "got '1e999'"),
        ("age", "None", "got 'None'"),
        ("age", "na", "got 'na'"),
        ("age", "63\x00", r"got '63\\x00'"),
        ("age", "\x1b[2J", r"got '\\x1b\[2J'"),
        ("age", "9" * 41, "got a text of 41 characters"),
        ("age", "63,1,233", "got a text of 8 characters"),
        ("age", "9" * 25, "got a text of 25 characters"),
        ("age", "63 years", "got '63 years'"),
        ("age", "1.5e-05x", "got a text of 8 characters"),
        ("chol", "1.5e-05", "got '1.5e-05'"),
        ("job", "a cook", "got 'a cook'"),
        ("age", "63\n1", "got a text of 4 characters on 2 lines, all in quotes"),
        ("chol", "5.2", r"a number from 20 to 2000.*, got '5.2'"),
        ("sex", "2", rf"0 or 1{MISSING}, got '2'"),
        ("thal", "1", rf"3, 6 or 7{MISSING}, got '1'"),
        ("thal", "6.5", "got '6.5'"),
        ("job", "cook", rf"clerk or Cook{MISSING}, got 'cook'"),
        ("num", "3", r"0, 1 or 2, got '3'"),
        ("num", "?", r"0, 1 or 2, got '\?'"),
        ("num", "", "0, 1 or 2, got an empty cell"),
        ("hospital", "", f"{NAME}, got an empty cell"),
        ("hospital", "?", rf"{NAME}, got '\?'"),
        ("hospital", "v\u200ba", r"got 'v\\u200ba'"),
        ("hospital", "Bern\u2028Insel", r"got 'Bern\\u2028Insel'"),
        ("hospital", "v" * 65, "got a text of 65 characters"),
    ],
)
def test_a_value_that_is_none_is_told_with_its_place(column, value, told):
    with pytest.raises(
        TableError, match=rf"^a.csv, line 4, column {column}: must be .*{told}$"
    ):
        read(edited(4, column, value))


@pytest.mark.parametrize(
    "parted_by", [" ", "/", "-", ":", ".", "_", "'", "\xa0", "\u3001", " - ", "&", "~", "\x1f"]
)
@pytest.mark.parametrize("row", ["63 1 145 233", "123 45 6789", "Jane Smith 1950", "63 1 1"])
@pytest.mark.parametrize("column", ["age", "job", "num"])
def test_a_row_that_stands_in_one_cell_is_not_shown(everything_told, column, row, parted_by):
    cell = row.replace(" ", parted_by)
    with pytest.raises(TableError, match=f"got a text of {len(cell)} characters$") as caught:
        read(edited(4, column, cell))
    told = everything_told(caught.value)
    assert not any(part in told for part in ("145", "233", "6789", "Jane", "1950"))


@pytest.mark.parametrize("cell", ["63 1", "63/1", "63:1", "63-1", "63;1", "1950-01", "63\t1"])
def test_two_numbers_in_one_cell_are_not_shown(cell):
    with pytest.raises(TableError, match="got a text of") as caught:
        read(edited(4, "age", cell))
    assert cell not in str(caught.value)


def test_two_rows_that_stand_where_their_sites_should_are_not_shown():
    rows = [["Jane 63 1 145", *[""] * 5, "0"], ["jane 63 1 145", *[""] * 5, "1"]]
    with pytest.raises(TableError, match=r"a text of 13 .*line 2.* differ in case") as caught:
        read(table(rows))
    assert "145" not in str(caught.value)


def test_of_several_mistakes_the_first_is_told_and_the_others_counted():
    rows = [[*row[:4], "1", *row[5:]] for row in ROWS]
    with pytest.raises(TableError, match=r"line 2, .*got '1' \(and 3 more in this column\)$"):
        read(table(rows))


def test_the_nearest_of_many_known_values_is_told():
    jobs = Category("job", (*(f"Job-{i}" for i in range(20)), "United-States"))
    schema = Schema((jobs,), Label("num", (("0",), ("1",))))
    with pytest.raises(
        TableError,
        match=r"must be one of 21 known values, as United-States, or .*'United States'",
    ):
        read("job,num\nUnited States,0\nJob-1,1\n", schema)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("VA", "'va' (line 2) and 'VA' (line 4)"),
        ("v a", "'va' (line 2) and 'v a' (line 4)"),
        ("ｖa", r"'va' (line 2) and '\uff56a' (line 4)"),
    ],
)
def test_names_that_are_nearly_the_same_are_told(other, told):
    with pytest.raises(
        TableError, match=rf"column hospital: {re.escape(told)} differ in case"
    ):
        read(edited(4, "hospital", other))


@pytest.mark.parametrize(
    ("value", "kind"), [("0", "0; some must be 1 or 2"), ("2", "1 or 2; some must be 0")]
)
def test_a_table_of_one_class_is_refused(value, kind):
    rows = [[*row[:-1], value] for row in ROWS]
    with pytest.raises(TableError, match=f"^a.csv, column num: 4 rows, and each is {kind}"):
        read(table(rows))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the header has no column hospital, age, chol"),
        (
            table(head=[*HEAD[:-1], "outcome"]),
            "line 1: the header has no column num; the first",
        ),
        ("\n\n" + table(ROWS[1:], ROWS[0]), "line 3: the header has no column hospital, age"),
        (table(head=[*HEAD[:-1], "Age"]), "the header has no column num"),
        (table([[*r, "1"] for r in ROWS], [*HEAD, "AGE"]), "column age more than once"),
        (table([]), "a header and no rows"),
        (table([]) + "\n,,,,,,\n", "a header and no rows"),
        (table() + "va,63\n", "line 6: 2 values, but the header has 7 names"),
        (table() + "va\n", "line 6: 1 value, but"),
        (table() + "\n\n" + table(ROWS[:1], ROWS[0] + ["9"]), "line 8: 8 values, but"),
        (table() + ";".join(ROWS[0]), "line 6: 1 value, but"),
        (table().replace("67.0", '"67.0'), "line 3: a quote begins a cell, and none ends it"),
        (table().replace("Zürich", '"Zürich'), "line 3: a quote begins"),
        (table().replace("va", '"va" x'), "line 2: a quote begins"),
        (table() + '"' + "9" * 200_000 + '"', "line 6: a quote begins"),
        (table().replace("age", '"age'), "line 1: a quote begins"),
        (table() + "va," + "9" * 200_000, "line 6: a cell holds more than 131,072 characters"),
        (table() + '"va",' + "9" * 200_000 + ",1\n", "line 6: a cell holds more than 131,072"),
        (table() + f'va,"{"9" * 200_000},1\n', "line 6: a quote begins"),
        (table() + '"va\nva",' + "9" * 200_000, "line 6: a cell holds more than 131,072"),
        ("a" * 200_000, "line 1: a cell holds more than 131,072 characters"),
        (table() + '"va,' + "9,1\n" * 50_000, "line 6: a quote begins"),
    ],
)
def test_a_header_or_row_that_does_not_fit_is_told_by_its_line(text, told):
    with pytest.raises(TableError, match=told) as caught:
        read(text)
    assert "a.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (table().encode().replace(b"Z\xc3\xbcrich", b"Z\xfcrich"), "line 3, byte 2: no UTF-8"),
        (table().encode("utf-16"), "UTF-16"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "line 1, byte 1: no UTF-8"),
        (b"\x00" * 5000, "the header has no column"),
    ],
)
def test_what_is_no_text_is_told(content, told):
    with pytest.raises(TableError, match=told):
        read_table(content, "a.csv", SMALL)
