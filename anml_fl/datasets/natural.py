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
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = tuple(dict.fromkeys(row.get("hospital", "") for row in rows))
    try:
        columns = {
            name: np.array([np.nan if row[name] == "?" else float(row[name]) for row in rows])
            for name in (*_MEASURED, *_CATEGORIES, "num")
        }
    except (KeyError, TypeError, ValueError) as error:
        raise OSError(f"{path} is damaged ({error!r}): fetch it again") from error
    for name in _NEVER_ZERO:
        columns[name][columns[name] == 0] = np.nan
    features = [columns[name] for name in _MEASURED]
    features += [
        (columns[name] == value).astype(np.float64)
        for name, values in _CATEGORIES.items()
        for value in values
    ]
    return Table(
        features=np.stack(features, axis=1),
        labels=(columns["num"] > 0).astype(np.int64),
        classes=2,
        image=None,
        indicators=np.arange(len(features)) >= len(_MEASURED),
        contributors=names,
        holder=np.array([names.index(row["hospital"]) for row in rows]),
    )


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
    found = _arrays(folder, "labelme_crowd.npz", "X_train y_train X_test y_test answers")
    answers, tests = found["answers"], found["y_test"].size
    picture, holder = np.nonzero(answers >= 0)
    features = np.concatenate([found["X_train"][picture], found["X_test"]])
    nobody = np.full(tests, -1)
    return Table(
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
    found = _arrays(folder, "mnist_by_writer_180.npz", "images labels writer hsf")
    numbers, holder = np.unique(found["writer"], return_inverse=True)
    first = [int(np.flatnonzero(found["writer"] == number)[0]) for number in numbers]
    kinds = ["student" if found["hsf"][i] == 4 else "employee" for i in first]
    return _images(
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
    return _images(_arrays(folder, "fashion_mnist_test10k.npz", "images labels"))


def _images(found: Mapping[str, NDArray[Any]], **who: Any) -> Table:
    images = found["images"]
    return Table(
        features=images.reshape(len(images), -1) / 255.0,
        labels=found["labels"].astype(np.int64),
        classes=10,
        image=(1, *images.shape[1:]),
        indicators=np.ones(images[0].size, dtype=bool),
        **who,
    )


def _file(folder: str, name: str) -> Path:
    path = Path(folder) / name
    if not folder or not path.is_file():
        raise OSError(
            f"{name} is not in the folder ANML_DATA_DIR ({folder or 'not set'}): set it to one"
            " that holds it; the README says where it comes from"
        )
    return path


def _arrays(folder: str, name: str, wanted: str) -> dict[str, NDArray[Any]]:
    path = _file(folder, name)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {key: found[key] for key in wanted.split()}
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise OSError(f"{path} is damaged ({error}): fetch it again") from error
