"""The paper's names of the methods, and ours for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

SPELLINGS = {
    "anml": ("anml", "softmax", "softmax_blend"),
    "softmax": ("softmax", "softmax_blend", "anml"),
    "softmax_noT": ("softmax_noT", "softmax_blend"),
    "softmax_T": ("softmax_T", "softmax_blend*T"),
    "adaptive": ("adaptive", "two_stage"),
    "adaptive_T": ("adaptive_T", "two_stage*T"),
    "sample": ("sample", "loss"),
    "contributor": ("contributor", "loss@contributors"),
    "detectability": ("detectability", "loss"),
    "multiplicative": ("multiplicative", "q*v*r", "q*v"),
}
"""Names that a file may use for one of the paper's methods, the likeliest first.

The product is q*v where a signal of given correlation stands for v, with r = 1.
"""


def pick(cells: Mapping[str, T], method: str) -> T | None:
    """Find a method among others, however it is spelt.

    Parameters
    ----------
    cells : mapping of str to anything
        By method.
    method : str
        As the paper's tables have it.

    Returns
    -------
    anything or None
        None where it is not there.

    Examples
    --------
    >>> pick({"krum": 1, "two_stage": 2}, "adaptive"), pick({"krum": 1}, "adaptive")
    (2, None)
    """
    names = SPELLINGS.get(method, (method,))
    return next((cells[name] for name in names if name in cells), None)
