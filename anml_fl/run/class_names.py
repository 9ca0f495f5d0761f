"""What a run's classes are called: by its table's schema, or by its data set.

A schema's classes are no secret of one site's: all sites agreed on the file before the run,
and a model cannot be used without them. No row is in it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from anml_fl.run.files import SCHEMA
from anml_fl.settings.section import ConfigError
from anml_fl.system.untrusted_text import visible
from anml_fl.tables.schema import ClassLabel
from anml_fl.tables.schema_file import read_schema

if TYPE_CHECKING:
    from collections.abc import Sequence
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

_LONGEST = 60
_NUMBERED = re.compile(r"class (0|[1-9][0-9]{0,8})", re.ASCII)


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


def named_class(number: int, names: Sequence[str]) -> str:
    """Name a class, with its number: settings and messages have that.

    Examples
    --------
    >>> named_class(1, ("benign", "malignant")), named_class(1, ()), named_class(1, ("0", "1"))
    ('malignant (class 1)', 'class 1', 'class 1')
    """
    plain = f"class {number}"
    name = visible(names[number], _LONGEST).strip() if number < len(names) else ""
    return plain if name in ("", str(number), plain) else f"{name} ({plain})"


def named_key(key: str, names: Sequence[str]) -> str:
    """Name a class by what `summary.json` calls it.

    Examples
    --------
    >>> named_key("class 0", ("benign", "malignant")), named_key("rows", ("benign",))
    ('benign (class 0)', 'rows')
    """
    found = _NUMBERED.fullmatch(key)
    return named_class(int(found[1]), names) if found else visible(key, _LONGEST)
