"""Digits: 1,797 handwritten digits of 8 x 8 pixels (Alpaydin, Kaynak, 1998)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.datasets import load_digits

from anml_fl.datasets.table import matrix

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table


def digits(folder: str) -> Table:
    """Read the copy that comes with scikit-learn."""
    x, y = load_digits(return_X_y=True)
    return matrix(x, y, image=(1, 8, 8))
