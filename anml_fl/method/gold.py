"""Reputation earned on answers that were checked, with no certainty from small numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import vector
from anml_fl.method.reputation import HIGHEST, LOWEST

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Bounds of what the crowd's own record is worth to each, in answers.
_LEAST, _MOST = 2.0, 1000.0


def gold_reputation(right: ArrayLike, graded: ArrayLike) -> NDArray[np.float64]:
    """Reputation r from answers that were checked: r_i = (nu m + right_i) / (nu + graded_i).

    m is the share of all answers that is right (by Laplace's rule), and nu says how alike
    contributors are: the less their shares differ beyond what chance alone would do, the more
    answers it takes to leave m (Kleinman: Proportions with extraneous variance, JASA 1973).

    Parameters
    ----------
    right : (n,) array
        Right answers of each, in [0, graded].
    graded : (n,) array
        Answers that were checked, >= 0.

    Returns
    -------
    (n,) float64
        r in [.10, .95] (Table 3); the crowd's for whoever has none.

    Raises
    ------
    ValueError
        If a count is out of range, or nothing was checked at all.

    Examples
    --------
    >>> gold_reputation([3, 4, 0, 30], [5, 5, 5, 40]).round(2)
    array([0.62, 0.76, 0.19, 0.75])
    """
    good, seen = vector("right", right), vector("graded", graded)
    if good.size != seen.size:
        raise ValueError(f"right and graded must be as long, got {good.size} and {seen.size}")
    for name, counts in (("right", good), ("graded", seen)):
        if not np.isfinite(counts).all() or (counts < 0).any():
            i = int(np.flatnonzero(~np.isfinite(counts) | (counts < 0))[0])
            raise ValueError(f"{name}[{i}] must be a count, got {counts[i]:g}")
    if ((good < 0) | (good > seen)).any():
        i = int(np.flatnonzero((good < 0) | (good > seen))[0])
        raise ValueError(
            f"right[{i}] must lie in [0, {seen[i]:g}], what was graded, got {good[i]:g}"
        )
    total = seen.sum()
    if total == 0:
        raise ValueError("graded must hold at least one answer that was checked, got none")
    # Laplace's rule: right answers alone do not make a crowd that is always right.
    m = (good.sum() + 1.0) / (total + 2.0)
    within = m * (1.0 - m)
    graded = seen > 0
    spread = float((seen[graded] * (good[graded] / seen[graded] - m) ** 2).sum())
    freedom = float(graded.sum()) - 1.0
    room = total - (seen**2).sum() / total - freedom
    between = (spread - freedom * within) / room if room > 0 else 0.0
    nu = _MOST if between <= 0 else np.clip(within / between - 1.0, _LEAST, _MOST)
    r: NDArray[np.float64] = np.clip((nu * m + good) / (nu + seen), LOWEST, HIGHEST)
    return r
