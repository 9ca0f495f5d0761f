"""Credentials that predict quality strongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.scenarios._draw import LOW_R, LOW_V, MIDDLING, either

if TYPE_CHECKING:
    from anml_fl.scenarios._draw import Credentials


def high(honest: bool, rng: np.random.Generator) -> Credentials:
    """Draw (v, r) that predict quality strongly.

    Parameters
    ----------
    honest : bool
        Whether the contributor's data are good.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of float
        (v, r), each in [0, 1].

    Examples
    --------
    >>> v, r = high(False, np.random.default_rng(0))
    >>> 0.10 <= v <= 0.25 and 0.15 <= r <= 0.35
    True
    """
    if honest:
        return (
            either(rng, 0.8, (0.75, 0.90), MIDDLING),
            either(rng, 0.6, (0.70, 0.90), MIDDLING),
        )
    return rng.uniform(*LOW_V), rng.uniform(*LOW_R)
