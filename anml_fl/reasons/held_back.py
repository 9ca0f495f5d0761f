"""What is left of evidence without some kinds, where earlier doubt holds somebody back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.earlier_doubt import EARLIER_DOUBT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    Evidence = Mapping[str, NDArray[Any]]


def held_back(evidence: Evidence, row: int) -> bool:
    """Whether earlier doubt took from one's evidence: then no better would have counted."""
    held = evidence.get(EARLIER_DOUBT)
    return held is not None and bool(held[row] < 0)


def evidence_without(evidence: Evidence, kinds: Collection[str]) -> dict[str, NDArray[Any]]:
    """Leave kinds of evidence out; earlier doubt holds whom it held at the same sum.

    Parameters
    ----------
    evidence : mapping
        Kind to (n,) nats.
    kinds : collection of str

    Examples
    --------
    >>> found = evidence_without(
    ...     {"company": np.array([-1.0]), "root direction": np.array([-2.0]),
    ...      "earlier doubt": np.array([-0.5])}, ["root direction"])
    >>> found["company"], found["earlier doubt"]
    (array([-1.]), array([-2.5]))
    """
    left = {kind: of for kind, of in evidence.items() if kind not in kinds}
    held = left.get(EARLIER_DOUBT)
    if held is None:
        return left
    taken = sum(
        (of for kind, of in evidence.items() if kind not in left), np.zeros(held.shape)
    )
    # Most that it may have is what it had: its sum with everything, doubt included.
    return {**left, EARLIER_DOUBT: np.where(held < 0, np.minimum(held + taken, 0.0), held)}
