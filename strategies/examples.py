"""Example counts: contributors' own words, read within bounds and believed within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strategies.instruction import BadReplyError

if TYPE_CHECKING:
    from flwr.app import MetricRecord
    from numpy.typing import NDArray

# No contributor holds more samples than this: a claim above it is a lie or a bug.
MOST_EXAMPLES = 10**9
# A claim of example counts is believed up to this multiple of the round's median.
_MOST_MEDIANS = 5.0


def example_count(record: MetricRecord, name: str) -> float:
    """Read an example count.

    Raises
    ------
    BadReplyError
        If it lies outside [1, 1e9].
    """
    value = record.get(name)
    if isinstance(value, list) or value is None or not 1 <= value <= MOST_EXAMPLES:
        raise BadReplyError(f"{name} must lie in [1, {MOST_EXAMPLES}], got {str(value)[:40]}")
    return float(value)


def example_factors(counts: NDArray[np.float64], *, weighting: bool) -> NDArray[np.float64]:
    """Bound the contributors' own example counts: to [1, 5 x median], or 1 for all.

    Parameters
    ----------
    counts : (n,) float64
        Claims, each >= 1.
    weighting : bool

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> example_factors(np.array([100.0, 120.0, 1e9]), weighting=True)
    array([100., 120., 600.])
    """
    if not weighting or counts.size == 0:
        return np.ones_like(counts)
    return np.clip(counts, 1.0, _MOST_MEDIANS * float(np.median(counts)))
