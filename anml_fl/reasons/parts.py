"""How much of each weight is whose: a factor's part, by Shapley's value over the factors."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Shares = NDArray[np.float64]


def parts(
    factors: Sequence[str], shares_of: Callable[[frozenset[str]], Shares]
) -> dict[str, Shares]:
    """Divide shares among the factors that made them, for all contributors at once.

    Shapley's value: phi_f = sum over S without f of |S|! (k - 1 - |S|)! / k! times what f
    adds to S. The parts of a contributor sum to its share less that where nothing counts.

    Parameters
    ----------
    factors : sequence of str
        k of them: 2^k shares are asked for.
    shares_of : callable
        From the factors that count to the shares (n,).

    Returns
    -------
    dict
        Factor to parts (n,).

    Examples
    --------
    >>> made = {frozenset(): 0.5, frozenset("a"): 0.7, frozenset("b"): 0.5,
    ...         frozenset("ab"): 0.9}
    >>> {name: round(float(part[0]), 3) for name, part in
    ...  parts("ab", lambda some: np.array([made[some]])).items()}
    {'a': 0.3, 'b': 0.1}
    """
    k = len(factors)
    every = [frozenset(some) for size in range(k + 1) for some in combinations(factors, size)]
    made = {some: shares_of(some) for some in every}
    weight = [factorial(size) * factorial(k - 1 - size) / factorial(k) for size in range(k)]
    return {
        one: sum(
            (
                weight[len(some)] * (made[some | {one}] - made[some])
                for some in every
                if one not in some
            ),
            np.zeros_like(made[frozenset()]),
        )
        for one in factors
    }
