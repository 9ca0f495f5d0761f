"""Weights of annotators, ANML's and others', by the names that the tables compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.combination import multiplicative, softmax_blend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.method.combination import Weighting
    from studies.crowd.settings import CrowdSettings

SCORES = ("krum", "probability", "out_of_fold")
"""What q can be: the mean, by annotator, of such a score of single answers."""

RULES = ("q", "q*v*r", "softmax_blend", "two_stage")
"""How q and s become weights; `two_stage@krum` is two_stage on q = means of Krum's q."""


def weigh_annotators(
    rule: str, q: NDArray[np.float64], r: NDArray[np.float64], settings: CrowdSettings
) -> Weighting:
    """Weigh annotators by a rule's name.

    Parameters
    ----------
    rule : str
        One of `RULES`.
    q : (c,) float64
        Mean score of each, shrunk, in [0, 1].
    r : (c,) float64
        Reputation earned on the gold set.
    settings : CrowdSettings
        `v`, and the thresholds, temperature and share of the blend.

    Returns
    -------
    Weighting
        rho_c is taken over annotators.

    Raises
    ------
    ValueError
        If the rule is unknown; it lists the known ones.

    Examples
    --------
    >>> from studies.crowd.settings import CrowdSettings
    >>> weigh_annotators("q", np.array([0.9, 0.3]), np.ones(2), CrowdSettings()).weights
    array([0.75, 0.25])
    """
    v = np.full_like(r, settings.v)
    if rule == "q":
        return multiplicative(q, np.ones_like(q), np.ones_like(q))
    if rule == "q*v*r":
        return multiplicative(q, v, r)
    if rule == "softmax_blend":
        return softmax_blend(q, v * r, alpha=settings.alpha, tau=settings.tau)
    if rule == "two_stage":
        return settings.gate.weigh(q, v * r)
    raise ValueError(f"unknown rule {rule!r}; known: {', '.join(RULES)}")
