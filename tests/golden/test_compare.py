"""What `make golden` says where two outputs differ, and that it is silent where they don't."""

import importlib.util
import json
import sqlite3
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

_SPEC = importlib.util.spec_from_file_location(
    "compare", Path(__file__).with_name("compare.py")
)
compare = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compare)


@pytest.fixture
def sides(tmp_path):
    """Make a folder for each side, and compare a file that `write` makes in both."""
    folders = tmp_path / "before", tmp_path / "after"
    for folder in folders:
        folder.mkdir()

    def found(name, write, old, new):
        for folder, content in zip(folders, (old, new), strict=True):
            if content is not None:
                write(folder / name, content)
        return list(compare.differences(*folders))

    return found


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("a.txt", "one\ntwo\n", "one\ntoo\n", "line 2: column 2: 'two' before, 'too' now"),
        ("a.txt", "one\ntwo\n", "one\ntwo\n\n", "3 lines before, 4 now"),
        ("a.txt", "one", None, "is not made any more"),
        ("a.txt", None, "one", "was not made before"),
        (
            "a.json",
            '{"a": [1, 2]}',
            '{"a": [1, 2.0]}',
            ".a[1]: column 2: '2' before, '2.0' now",
        ),
        ("a.json", '{"a": 1}', '{"a": 1, "b": 2}', ".b: only now"),
        ("a.json", '{"a": [1]}', '{"a": [1, 2]}', ".a: 1 items before, 2 now"),
        ("a.json", "[1, 2]", "[1,2]", "the same JSON, written in another way"),
        ("a.json", '{"a": "1"}', '{"a": 1}', ".a: column 2: '1' before, '1' now"),
        ("a.jsonl", "{}\n[1]", "{}\n[3]", "line 2[0]: column 1: '1' before, '3' now"),
    ],
)
def test_a_difference_is_named_by_its_file_and_place(sides, name, old, new, said):
    assert sides(name, Path.write_text, old, new) == [f"{name}: {said}"]


def test_equal_folders_say_nothing(sides):
    assert sides("a.txt", Path.write_text, "one", "one") == []


def _table(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_what_a_clock_measured_is_passed_over_and_nothing_else_of_a_table(sides):
    def rows(error, seconds):
        return [{"metric": "error", "value": error}, {"metric": "seconds", "value": seconds}]

    assert sides("a.parquet", _table, rows(0.1, 3.0), rows(0.1, 4.0)) == []
    (said,) = sides("a.parquet", _table, rows(0.1, 3.0), rows(0.2, 3.0))
    assert said.startswith("a.parquet: .rows[0].value: ")


def test_a_table_that_measures_something_else_differs(sides):
    old, new = [{"metric": "seconds", "value": 1.0}], [{"metric": "bytes", "value": 1.0}]
    assert len(sides("a.parquet", _table, old, new)) == 1


def test_models_are_compared_to_the_last_bit(sides):
    def model(last):
        return {"w": np.array([1.0, last], dtype=np.float32)}

    def write(path, arrays):
        save_file(arrays, path)

    assert sides("m.safetensors", write, model(2.0), model(2.0)) == []
    (said,) = sides("m.safetensors", write, model(0.0), model(-0.0))
    assert said.startswith("m.safetensors: .w[2]: ")


def test_models_may_not_differ_in_what_their_metadata_says(sides):
    def write(path, text):
        save_file({"w": np.zeros(1)}, path, metadata={"anml": json.dumps({"round": text})})

    (said,) = sides("m.safetensors", write, 1, 2)
    assert said == "m.safetensors: .metadata.anml.round: column 1: '1' before, '2' now"


def test_a_database_is_compared_by_what_it_holds(sides):
    def write(path, values):
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE t (x)")
            connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
        connection.close()

    assert sides("a.db", write, [1, 2], [1, 2]) == []
    (said,) = sides("a.db", write, [1, 2], [1, 3])
    assert "VALUES(2)" in said
    assert "VALUES(3)" in said
