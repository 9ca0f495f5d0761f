"""On how many rows of its own each site's errors were found: no file of a run says it."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.run.schema import OwnData

# A site tests on a fourth of those that it trains on, 80 and 20 of a hundred, or on fewer
# where trusted rows are held out of them.
_TESTED = 0.25
_SAME = 1e-9


def own_test_rows(held: Mapping[str, OwnData]) -> dict[str, int]:
    """Find how many test rows each site has: its errors are wholes of them.

    Parameters
    ----------
    held : mapping
        Of each site, what it holds and how models err.

    Returns
    -------
    dict of str to int
        At least 1: the most rows of which all its errors are wholes, and a fourth of its
        samples at most.

    Examples
    --------
    >>> from anml_fl.run.schema import OwnData
    >>> own_test_rows({"west": OwnData(120, {"fedavg": 11 / 20, "anml": 9 / 20})})
    {'west': 20}
    """
    return {name: _rows(one) for name, one in held.items()}


def _rows(of: OwnData) -> int:
    # One more, as the fourth is rounded before the rest is trained on.
    most = max(1, round(_TESTED * of.samples) + 1)
    found = {one: Fraction(one).limit_denominator(most) for one in of.errors.values()}
    step = lcm(*(one.denominator for one in found.values()))
    # What is no whole of so few rows tells nothing of them.
    exact = all(abs(float(part) - one) < _SAME for one, part in found.items())
    return most // step * step if exact and step <= most else most
