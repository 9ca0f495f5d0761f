"""Settled shares of an attribution: by what a ledger paid, never by the attribution's file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.run.rank_correlation import rank_correlation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.run.attribution import Attribution


def settled_by_ledger(found: Attribution, payouts: Mapping[str, int]) -> Attribution:
    """Put a ledger's shares in place of those that a file says, and rank by them.

    Parameters
    ----------
    found : Attribution
    payouts : mapping
        Contributor to micro-units.

    Returns
    -------
    Attribution
        Its values are as they were.

    Examples
    --------
    >>> from anml_fl.run.attribution import Attribution, Contribution
    >>> one = Contribution("a", "honest", 0.7777, 0.1, 0.1, None)
    >>> found = Attribution("anml", 1, 0, "weights", (one,), ())
    >>> fitting = settled_by_ledger(found, {"a": 1, "b": 3})
    >>> fitting.settled_by, fitting.contributors[0].settled
    ('ledger', 0.25)
    """
    total = sum(payouts.values())
    return _settled(
        replace(found, settled_by="ledger"),
        [payouts.get(one.contributor, 0) / total for one in found.contributors]
        if total
        else None,
    )


def without_settled(found: Attribution) -> Attribution:
    """Leave out settled shares that no ledger holds, and ranks that follow from them."""
    return _settled(replace(found, settled_by="ledger"), None)


def _settled(found: Attribution, shares: list[float] | None) -> Attribution:
    column = None if shares is None else np.array(shares)
    people = found.contributors
    return replace(
        found,
        contributors=tuple(
            replace(one, settled=None if shares is None else shares[place])
            for place, one in enumerate(people)
        ),
        estimators=tuple(
            replace(
                way,
                with_settled=rank_correlation(
                    np.array([getattr(one, way.name) for one in people], dtype=float), column
                ),
            )
            for way in found.estimators
        ),
    )
