"""A table as it was found: columns of cells that know their place, before any schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SITE = "site"
"""The column that says whose rows they are where that is told by files or folders."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns, every cell as it was written.

    Parameters
    ----------
    where : str
        What it was read from, for messages.
    table : pyarrow.Table
        Cells of text files are texts without the blanks around them; typed columns of other
        files keep their types. A cell that is not there is null.
    place : callable
        From a row, counted from 0, to where it stands: "line 17". Called for messages alone.
    by : str
        The column that says whose rows they are, where files or folders told it; else empty.
    pixels : (n, channels, height, width) uint8, optional
        Where rows are pictures.
    """

    where: str
    table: pa.Table
    place: Callable[[int], str]
    by: str = ""
    pixels: NDArray[np.uint8] | None = None
