"""Adult: who earns over 50,000 $ a year, by the US census of 1994 (Becker, Kohavi, 1996)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import fetch_openml

from anml_fl.datasets.fetching import fetched
from anml_fl.datasets.gzipped import read_gzipped
from anml_fl.datasets.schema import Category, Label, Measured, Schema
from anml_fl.datasets.table import matrix

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table


def _category(name: str, values: str) -> Category:
    return Category(name, tuple(values.split()))


# What is not known, `?`, is a category like the others: who does not say is like none of them.
SCHEMA = Schema(
    (
        Measured("age", 0, 130),
        _category(
            "workclass",
            "? Federal-gov Local-gov Never-worked Private Self-emp-inc Self-emp-not-inc"
            " State-gov Without-pay",
        ),
        Measured("fnlwgt", 0),
        _category(
            "education",
            "10th 11th 12th 1st-4th 5th-6th 7th-8th 9th Assoc-acdm Assoc-voc Bachelors"
            " Doctorate HS-grad Masters Preschool Prof-school Some-college",
        ),
        Measured("education-num", 1, 16),
        _category(
            "marital-status",
            "Divorced Married-AF-spouse Married-civ-spouse Married-spouse-absent Never-married"
            " Separated Widowed",
        ),
        _category(
            "occupation",
            "? Adm-clerical Armed-Forces Craft-repair Exec-managerial Farming-fishing"
            " Handlers-cleaners Machine-op-inspct Other-service Priv-house-serv Prof-specialty"
            " Protective-serv Sales Tech-support Transport-moving",
        ),
        _category(
            "relationship", "Husband Not-in-family Other-relative Own-child Unmarried Wife"
        ),
        _category("race", "Amer-Indian-Eskimo Asian-Pac-Islander Black Other White"),
        _category("sex", "Female Male"),
        Measured("capital-gain", 0),
        Measured("capital-loss", 0),
        Measured("hours-per-week", 0, 168),
        _category(
            "native-country",
            "? Cambodia Canada China Columbia Cuba Dominican-Republic Ecuador El-Salvador"
            " England France Germany Greece Guatemala Haiti Holand-Netherlands Honduras Hong"
            " Hungary India Iran Ireland Italy Jamaica Japan Laos Mexico Nicaragua"
            " Outlying-US(Guam-USVI-etc) Peru Philippines Poland Portugal Puerto-Rico Scotland"
            " South Taiwan Thailand Trinadad&Tobago United-States Vietnam Yugoslavia",
        ),
    ),
    label=Label("income", (("<=50K",), (">50K",))),
    missing=(),
)
"""What a table of people must hold."""


def adult(folder: str) -> Table:
    """Read Adult from the folder of data files, or by scikit-learn's fetcher."""
    path = Path(folder) / "adult_train.csv.gz"
    if folder and path.is_file():
        return read_gzipped(path, SCHEMA)
    found = fetched(
        "adult",
        lambda: fetch_openml("adult", version=2, as_frame=False, parser="liac-arff"),
    )
    # Categories arrive as codes, and what is missing as NaN.
    decoded: list[Any] = []
    for name, column in zip(found.feature_names, found.data.T, strict=True):
        kinds = found.categories.get(name)
        decoded.append(
            column
            if kinds is None
            else ["?" if np.isnan(code) else kinds[int(code)] for code in column]
        )
    return _one_hot(decoded, found.target)


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
    return matrix(np.hstack(blocks), labels, indicators=np.array(indicators))
