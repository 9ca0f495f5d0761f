"""Whether paired differences could be by chance: a test that assumes no distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import permutation_test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEWEST_PAIRS = 5
"""Of fewer even differences of one sign are no rare thing: one of eight times at four."""
# Choices of signs that are all gone through: of 16 pairs. Of more so many are drawn.
_ALL = 2**16


@dataclass(frozen=True, slots=True)
class PairedTest:
    """What a test of paired differences found.

    Parameters
    ----------
    pairs : int
    p : float
        Two-sided, in (0, 1].
    holm : float
        The same, corrected for how many were tested together, in (0, 1].
    """

    pairs: int
    p: float
    holm: float

    @property
    def least(self) -> float:
        """The least p that so many pairs can have: all differences of one sign."""
        return 2.0 ** (1 - self.pairs)


def sign_flip(differences: Sequence[float]) -> float:
    """Give the share of choices of signs whose mean lies as far from 0, Fisher's test.

    Parameters
    ----------
    differences : sequence of float
        Finite, at least one.

    Returns
    -------
    float
        Two-sided p in (0, 1]. Exact up to 16 differences; of more 65,536 choices are drawn,
        the same each time.

    Examples
    --------
    >>> sign_flip([1.0, 2.0, 3.0, 4.0, 5.0])
    0.0625
    """
    values = np.array(differences)
    if values.size == 1 or not values.any():
        return 1.0  # either sign lies as far
    found = permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        n_resamples=_ALL,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for their number: Holm, Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    found, so_far = [0.0] * len(p_values), 0.0
    for place, row in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - place) * p_values[row]))
        found[row] = so_far
    return found


def paired_tests(differences: Mapping[str, Sequence[float]]) -> dict[str, PairedTest]:
    """Test several strategies' differences from one, together.

    Parameters
    ----------
    differences : mapping
        Strategy to its differences, one a pair; nan where there is none.

    Returns
    -------
    dict
        Without those of fewer than five pairs.

    Examples
    --------
    >>> found = paired_tests({"krum": [1.0] * 6, "fedavg": [1.0, -1.0] * 3, "few": [1.0]})
    >>> [(name, one.p, one.holm) for name, one in found.items()]
    [('krum', 0.03125, 0.0625), ('fedavg', 1.0, 1.0)]
    """
    known = {name: list(filter(math.isfinite, of)) for name, of in differences.items()}
    enough = {name: of for name, of in known.items() if len(of) >= FEWEST_PAIRS}
    found = [sign_flip(of) for of in enough.values()]
    return {
        name: PairedTest(len(of), p, corrected)
        for (name, of), p, corrected in zip(enough.items(), found, holm(found), strict=True)
    }
