"""NumPy's files of arrays: columns by the arrays' names, nothing unpickled."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from anml_fl.tables.reading.source import read_columns


def save(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


def test_an_array_with_an_axis_is_a_column_and_one_with_two_several(tmp_path):
    x = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0]], np.float32)
    source = save(
        tmp_path / "a.npz",
        x=x,
        label=np.array([" sick", "well", ""]),
        site=np.array([b"a", b"b", "Zürich".encode()]),
        seen=np.array([True, False, True]),
        day=np.array(["2020-01-02", "NaT", "2020-01-03"], "datetime64[D]"),
    )
    found = read_columns(source)
    table = found.table.to_pydict()
    assert table.pop("day")[1] is None
    assert table == {
        "x-0": [1.0, None, 5.0],
        "x-1": [2.0, 4.0, 6.0],
        "label": ["sick", "well", ""],
        "site": ["a", "b", "Zürich"],
        "seen": [True, False, True],
    }
    assert (found.where, found.place(2)) == (source, "row 3")


class Runs:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_objects_are_refused_and_never_unpickled(tmp_path, refusal):
    source = save(tmp_path / "a.npz", x=np.array([Runs(tmp_path / "ran"), None], object))
    assert "array x: it holds Python objects, which could run code" in refusal(
        read_columns, source
    )
    (tmp_path / "b.npz").write_bytes(np.array([Runs(tmp_path / "ran")], object).dumps())
    assert "is no whole .npz file" in refusal(read_columns, str(tmp_path / "b.npz"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({}, "no array in it"),
        ({"x": np.ones((3, 2)), "y": np.ones(2)}, "array y: 2 rows, but array x has 3"),
        ({"x": np.ones((3, 2, 2))}, "array x: it has 3 axes; a column has one"),
        ({"x": np.float64(1)}, "array x: it has 0 axes"),
        ({"x": np.ones(2, complex)}, "array x holds complex128 values"),
        ({"x": np.ones((2, 1)), "x-0": np.ones(2)}, "columns 1 and 2 have the same name"),
        ({"x": np.ones(0)}, "no rows"),
        ({"x": np.array([b"SECRET\xff"])}, "array x: no UTF-8"),
    ],
)
def test_arrays_that_make_no_table_are_told_by_name(tmp_path, refusal, arrays, told):
    assert told in refusal(read_columns, save(tmp_path / "a.npz", **arrays))


def test_a_damaged_file_or_one_of_others_is_told(tmp_path, refusal):
    source = save(tmp_path / "a.npz", x=np.ones(1000))
    whole = (tmp_path / "a.npz").read_bytes()
    for damaged in (whole[:-30], whole[:500] + bytes(500) + whole[1000:], b"", b"SECRET"):
        (tmp_path / "a.npz").write_bytes(damaged)
        assert "is no whole .npz file" in refusal(read_columns, source)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("notes.txt", "SECRET")
    assert "it holds notes.txt, which is no array" in refusal(read_columns, source)
