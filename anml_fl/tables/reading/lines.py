"""The lines that rows stand on, found when a message needs them."""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

import numpy as np

from anml_fl.datasets.delimited import parted_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def opened(content: bytes) -> TextIO:
    """Open text at its beginning, its line ends as they are."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")


class Lines:
    r"""From a row of a text file to the line that it begins on.

    Parameters
    ----------
    again : callable
        Reads the file's content once more.
    separator : str

    Examples
    --------
    >>> Lines(lambda: b'age,job\n63,"a\ncook"\n\n67,clerk\n', ",")(1)
    'line 5'
    """

    def __init__(self, again: Callable[[], bytes], separator: str) -> None:
        self._again = again
        self._separator = separator

    def __call__(self, row: int) -> str:
        """Say where a row stands, counted from 0; by its number if the file is gone."""
        try:
            return f"line {self._lines[row]}"
        except (OSError, IndexError):
            return f"row {row + 1}"

    @cached_property
    def _lines(self) -> NDArray[np.int64]:
        content = self._again()
        rows = parted_rows(lambda: opened(content), "", self._separator)
        next(rows)
        return np.fromiter((line for line, _ in rows), np.int64)
