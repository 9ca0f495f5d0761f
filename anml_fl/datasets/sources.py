"""The data sets by name, as plain matrices: features and integer labels."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import datasets as sklearn_datasets

from anml_fl.datasets import natural, uci
from anml_fl.datasets.hospitals import hospitals
from anml_fl.datasets.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

# The paper's Covertype has this many rows (Table 6).
_COVERTYPE_ROWS = 20_000


def load(name: str) -> Table:
    """Load a data set by name; a second call returns the same arrays, read-only.

    Parameters
    ----------
    name : str
        One of `SOURCES`. Wine, Breast Cancer and Digits come with scikit-learn; Adult
        and Covertype from the folder `ANML_DATA_DIR`, or by scikit-learn's fetchers; the
        others from the folder alone.

    Raises
    ------
    ValueError
        If the name is unknown; it lists the known ones.
    OSError
        If the data can be had neither from `ANML_DATA_DIR` nor from the network; a
        `TableError` if they are not what they must be.

    Examples
    --------
    >>> load("wine").features.shape, load("wine").classes
    ((178, 13), 3)
    """
    if name not in SOURCES:
        raise ValueError(f"unknown data set {name!r}; known: {', '.join(SOURCES)}")
    return _load(name, os.environ.get("ANML_DATA_DIR", ""))


@cache
def _load(name: str, folder: str) -> Table:
    table = SOURCES[name](folder)
    for array in (
        table.features, table.labels, table.indicators, table.holder, table.truth, table.items
    ):  # fmt: skip
        if array is not None:
            array.setflags(write=False)
    return table


def _table(
    features: Any,
    labels: Any,
    image: tuple[int, int, int] | None = None,
    indicators: NDArray[np.bool_] | None = None,
) -> Table:
    x = np.array(features, dtype=np.float64)
    names, y = np.unique(np.asarray(labels), return_inverse=True)
    if indicators is None:
        indicators = np.zeros(x.shape[1], dtype=bool)
    return Table(x, y.astype(np.int64).ravel(), len(names), image, indicators)


def _digits(folder: str) -> Table:
    x, y = sklearn_datasets.load_digits(return_X_y=True)
    return _table(x, y, image=(1, 8, 8))


def _wine(folder: str) -> Table:
    return _table(*sklearn_datasets.load_wine(return_X_y=True))


def _breast_cancer(folder: str) -> Table:
    return _table(*sklearn_datasets.load_breast_cancer(return_X_y=True))


def _adult(folder: str) -> Table:
    path = Path(folder) / "adult_train.csv.gz"
    if folder and path.is_file():
        return uci.read_gzipped(path, uci.ADULT)
    fetched = _fetched(
        "adult",
        lambda: sklearn_datasets.fetch_openml(
            "adult", version=2, as_frame=False, parser="liac-arff"
        ),
    )
    # Categories arrive as codes, and what is missing as NaN.
    decoded: list[Any] = []
    for name, column in zip(fetched.feature_names, fetched.data.T, strict=True):
        kinds = fetched.categories.get(name)
        decoded.append(
            column
            if kinds is None
            else ["?" if np.isnan(code) else kinds[int(code)] for code in column]
        )
    return _one_hot(decoded, fetched.target)


def _covertype(folder: str) -> Table:
    path = Path(folder) / "covtype_20k.csv.gz"
    if folder and path.is_file():
        return uci.read_gzipped(path, uci.COVERTYPE)
    features, labels = _fetched(
        "covertype", lambda: sklearn_datasets.fetch_covtype(return_X_y=True)
    )
    chosen = np.random.default_rng(0).permutation(len(labels))[:_COVERTYPE_ROWS]
    return _table(features[chosen], labels[chosen])


def _one_hot(columns: Any, labels: Any) -> Table:
    """Numbers as they are; any other column as one indicator a category, `?` included."""
    blocks, indicators = [], []
    for column in columns:
        try:
            block = np.array(column, dtype=np.float64)[:, None]
        except ValueError:
            values = np.array(column, dtype=str)
            block = (values[:, None] == np.unique(values)[None, :]).astype(np.float64)
            indicators += [True] * block.shape[1]
        else:
            indicators.append(False)
        blocks.append(block)
    return _table(np.hstack(blocks), labels, indicators=np.array(indicators))


def _fetched(name: str, fetch: Callable[[], Any]) -> Any:
    try:
        return fetch()
    except OSError as error:
        raise OSError(
            f"data set {name!r} was found neither in ANML_DATA_DIR"
            f" ({os.environ.get('ANML_DATA_DIR') or 'not set'}) nor on the network ({error});"
            f" set ANML_DATA_DIR to a folder that holds it, or choose digits, wine or"
            f" breast_cancer, which come with scikit-learn"
        ) from error


SOURCES: Mapping[str, Callable[[str], Table]] = {
    "digits": _digits,
    "wine": _wine,
    "breast_cancer": _breast_cancer,
    "adult": _adult,
    "covertype": _covertype,
    "fashion_mnist": natural.fashion,
    "heart_disease": hospitals,
    "labelme": natural.annotators,
    "mnist_writers": natural.writers,
}
