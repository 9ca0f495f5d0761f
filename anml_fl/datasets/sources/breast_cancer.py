"""Breast Cancer Wisconsin: 569 tumours (Wolberg, Mangasarian, Street, 1995)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.datasets import load_breast_cancer

from anml_fl.datasets.table import matrix

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table


def breast_cancer(folder: str) -> Table:
    """Read the copy that comes with scikit-learn."""
    return matrix(*load_breast_cancer(return_X_y=True))
