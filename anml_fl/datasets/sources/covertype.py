"""Covertype: what grows on patches of forest (Blackard, Dean, 1999)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import fetch_covtype

from anml_fl.datasets.fetching import fetched
from anml_fl.datasets.gzipped import read_gzipped
from anml_fl.datasets.schema import Label, Measured, Schema
from anml_fl.datasets.table import matrix

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table

# The paper's Covertype has this many rows (Table 6).
_ROWS = 20_000

SCHEMA = Schema(
    (
        Measured("Elevation", -500, 9000),
        Measured("Aspect", 0, 360),
        Measured("Slope", 0, 90),
        Measured("Horizontal_Distance_To_Hydrology", 0),
        Measured("Vertical_Distance_To_Hydrology", -9000, 9000),
        Measured("Horizontal_Distance_To_Roadways", 0),
        *(Measured(f"Hillshade_{time}", 0, 255) for time in ("9am", "Noon", "3pm")),
        Measured("Horizontal_Distance_To_Fire_Points", 0),
        *(Measured(f"Wilderness_Area{i}", 0, 1) for i in range(1, 5)),
        *(Measured(f"Soil_Type{i}", 0, 1) for i in range(1, 41)),
    ),
    label=Label("Cover_Type", tuple((str(i),) for i in range(1, 8))),
    missing=(),
)
"""What a table of patches of forest must hold; areas and soils are 0 or 1."""


def covertype(folder: str) -> Table:
    """Read Covertype from the folder of data files, or by scikit-learn's fetcher."""
    path = Path(folder) / "covtype_20k.csv.gz"
    if folder and path.is_file():
        return read_gzipped(path, SCHEMA)
    features, labels = fetched("covertype", lambda: fetch_covtype(return_X_y=True))
    chosen = np.random.default_rng(0).permutation(len(labels))[:_ROWS]
    return matrix(features[chosen], labels[chosen])
