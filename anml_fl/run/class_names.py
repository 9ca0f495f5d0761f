"""What a run's classes are called: by its table's schema, or by its data set.

A schema's classes are no secret of one site's: all sites agreed on the file before the run,
and a model cannot be used without them. No row is in it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from anml_fl.run.files import SCHEMA
from anml_fl.settings.section import ConfigError
from anml_fl.tables.schema import ClassLabel
from anml_fl.tables.schema_file import read_schema

if TYPE_CHECKING:
    from pathlib import Path

OF_DATA_SETS = {
    "adult": ("<=50K", ">50K"),
    "breast_cancer": ("malignant", "benign"),
    "covertype": (
        "spruce, fir",
        "lodgepole pine",
        "ponderosa pine",
        "cottonwood, willow",
        "aspen",
        "Douglas fir",
        "krummholz",
    ),
    "fashion_mnist": (
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    "heart_disease": ("healthy", "sick"),
    "sentiment": ("bad opinion", "good opinion"),
}
"""Classes in their order, of data sets that come with the project and have names for them."""


def class_names(folder: Path, dataset: str) -> tuple[str, ...]:
    """Name the classes of a run in their order.

    Parameters
    ----------
    folder : Path
        The run's; of a table of one's own it holds `schema.toml`.
    dataset : str
        As the run's summary has it.

    Returns
    -------
    tuple of str
        Empty where nothing names them, as for values; one of several values has them all.

    Examples
    --------
    >>> from pathlib import Path
    >>> class_names(Path("no folder"), "breast_cancer")
    ('malignant', 'benign')
    """
    if not (folder / SCHEMA).is_file():
        return OF_DATA_SETS.get(dataset, ())
    # Whoever reads a run's page must not be kept from it by a schema that was altered.
    with suppress(ConfigError, OSError):
        label = read_schema(folder / SCHEMA).label
        if isinstance(label, ClassLabel):
            return tuple(" / ".join(values) for values in label.classes)
    return ()
