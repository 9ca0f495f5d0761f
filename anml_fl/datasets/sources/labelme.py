"""LabelMe, labelled by a crowd: Rodrigues, Pereira: Deep learning from crowds, AAAI 2018."""

from __future__ import annotations

import numpy as np

from anml_fl.datasets.archive import Array, read_arrays
from anml_fl.datasets.folder import located
from anml_fl.datasets.schema import LARGEST
from anml_fl.datasets.table import Table, checked

_SCENES = ("iu", 0, 7)
_FEATURES = ("iuf", -LARGEST, LARGEST)


def labelme(folder: str) -> Table:
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
        Array("answers", ("picture", "annotator"), "iu", -1, 7),
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
