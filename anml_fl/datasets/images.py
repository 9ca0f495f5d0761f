"""Pictures of 28 x 28 pixels and ten classes, as MNIST and Fashion-MNIST are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.datasets.archive import Array
from anml_fl.datasets.table import Table, checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

IMAGES = (
    Array("images", ("image", 28, 28), "u", 0, 255),
    Array("labels", ("image",), "iu", 0, 9),
)
"""What an archive of them holds."""


def pictures(path: Path, found: Mapping[str, NDArray[Any]], **who: Any) -> Table:
    """Make a table of an archive's images; `who` says who gathered them."""
    images = found["images"]
    table = Table(
        features=images.reshape(len(images), -1) / 255.0,
        labels=found["labels"].astype(np.int64),
        classes=10,
        image=(1, *images.shape[1:]),
        indicators=np.ones(images[0].size, dtype=bool),
        **who,
    )
    return checked(str(path), table)
