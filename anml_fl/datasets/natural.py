"""Data sets that say who gathered them: hospitals, annotators, writers. And Fashion-MNIST.

Four hospitals: Janosi, Steinbrunn, Pfisterer, Detrano: Heart disease, UCI, 1989. Annotators:
Rodrigues and Pereira: Deep learning from crowds, AAAI 2018. Writers: LeCun, Cortes, Burges:
MNIST; Yadav and Bottou: Cold case: the lost MNIST digits, NeurIPS 2019. Fashion-MNIST: Xiao,
Rasul, Vollgraf, 2017.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from anml_fl.datasets.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_HEART = "heart_disease_hospitals.csv"
# What is measured, and the categories of the rest; a category that was not noted is none of
# them. The number of vessels, too, is a category: most hospitals could not count them.
_MEASURED = ("age", "trestbps", "chol", "thalach", "oldpeak")
_CATEGORIES = {
    "sex": (1,), "cp": (1, 2, 3, 4), "fbs": (1,), "restecg": (0, 1, 2), "exang": (1,),
    "slope": (1, 2, 3), "ca": (0, 1, 2, 3), "thal": (3, 6, 7),
}  # fmt: skip
# No measurement, pixel or picture feature comes near it.
_LARGEST = 1e9
# Nobody lives with either at zero: the hospitals that write 0 did not measure.
_NEVER_ZERO = ("chol", "trestbps")


def hospitals(folder: str) -> Table:
    """Read heart disease at four hospitals: 920 patients, 14 values, sick or not.

    Parameters
    ----------
    folder : str
        Holds `heart_disease_hospitals.csv`.

    Returns
    -------
    Table
        Missing measurements are nan, a cholesterol of 0 among them.

    Raises
    ------
    OSError
        If the file is not there, or damaged.
    """
    path = _file(folder, _HEART)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, strict=True))
        columns = {
            name: np.array([np.nan if row[name] == "?" else float(row[name]) for row in rows])
            for name in (*_MEASURED, *_CATEGORIES, "num")
        }
        hospital = [row["hospital"] for row in rows]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise OSError(f"{path} is damaged ({error!r}): fetch it again") from error
    for line, row in enumerate(rows, start=2):
        if None in row:
            raise OSError(f"{path}, line {line}: more values than the header has names")
    if (odd := ~np.isin(columns["num"], range(5))).any():
        line = int(np.flatnonzero(odd)[0]) + 2
        raise OSError(
            f"{path}, line {line}: num must be 0 to 4, got {columns['num'][line - 2]}"
        )
    for name in _NEVER_ZERO:
        columns[name][columns[name] == 0] = np.nan
    features = [columns[name] for name in _MEASURED]
    features += [
        (columns[name] == value).astype(np.float64)
        for name, values in _CATEGORIES.items()
        for value in values
    ]
    names = tuple(dict.fromkeys(hospital))
    table = Table(
        features=np.stack(features, axis=1),
        labels=(columns["num"] > 0).astype(np.int64),
        classes=2,
        image=None,
        indicators=np.arange(len(features)) >= len(_MEASURED),
        contributors=names,
        holder=np.array([names.index(name) for name in hospital], dtype=np.int64),
    )
    return _checked(path, table)


def annotators(folder: str) -> Table:
    """Read LabelMe: 1,000 pictures of eight scenes, labelled by 59 people; 1,188 for testing.

    Parameters
    ----------
    folder : str
        Holds `labelme_crowd.npz`.

    Returns
    -------
    Table
        A row an answer; `items` numbers the pictures. Rows for testing come last, with true
        labels.

    Raises
    ------
    OSError
        If the file is not there, or damaged.
    """
    path = _file(folder, "labelme_crowd.npz")
    found = _arrays(path, X_train=2, y_train=1, X_test=2, y_test=1, answers=2)
    answers, tests = found["answers"], found["y_test"].size
    _same_length(path, found, "X_train", "y_train", "answers")
    _same_length(path, found, "X_test", "y_test")
    if answers.dtype.kind not in "iu" or not np.isin(answers, range(-1, 8)).all():
        raise OSError(f"{path} is damaged (answers must be whole, -1 to 7): fetch it again")
    picture, holder = np.nonzero(answers >= 0)
    features = np.concatenate([found["X_train"][picture], found["X_test"]])
    nobody = np.full(tests, -1)
    table = Table(
        features=features.astype(np.float64),
        labels=np.concatenate([answers[picture, holder], found["y_test"]]).astype(np.int64),
        classes=8,
        image=None,
        indicators=np.zeros(features.shape[1], dtype=bool),
        contributors=tuple(f"annotator-{i:02d}" for i in range(answers.shape[1])),
        holder=np.concatenate([holder, nobody]).astype(np.int64),
        truth=np.concatenate([found["y_train"][picture], found["y_test"]]).astype(np.int64),
        items=np.concatenate([picture, len(answers) + np.arange(tests)]).astype(np.int64),
    )
    return _checked(path, table)


def writers(folder: str) -> Table:
    """Read MNIST's digits of 180 writers: 90 employees, and 90 students, who write worse.

    Parameters
    ----------
    folder : str
        Holds `mnist_by_writer_180.npz`.

    Returns
    -------
    Table
        Contributors are called `employee-NUMBER` or `student-NUMBER`.

    Raises
    ------
    OSError
        If the file is not there, or damaged.
    """
    path = _file(folder, "mnist_by_writer_180.npz")
    found = _arrays(path, images=3, labels=1, writer=1, hsf=1)
    _same_length(path, found, "images", "labels", "writer", "hsf")
    if not np.isin(found["hsf"], (0, 4)).all():
        raise OSError(f"{path} is damaged (hsf must be 0 or 4): fetch it again")
    numbers, holder = np.unique(found["writer"], return_inverse=True)
    first = [int(np.flatnonzero(found["writer"] == number)[0]) for number in numbers]
    kinds = ["student" if found["hsf"][i] == 4 else "employee" for i in first]
    return _images(
        path,
        found,
        contributors=tuple(f"{k}-{n:04d}" for k, n in zip(kinds, numbers, strict=True)),
        holder=holder.astype(np.int64).ravel(),
    )


def fashion(folder: str) -> Table:
    """Read Fashion-MNIST's 10,000 test images.

    Parameters
    ----------
    folder : str
        Holds `fashion_mnist_test10k.npz`.

    Returns
    -------
    Table

    Raises
    ------
    OSError
        If the file is not there, or damaged.
    """
    path = _file(folder, "fashion_mnist_test10k.npz")
    found = _arrays(path, images=3, labels=1)
    _same_length(path, found, "images", "labels")
    return _images(path, found)


def _images(path: Path, found: Mapping[str, NDArray[Any]], **who: Any) -> Table:
    images = found["images"]
    if images.dtype != np.uint8:
        raise OSError(f"{path} is damaged (images must be uint8, got {images.dtype})")
    table = Table(
        features=images.reshape(len(images), -1) / 255.0,
        labels=found["labels"].astype(np.int64),
        classes=10,
        image=(1, *images.shape[1:]),
        indicators=np.ones(images[0].size if len(images) else 0, dtype=bool),
        **who,
    )
    return _checked(path, table)


def _checked(path: Path, table: Table) -> Table:
    """Refuse a table that no federation could use; name the file."""
    fault = None
    if not table.labels.size:
        fault = "no rows"
    elif table.labels.min() < 0 or table.labels.max() >= table.classes:
        fault = f"labels must lie in 0 to {table.classes - 1}"
    elif table.truth is not None and not np.isin(table.truth, range(table.classes)).all():
        fault = f"true classes must lie in 0 to {table.classes - 1}"
    elif not (np.abs(table.features) < _LARGEST).all(where=~np.isnan(table.features)):
        fault = "a feature is not finite, or absurdly large"
    elif table.truth is not None and np.isnan(table.features).any():
        fault = "a feature is missing"
    elif table.holder is not None:
        held = np.bincount(table.holder[table.holder >= 0], minlength=len(table.contributors))
        # To train on; and to be tested on, unless others are.
        needed = 1 if (table.holder < 0).any() else 2
        if held.min() < needed:
            who = table.contributors[int(held.argmin())]
            fault = f"{who!r} has {held.min()} rows, and needs {needed}"
        elif odd := [
            n for n in table.contributors if not n.isprintable() or not 0 < len(n) < 65
        ]:
            fault = f"{odd[0][:80]!r} is no name"
    if fault:
        raise OSError(f"{path} is damaged ({fault}): fetch it again")
    return table


def _file(folder: str, name: str) -> Path:
    path = Path(folder) / name
    if not folder or not path.is_file():
        raise OSError(
            f"{name} is not in the folder ANML_DATA_DIR ({folder or 'not set'}): set it to one"
            " that holds it; the README says where it comes from"
        )
    return path


def _arrays(path: Path, **dimensions: int) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {key: found[key] for key in dimensions}
    except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
        raise OSError(f"{path} is damaged ({error}): fetch it again") from error
    for key, wanted in dimensions.items():
        array = arrays[key]
        if array.ndim != wanted or array.dtype.kind not in "iuf":
            raise OSError(
                f"{path} is damaged ({key} must be {wanted}-dimensional numbers, got"
                f" {array.ndim} of {array.dtype}): fetch it again"
            )
    return arrays


def _same_length(path: Path, found: Mapping[str, NDArray[Any]], *names: str) -> None:
    lengths = {name: len(found[name]) for name in names}
    if len(set(lengths.values())) > 1:
        raise OSError(f"{path} is damaged (lengths differ: {lengths}): fetch it again")
