"""A model's arrays in a file, by name: safetensors, never a pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save

from anml_fl.system.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def save_arrays(arrays: Mapping[str, NDArray[np.generic]], path: Path) -> None:
    """Write arrays as safetensors: the whole file, or none of it.

    Parameters
    ----------
    arrays : mapping
        Name to array.
    path : Path
        Replaced if it exists.
    """
    write_whole(path, save({name: np.asarray(a, order="C") for name, a in arrays.items()}))
