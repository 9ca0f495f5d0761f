"""Files of natural data sets that are not there, damaged, or of another layout."""

from __future__ import annotations

import io
import pickle
import traceback
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anml_fl.datasets.archive import Array, read_arrays
from anml_fl.datasets.loading import load
from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    "name", ["heart_disease", "labelme", "mnist_writers", "fashion_mnist"]
)
def test_what_is_not_there_is_named_with_what_would_help(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    with pytest.raises(OSError, match=r"is not in the folder ANML_DATA_DIR \(.*\): set it to"):
        load(name)
    monkeypatch.delenv("ANML_DATA_DIR")
    with pytest.raises(OSError, match=r"ANML_DATA_DIR \(not set\)"):
        load(name)


def test_damaged_files_are_refused(
    small: Callable[..., Path], crowd: dict[str, np.ndarray]
) -> None:
    path = small("labelme_crowd.npz", **crowd)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(OSError, match=r"labelme_crowd\.npz is damaged"):
        load("labelme")
    lacking = dict(crowd)
    del lacking["answers"]
    small("labelme_crowd.npz", **lacking)
    with pytest.raises(OSError, match=r"labelme_crowd\.npz: it has no array 'answers'"):
        load("labelme")


ANSWER = "array answers: must be whole numbers"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"y_train": np.arange(5)}, "y_train: it has 5 pictures, and array X_train has 6"),
        ({"y_test": np.arange(7)}, "y_test: it has 7 test pictures, and array X_test has 8"),
        ({"X_test": np.zeros((8, 5))}, "it has 5 features, and array X_train has 4"),
        ({"answers": np.full((6, 3), 8)}, f"{ANSWER} from -1 to 7, got 8 at [0, 0]"),
        ({"answers": np.full((6, 3), -2)}, f"{ANSWER} from -1 to 7, got -2 at [0, 0]"),
        ({"answers": np.zeros((6, 3))}, f"{ANSWER}, pictures x annotators, got float64 of"),
        ({"answers": np.full((6, 3), -1)}, "labelme_crowd.npz: no rows"),
        ({"answers": np.eye(6, 3, dtype=int) - 1}, "labelme_crowd.npz: its rows (3) are all"),
        (
            {"answers": np.array([[-1, i, i] for i in range(6)])},
            "rows of 'annotator-00': 0; everybody needs 1",
        ),
        ({"answers": np.zeros(6, int)}, f"{ANSWER}, pictures x annotators, got int64 of sha"),
        ({"answers": np.full((6, 3), 2)}, "its rows (18) are all of class 2; two classes"),
        ({"answers": np.zeros((6, 0), int)}, "array answers: it is empty"),
        (
            {"y_train": np.full(6, 9)},
            "y_train: must be whole numbers from 0 to 7, got 9 at [0]",
        ),
        ({"y_train": np.arange(6.0)}, "y_train: must be whole numbers, pictures, got float64"),
        ({"y_train": np.arange(6) > 2}, "y_train: must be whole numbers, pictures, got bool"),
        (
            {"y_train": np.arange(6) * 1j},
            "y_train: must be whole numbers, pictures, got compl",
        ),
        ({"y_test": np.full(8, 2**63, "u8")}, "whole numbers from 0 to 7, got 9223372036854"),
        ({"y_test": np.full(8, 3)}, "its test rows (8) are all of class 3; two classes"),
        (
            {"X_train": np.full((6, 4), np.nan, "f4")},
            "from -1e+09 to 1e+09, got nan at [0, 0]",
        ),
        ({"X_test": np.full((8, 4), np.inf, "f4")}, "from -1e+09 to 1e+09, got inf at [0, 0]"),
        (
            {"X_test": np.full((8, 4), "a")},
            "X_test: must be numbers, test pictures x features",
        ),
        ({"y_train": np.array([None] * 6)}, "is damaged, or no archive of NumPy's arrays"),
    ],
)
def test_annotators_files_that_cannot_be_are_refused(
    small: Callable[..., Path],
    crowd: dict[str, np.ndarray],
    changed: dict[str, np.ndarray],
    said: str,
) -> None:
    small("labelme_crowd.npz", **(crowd | changed))
    with pytest.raises(TableError, match=r"labelme_crowd\.npz") as caught:
        load("labelme")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"labels": np.zeros(3, int)}, "it has 3 images, and array images has 4"),
        ({"writer": np.array([1, 1, 2, 3])}, "rows of 'student-0002': 1; everybody needs 2"),
        ({"writer": np.array([-1, -1, 3, 3])}, "from 0 to 1e+09, got -1 at [0]"),
        ({"writer": np.array([1.5, 1.5, 3, 3])}, "array writer: must be whole numbers"),
        (
            {"hsf": np.array([0, 0, 9, 9])},
            "array hsf: must be whole numbers from 0 to 4, got 9",
        ),
        ({"hsf": np.array([0, 0, 3, 3])}, "array hsf: must be 0 or 4, the same for all"),
        ({"hsf": np.array([0, 4, 4, 4])}, "all of a writer's images, got 4 at [1]"),
        ({"labels": np.array([0, 1, 2, 14])}, "labels: must be whole numbers from 0 to 9"),
        ({"labels": np.array([5, 5, 5, 5])}, "its rows (4) are all of class 5"),
        ({"images": np.zeros((4, 28, 28))}, "images x 28 x 28, got float64 of shape"),
        (
            {"images": np.zeros((4, 28, 27), np.uint8)},
            "images x 28 x 28, got shape (4, 28, 27)",
        ),
    ],
)
def test_writers_files_that_cannot_be_are_refused(
    small: Callable[..., Path], changed: dict[str, np.ndarray], said: str
) -> None:
    arrays = {
        "images": np.zeros((4, 28, 28), np.uint8),
        "labels": np.arange(4),
        "writer": np.array([7, 7, 9, 9]),
        "hsf": np.array([0, 0, 4, 4]),
    }
    small("mnist_by_writer_180.npz", **arrays)
    assert load("mnist_writers").contributors == ("employee-0007", "student-0009")
    load.__globals__["_load"].cache_clear()
    small("mnist_by_writer_180.npz", **(arrays | changed))
    with pytest.raises(TableError, match=r"mnist_by_writer_180\.npz") as caught:
        load("mnist_writers")
    assert said in str(caught.value)


