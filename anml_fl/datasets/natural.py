"""Data sets of pictures: answers of annotators, digits of writers. And Fashion-MNIST.

Annotators: Rodrigues and Pereira: Deep learning from crowds, AAAI 2018. Writers: LeCun,
Cortes, Burges: MNIST; Yadav and Bottou: Cold case: the lost MNIST digits, NeurIPS 2019.
Fashion-MNIST: Xiao, Rasul, Vollgraf, 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.datasets.archive import Array, read_arrays
from anml_fl.datasets.folder import located
from anml_fl.datasets.schema import LARGEST
from anml_fl.datasets.table import Table, TableError, checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_WHOLE = "iu"
_SCENES = (_WHOLE, 0, 7)
_FEATURES = ("iuf", -LARGEST, LARGEST)
_IMAGES = (
    Array("images", ("image", 28, 28), "u", 0, 255),
    Array("labels", ("image",), _WHOLE, 0, 9),
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
    TableError
        If the file is not there, or not as described.
    """
    path = located(folder, "labelme_crowd.npz")
    found = read_arrays(
        path,
        Array("X_train", ("picture", "feature"), *_FEATURES),
        Array("y_train", ("picture",), *_SCENES),
        Array("answers", ("picture", "annotator"), _WHOLE, -1, 7),
        Array("X_test", ("test picture", "feature"), *_FEATURES),
        Array("y_test", ("test picture",), *_SCENES),
    )
    answers, tests = found["answers"], found["y_test"].size
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
    return checked(str(path), table)


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
    TableError
        If the file is not there, or not as described.
    """
    path = located(folder, "mnist_by_writer_180.npz")
    found = read_arrays(
        path,
        *_IMAGES,
        Array("writer", ("image",), _WHOLE, 0, LARGEST),
        Array("hsf", ("image",), _WHOLE, 0, 4),
    )
    numbers, first, holder = np.unique(found["writer"], return_index=True, return_inverse=True)
    kind = found["hsf"][first][holder.ravel()]
    if (odd := ~np.isin(found["hsf"], (0, 4)) | (found["hsf"] != kind)).any():
        place = int(odd.argmax())
        raise TableError(
            f"{path}, array hsf: must be 0 or 4, the same for all of a writer's images, got"
            f" {found['hsf'][place]} at [{place}]"
        )
    return _images(
        path,
        found,
        contributors=tuple(
            f"{'student' if found['hsf'][i] == 4 else 'employee'}-{n:04d}"
            for i, n in zip(first, numbers, strict=True)
        ),
        holder=holder.astype(np.int64).ravel(),
    )


def fashion(folder: str) -> Table:
    """Read Fashion-MNIST's 10,000 test images.

    Parameters
    ----------
    folder : str
        Holds `fashion_mnist_test10k.npz`.

    Raises
    ------
    TableError
        If the file is not there, or not as described.
    """
    path = located(folder, "fashion_mnist_test10k.npz")
    return _images(path, read_arrays(path, *_IMAGES))


def _images(path: Path, found: Mapping[str, NDArray[Any]], **who: Any) -> Table:
    images = found["images"]
    table = Table(
        features=images.reshape(len(images), -1) / 255.0,
        labels=found["labels"].astype(np.int64),
        classes=10,
        image=(1, *images.shape[1:]),
        indicators=np.ones(images[0].size, dtype=bool),
        **who,
    )
    return checked(str(path), table)
