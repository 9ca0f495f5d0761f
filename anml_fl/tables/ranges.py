"""The range of a column as numbers, whatever it holds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from anml_fl.tables.schema import DateColumn

if TYPE_CHECKING:
    from anml_fl.tables.schema import Scaled, ValueLabel

_EPOCH = dt.date(1970, 1, 1)


def bounds(column: Scaled | ValueLabel) -> tuple[float, float]:
    """Return the least and the largest value; of dates, in days since 1970-01-01.

    Examples
    --------
    >>> bounds(DateColumn(name="born", low=dt.date(1970, 1, 2), high=dt.date(1970, 1, 5)))
    (1.0, 5.0)
    """
    if isinstance(column, DateColumn):
        # The last day counts to its end.
        return float((column.low - _EPOCH).days), float((column.high - _EPOCH).days + 1)
    return column.low, column.high
