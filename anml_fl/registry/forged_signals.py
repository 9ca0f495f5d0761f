"""What v and r are worth to who forges them, and is believed (section 5.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def forged(rng: np.random.Generator) -> tuple[float, float]:
    """Draw the (v, r) of a successful forgery (section 5.12).

    Returns
    -------
    tuple of float
        v in [.70, .90], r in [.65, .85].

    Examples
    --------
    >>> import numpy as np
    >>> v, r = forged(np.random.default_rng(0))
    >>> v >= 0.70 and r >= 0.65
    True
    """
    return rng.uniform(0.70, 0.90), rng.uniform(0.65, 0.85)
