"""What a label is found out to be, and what cannot be one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from anml_fl.datasets.table import TableError
from anml_fl.tables import inference
from anml_fl.tables.inference import inferred

ROWS = 120
LABEL = ["yes", "no", "no"] * (ROWS // 3)
SPREAD_OUT = [f"{x:.3f}" for x in np.random.default_rng(7).normal(50, 9, ROWS)]


def repeated(*values, rows=ROWS):
    return [values[i % len(values)] for i in range(rows)]


def label(columns, cells, rows=ROWS):
    other = [f"{x:.2f}" for x in np.random.default_rng(1).normal(size=rows)]
    return inferred(columns({"x": other, "y": cells}), "y").label


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (repeated("yes", "no"), ["no", "yes"]),
        (repeated("Positive", "Negative"), ["Negative", "Positive"]),
        (repeated("true", "false"), ["false", "true"]),
        (repeated("10", "9", "2"), ["2", "9", "10"]),
        (repeated("1.0", "0.0"), ["0", "1"]),
        (pa.array(repeated(1.0, 0.0)), ["0", "1"]),
        (pa.array(repeated(True, False)), ["false", "true"]),
        (repeated("b", "a", "C"), ["C", "a", "b"]),
        ([str(i % 20 / 4) for i in range(ROWS)], [f"{i / 4:g}" for i in range(20)]),
        ([str(i % 20) for i in range(ROWS)], [str(i) for i in range(20)]),
    ],
)
def test_classes_in_their_order(columns, cells, classes):
    assert [one[0] for one in label(columns, cells).classes] == classes


def test_many_numbers_are_a_value(columns):
    assert label(columns, SPREAD_OUT).kind == "value"
    assert label(columns, [str(i % 21 / 4) for i in range(ROWS)]).kind == "value"
    assert label(columns, [str(i % 21) for i in range(ROWS)]).kind == "value"
    # 5 % of 600 rows are 30 whole numbers.
    assert label(columns, [str(i % 30) for i in range(600)], 600).kind == "class"
    assert label(columns, [str(i % 31) for i in range(600)], 600).kind == "value"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["a"] * ROWS, "120 rows, and each has the same value; a label needs two classes"),
        (["1", "1.0"] * (ROWS // 2), "120 rows, and each has the same value"),
        (
            [*LABEL[:-2], "?", ""],
            "missing in 2 of 120 rows, the first being line 120; nothing",
        ),
        (pa.array([None, *LABEL[1:]]), "missing in 1 of 120 rows, the first being line 2;"),
        (pa.array([[1]] * ROWS), "a label must be texts or numbers, not of type list"),
    ],
)
def test_labels_that_cannot_be_predicted(columns, cells, message):
    with pytest.raises(TableError) as caught:
        label(columns, cells)
    assert message in str(caught.value)


def test_none_is_a_class_where_many_rows_have_it(columns):
    cells = ["none"] * 9 + ["None"] * 5 + ["mild"] * 106
    found = inferred(columns({"x": SPREAD_OUT, "y": cells}), "y")
    assert found.label.classes == (("None",), ("mild",), ("none",))
    assert not {"none", "None"} & set(found.missing)
    assert "NA" in found.missing
    with pytest.raises(TableError, match="missing in 4 of 120 rows"):
        label(columns, ["none"] * 4 + ["mild", "severe"] * 58)


def test_too_many_classes_are_refused(columns):
    cells = [f"c{i}" for i in range(1001)]
    with pytest.raises(
        TableError, match="1001 different values in 1001 rows, and at most 1000"
    ):
        label(columns, cells, 1001)


def test_a_class_that_cannot_be_printed_is_refused(columns):
    with pytest.raises(TableError, match="a class has a character that cannot be printed"):
        label(columns, repeated("a\tb", "c"))


# ── What is not there ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("names", "asked", "message"),
    [
        ("a b", {"label": "y"}, "a.csv: no column 'y', which label names; its columns: a, b"),
        ("a y", {"label": "y", "by": "s"}, "no column 's', which by names; its columns: a, y"),
        ("a y", {"label": "y", "by": "y"}, "'y' cannot be both label and by"),
        ("y", {"label": "y"}, "no column is left to predict 'y' from; others are needed"),
        ("y z", {"label": "y"}, "no column is left to predict 'y' from (z: the same as 'y')"),
    ],
)
def test_columns_that_are_not_there(columns, names, asked, message):
    table = {name: ["u", "v"] * 60 for name in names.split()}
    with pytest.raises(TableError) as caught:
        inferred(columns(table), **asked)
    assert message in str(caught.value)


def test_of_many_names_the_nearest_is_told(columns):
    table = {f"column {i}": ["u", "v"] for i in range(30)} | {"Outcome": ["u", "v"]}
    with pytest.raises(TableError, match="did you mean 'Outcome'"):
        inferred(columns(table), "outcome")


def test_rows_that_are_all_of_different_sites_name_none(columns):
    rows = 10_001
    table = {"x": list(map(str, range(rows))), "y": ["u", "v"] * 5000 + ["u"]}
    with pytest.raises(TableError, match="column x: 10001 different values in 10001 rows"):
        inferred(columns(table), "y", "x")


def test_there_may_be_more_than_ten_thousand_sites(columns, monkeypatch):
    rows = 2 * 10_001
    table = {"x": [str(row // 2) for row in range(rows)], "y": ["u", "v"] * 10_001}
    table["z"] = [str(row % 7) for row in range(rows)]
    assert inferred(columns(table), "y", "x").site == "x"
    monkeypatch.setattr(inference, "MOST_SITES", 10_000)
    with pytest.raises(TableError, match="x: 10001 different values, and at most 10000"):
        inferred(columns(table), "y", "x")


def test_folders_tell_whose_rows_they_are(columns):
    table = {"x": SPREAD_OUT, "site": repeated("u", "v"), "y": LABEL}
    assert inferred(columns(table, by="site"), "y").site == "site"


def test_a_short_name_need_not_come_as_near(columns):
    table = {"age": ["u", "v"], "clinic": ["u", "v"], "died": ["u", "v"]}
    with pytest.raises(TableError, match=r"did you mean 'died'\?"):
        inferred(columns(table), "death")