# ── Archives that are none ──────────────────────────────────────────────────────────────────

NUMBERS = Array("numbers", ("row",), "f", 0, 1e9)
SECRET = 271828.1828


def archive(compressed: bool = True) -> bytes:
    file = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(file, numbers=np.full(64, SECRET), others=np.arange(3))
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as whole:
        for name, content in members.items():
            whole.writestr(f"{name}.npy", content)
    return file.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"numbers,others\n271828.1828,0\n",
        b"PK\x03\x04" + bytes(100),
        pickle.dumps({"numbers": [SECRET]}),
        zipped(numbers=b""),
        zipped(numbers=b"271828.1828"),
        zipped(numbers=pickle.dumps([SECRET])),
        zipped(numbers=header("271828.1828\n")),
        zipped(numbers=header("{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }\n")),
        zipped(
            numbers=header(
                f"{{'descr': '<f8', 'fortran_order': False, 'shape': {2**60, 8}}}\n"
            )
        ),
        zipped(numbers=header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}\n")),
        zipped(numbers=header("(" * 3000 + "271828.1828\n")),
    ],
)
def test_what_is_no_archive_is_told_without_a_word_of_it(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"a\.npz") as caught:
        read_arrays(path, NUMBERS)
    told = "".join(traceback.format_exception(caught.value))
    assert "271828" not in told
    assert len(str(caught.value)) < 200 + len(str(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    compressed=st.booleans(),
    damage=st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6
    ),
)
def test_no_damage_gets_through_as_another_error(
    compressed: bool, damage: list[tuple[int, int]], tmp_path: Path
) -> None:
    content = bytearray(archive(compressed))
    for place, byte in damage:
        content[place % len(content)] = byte
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    try:
        found = read_arrays(path, NUMBERS)["numbers"]
    except TableError:
        return
    # Its checksum holds, so it is as it was.
    np.testing.assert_array_equal(found, np.full(64, SECRET))


# ── Hospitals ───────────────────────────────────────────────────────────────────────────────

HEAD = "hospital,age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,?",
            "line 4, column num: must be 0, 1, 2, 3 or 4, got '?'",
        ),
        (
            "va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,7",
            "line 4, column num: must be 0, 1, 2, 3 or",
        ),
        (
            "va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,0,9",
            "line 4: 16 values, but the header has 15",
        ),
        (
            "va,1e300,1,1,145,233,1,2,150,0,2.3,3,0,6,0",
            "column age: must be a number from 0 to",
        ),
        (
            "va,63,1,1,145,5.2,1,2,150,0,2.3,3,0,6,0",
            "column chol: must be a number from 20 to",
        ),
        (
            "va,63,1,1,145,233,1,2,150,0,2.3,3,0,2,0",
            "column thal: must be 3, 6 or 7, or missing",
        ),
        ("va,63,2,1,145,233,1,2,150,0,2.3,3,0,3,0", "column sex: must be 0 or 1, or missing"),
        ("va,63,1,1", "line 4: 4 values, but the header has 15 names"),
        (
            "Va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,0",
            "'va' (line 2) and 'Va' (line 4) differ in",
        ),
        (
            "boston,63,1,1,145,233,1,2,150,0,2.3,3,0,6,0",
            "rows of 'boston': 1; everybody needs 2",
        ),
    ],
)
def test_hospitals_rows_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, said: str
) -> None:
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    good = "va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,"
    path = tmp_path / "heart_disease_hospitals.csv"
    path.write_text("\ufeff" + "\r\n".join([HEAD, good + "0", good + "1"]))
    assert load("heart_disease").contributors == ("va",)
    load.__globals__["_load"].cache_clear()
    path.write_text("\n".join([HEAD, good + "0", good + "1", row]))
    with pytest.raises(OSError, match=r"heart_disease_hospitals\.csv") as caught:
        load("heart_disease")
    assert said in str(caught.value)
