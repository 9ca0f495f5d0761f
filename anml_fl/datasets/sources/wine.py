"""Wine: 178 wines of three cultivars (Aeberhard, Forina, 1991)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.datasets import load_wine

from anml_fl.datasets.table import matrix

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table


def wine(folder: str) -> Table:
    """Read the copy that comes with scikit-learn."""
    return matrix(*load_wine(return_X_y=True))
