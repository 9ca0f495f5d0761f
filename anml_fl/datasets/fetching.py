"""Data sets that scikit-learn fetches where no file is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def fetched(name: str, fetch: Callable[[], Any]) -> Any:
    """Fetch a data set from the network.

    Raises
    ------
    OSError
        If it cannot be had; it says where else it could be.
    """
    try:
        return fetch()
    except OSError as error:
        raise OSError(
            f"data set {name!r} was found neither in ANML_DATA_DIR"
            f" ({os.environ.get('ANML_DATA_DIR') or 'not set'}) nor on the network ({error});"
            f" set ANML_DATA_DIR to a folder that holds it, or choose digits, wine or"
            f" breast_cancer, which come with scikit-learn"
        ) from error
