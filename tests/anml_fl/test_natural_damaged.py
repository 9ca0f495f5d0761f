"""Files of natural data sets that are not there, damaged, or of another layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from anml_fl.datasets.sources import load

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
    small: Callable[..., Path], crowd: dict[str, np.ndarray], tmp_path: Path
) -> None:
    path = small("labelme_crowd.npz", **crowd)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(OSError, match=r"labelme_crowd\.npz is damaged"):
        load("labelme")
    lacking = dict(crowd)
    del lacking["answers"]
    small("labelme_crowd.npz", **lacking)
    with pytest.raises(OSError, match=r"damaged.*answers"):
        load("labelme")
    (tmp_path / "heart_disease_hospitals.csv").write_text("hospital,age\nva,63\nva,none\n")
    with pytest.raises(OSError, match=r"heart_disease_hospitals\.csv is damaged"):
        load("heart_disease")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"y_train": np.arange(5)}, "lengths differ"),
        ({"y_test": np.arange(7)}, "lengths differ"),
        ({"answers": np.full((6, 3), 8)}, "answers must be whole, -1 to 7"),
        ({"answers": np.zeros((6, 3))}, "answers must be whole"),
        ({"answers": np.full((6, 3), -1)}, "has 0 rows, and needs 1"),
        ({"answers": np.zeros(6, int)}, "answers must be 2-dimensional numbers, got 1"),
        ({"y_train": np.full(6, 9)}, "true classes must lie in 0 to 7"),
        ({"y_test": np.full(8, 12)}, "labels must lie in 0 to 7"),
        ({"X_train": np.full((6, 4), np.nan, "f4")}, "a feature is missing"),
        ({"X_test": np.full((8, 4), np.inf, "f4")}, "not finite, or absurdly large"),
        ({"X_test": np.full((8, 4), "a")}, "X_test must be 2-dimensional numbers"),
        ({"y_train": np.array([None] * 6)}, "damaged"),
    ],
)
def test_annotators_files_that_cannot_be_are_refused(
    small: Callable[..., Path],
    crowd: dict[str, np.ndarray],
    changed: dict[str, np.ndarray],
    said: str,
) -> None:
    small("labelme_crowd.npz", **(crowd | changed))
    with pytest.raises(OSError, match=r"labelme_crowd\.npz is damaged") as caught:
        load("labelme")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"labels": np.zeros(3, int)}, "lengths differ"),
        ({"writer": np.array([1, 1, 2, 3])}, "has 1 rows, and needs 2"),
        ({"hsf": np.array([0, 0, 9, 9])}, "hsf must be 0 or 4"),
        ({"labels": np.array([0, 1, 2, 14])}, "labels must lie in 0 to 9"),
        ({"images": np.zeros((4, 28, 28))}, "images must be uint8, got float64"),
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
    with pytest.raises(OSError, match=r"mnist_by_writer_180\.npz is damaged") as caught:
        load("mnist_writers")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,?", "num must be 0 to 4, got nan"),
        ("va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,7", "line 4: num must be 0 to 4, got 7"),
        ("va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,0,9", "line 4: more values"),
        ("va,1e300,1,1,145,233,1,2,150,0,2.3,3,0,6,0", "absurdly large"),
        ("va,63,1,1", "damaged"),
        ("boston,63,1,1,145,233,1,2,150,0,2.3,3,0,6,0", "'boston' has 1 rows, and needs 2"),
    ],
)
def test_hospitals_rows_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, said: str
) -> None:
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    good = "va,63,1,1,145,233,1,2,150,0,2.3,3,0,6,0"
    head = (
        "hospital,age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num"
    )
    path = tmp_path / "heart_disease_hospitals.csv"
    path.write_text("\ufeff" + "\r\n".join([head, good, good]))
    assert load("heart_disease").contributors == ("va",)
    load.__globals__["_load"].cache_clear()
    path.write_text("\n".join([head, good, good, row]))
    with pytest.raises(OSError, match=r"heart_disease_hospitals\.csv") as caught:
        load("heart_disease")
    assert said in str(caught.value)
