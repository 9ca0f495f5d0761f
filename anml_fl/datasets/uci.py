"""Adult (Becker, Kohavi, 1996) and Covertype (Blackard, Dean, 1999) as UCI has them."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from anml_fl.datasets.reader import read_table
from anml_fl.datasets.schema import Category, Label, Measured, Schema
from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.datasets.table import Table


def _category(name: str, values: str) -> Category:
    return Category(name, tuple(values.split()))


# What is not known, `?`, is a category like the others: who does not say is like none of them.
ADULT = Schema(
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

COVERTYPE = Schema(
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


def read_gzipped(path: Path, schema: Schema) -> Table:
    """Read a gzipped table.

    Raises
    ------
    TableError
        If it is no gzip, cut short, or holds what the schema does not know.
    """
    content = path.read_bytes()
    try:
        content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        # The error would quote the first bytes.
        raise TableError(f"{path} is no whole gzip file: fetch it again") from None
    return read_table(content, str(path), schema)
