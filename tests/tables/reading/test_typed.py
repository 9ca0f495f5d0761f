"""Parquet and frames: types are kept, and what is no single value is refused."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from scipy.sparse import csr_array

from anml_fl.tables.reading.frames import frame_columns
from anml_fl.tables.reading.source import read_columns

pd = pytest.importorskip("pandas")


def parquet(path, columns):
    pq.write_table(pa.table(columns), path)
    return read_columns(str(path))


def test_parquet_keeps_types_and_what_is_no_number_is_missing(tmp_path):
    day = dt.date(2020, 1, 2)
    found = parquet(
        tmp_path / "a.parquet",
        {
            "n": pa.array([1, None, 3]),
            "x": pa.array([1.5, float("nan"), None]),
            "half": pa.array([1, 2, None], pa.float16()),
            "kind": pa.array(["a ", " b", None]).dictionary_encode(),
            "large": pa.array(["\xa0c", "", "d"], pa.large_string()),
            "day": pa.array([day, None, day]),
            "yes": pa.array([True, False, None]),
            "none": pa.nulls(3),
        },
    )
    assert found.table.to_pydict() == {
        "n": [1, None, 3],
        "x": [1.5, None, None],
        "half": [1, 2, None],
        "kind": ["a", "b", None],
        "large": ["c", "", "d"],
        "day": [day, None, day],
        "yes": [True, False, None],
        "none": [None] * 3,
    }
    kinds = "int64 double float string string date32[day] bool string"
    assert " ".join(map(str, found.table.schema.types)) == kinds
    assert found.place(0) == "row 1"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (pa.array([["SECRET"]]), "column remark: each cell holds several values (a list)"),
        (pa.array([{"a": "SECRET"}]), "column remark: each cell holds several values (a st"),
        (pa.array([b"SECRET"]), "column remark: each cell holds bytes"),
        (pa.array([b"SECRET"], pa.binary(6)), "column remark: each cell holds bytes"),
        (pa.array([], pa.string()), "no rows"),
    ],
)  # fmt: skip
def test_columns_of_no_single_values_are_refused_by_name(tmp_path, refusal, cells, told):
    assert told in refusal(parquet, tmp_path / "a.parquet", {"remark": cells})
    assert told in refusal(frame_columns, pa.table({"remark": cells}))


def test_a_damaged_parquet_file_is_told(tmp_path, refusal):
    parquet(tmp_path / "a.pq", {"x": ["SECRET"] * 100})
    whole = (tmp_path / "a.pq").read_bytes()
    for damaged in (whole[:-20], b"", b"SECRET"):
        (tmp_path / "a.pq").write_bytes(damaged)
        assert "is no whole Parquet file" in refusal(read_columns, str(tmp_path / "a.pq"))


FRAME = {"age": [63.0, None], "job": ["clerk", "cook"], "n": [1, 2]}


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame(FRAME, index=["r", "s"]),
        pd.DataFrame(FRAME).astype({"job": "category"}),
        pa.table(FRAME),
        pa.RecordBatch.from_pydict(FRAME),
        {
            "age": np.array([63.0, np.nan]),
            "job": ["clerk", " cook"],
            "n": torch.tensor([1, 2]),
        },
    ],
    ids=["pandas", "pandas categories", "arrow table", "arrow batch", "dict"],
)
def test_a_frame_is_taken_whatever_made_it(data):
    found = frame_columns(data)
    assert found.table.to_pydict() == FRAME
    assert (found.place(1), found.by, found.pixels) == ("row 2", "", None)


class Streams:
    """A frame of a library of which nothing is known but that it speaks Arrow."""

    def __arrow_c_stream__(self, requested_schema=None):
        return pa.table(FRAME).__arrow_c_stream__(requested_schema)


class Turns:
    columns = ()

    def to_arrow(self):
        return pa.table(FRAME)


@pytest.mark.parametrize("data", [Streams(), Turns()])
def test_a_frame_of_another_library_is_taken_by_arrow(data):
    assert frame_columns(data).table.to_pydict() == FRAME


@pytest.mark.parametrize(
    "data",
    [np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], torch.tensor([[1, 2], [3, 4]]),
     pd.DataFrame([[1, 2], [3, 4]])],
)  # fmt: skip
def test_a_matrix_is_taken_with_labels_and_sites_beside_it(data):
    named = None if isinstance(data, pd.DataFrame) else ["0", "1"]
    found = frame_columns(data, labels=pd.Series(["a", "b"]), sites=["x", "y"], names=named)
    assert found.table.to_pydict() == {
        "0": [1, 3], "1": [2, 4], "label": ["a", "b"], "site": ["x", "y"]
    }  # fmt: skip
    assert found.by == "site"
    assert frame_columns(np.ones((1, 2))).table.column_names == ["x0", "x1"]


def test_cells_of_several_kinds_are_read_as_a_text_file_would_have_them():
    cells = [1, "two", None, 2.5, True, decimal.Decimal("1.50"), pd.NA, float("nan")]
    for data in (pd.DataFrame({"x": pd.Series(cells, dtype=object)}), {"x": cells}):
        found = frame_columns(data).table.column("x").to_pylist()
        assert found == ["1", "two", None, "2.5", "True", "1.50", None, None]


@pytest.mark.parametrize(
    ("data", "named", "told"),
    [
        ({"x": [1, {"SECRET": 1}]}, {}, "column x holds dict values among others"),
        (pd.DataFrame({"x": [1, object()]}), {}, "column x holds object values among others"),
        ({"x": [1, 2], "y": ["SECRET"]}, {}, "column y: 1 values, but column x has 2"),
        ({"x": np.ones((2, 2))}, {}, "column x: 2 axes; a column has one"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, "columns 1 and 2 have the same name"),
        ({}, {}, "no columns"),
        (pd.DataFrame({"x": []}), {}, "no rows"),
        ({"x": [1, 2]}, {"labels": ["SECRET"]}, "labels: 1 values, but the data have 2 rows"),
        ({"label": [1]}, {"labels": [1]}, "there is a column 'label' already"),
        ({"site": [1]}, {"sites": [1]}, "there is a column 'site' already"),
        ({"x": [1]}, {"names": ["y"]}, "names are for an array"),
        (np.ones((2, 2)), {"names": ["y"]}, "1 names for 2 columns"),
        (np.ones(2), {}, "ndarray with 1 axes"),
        ([["SECRET"], [1, 2]], {}, "list with 1 axes"),
        ("SECRET.csv", {}, "a text; give a data frame"),
        (3, {}, "int with 0 axes"),
        (csr_array(np.ones((2, 2))), {}, "a sparse matrix; give data.toarray()"),
    ],
)
def test_what_makes_no_table_is_told(refusal, data, named, told):
    assert told in refusal(frame_columns, data, **named)
