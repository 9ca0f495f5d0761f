"""Heart disease at four hospitals: Janosi, Steinbrunn, Pfisterer, Detrano, UCI, 1989."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.datasets.folder import located
from anml_fl.datasets.reader import read_table
from anml_fl.datasets.schema import Category, Label, Measured, Schema, Site

if TYPE_CHECKING:
    from anml_fl.datasets.table import Table

# Nobody lives with a blood pressure or cholesterol of 0: who writes it did not measure. Below
# 20 the one would be in kPa, the other in mmol/l. The number of vessels (ca) is a category:
# most hospitals could not count them.
SCHEMA = Schema(
    (
        Measured("age", 0, 130),
        Measured("trestbps", 20, 400, absent=(0,)),
        Measured("chol", 20, 2000, absent=(0,)),
        Measured("thalach", 20, 350),
        Measured("oldpeak", -20, 20),
        Category("sex", ("0", "1"), reference="0"),
        Category("cp", ("1", "2", "3", "4")),
        Category("fbs", ("0", "1"), reference="0"),
        Category("restecg", ("0", "1", "2")),
        Category("exang", ("0", "1"), reference="0"),
        Category("slope", ("1", "2", "3")),
        Category("ca", ("0", "1", "2", "3")),
        Category("thal", ("3", "6", "7")),
    ),
    label=Label("num", (("0",), ("1", "2", "3", "4"))),
    site=Site("hospital"),
)
"""What a table of patients must hold; units and codes are UCI's."""


def heart_disease(folder: str) -> Table:
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
    TableError
        If the file is not there, or holds what the schema does not know.
    """
    path = located(folder, "heart_disease_hospitals.csv")
    return read_table(path.read_bytes(), str(path), SCHEMA)
