"""From scores, v and r to the samples that stay: by sample, or contributor by contributor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.combination import Weighting, multiplicative, softmax_blend
from anml_fl.method.krum import consistency
from anml_fl.method.selection import select_top
from studies.contributors.scores import SCORES, by_contributor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from studies.contributors.dealing import Given
    from studies.contributors.recipe import ContributorRecipe

LEVEL = "@contributors"
"""Ends the name of a method that weighs contributors, each with all of its samples."""

_BLENDS = ("softmax_blend", "two_stage")
_BOTH_LEVELS = ("oracle", *SCORES, *_BLENDS)
METHODS = ("uniform", *_BOTH_LEVELS, *(name + LEVEL for name in _BOTH_LEVELS))
"""No defence; what knows the truth; scores alone; Algorithms 2 and 1 on q and s = v r.

T of the algorithms is 1: in section 5.11 nothing ages.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What a method decided.

    Parameters
    ----------
    method : str
    weighting : Weighting
        Of samples, or of contributors.
    kept : (n,) bool
        Samples that stay.
    """

    method: str
    weighting: Weighting
    kept: NDArray[np.bool_]

    @property
    def of_contributors(self) -> bool:
        """Whether contributors were weighed."""
        return self.method.endswith(LEVEL)


def check_method(name: str) -> str:
    """Return a method's name if there is such a method.

    Raises
    ------
    ValueError
        If there is none; it lists the known ones.

    Examples
    --------
    >>> check_method("loss@contributors")
    'loss@contributors'
    >>> check_method("uniform@contributors")
    Traceback (most recent call last):
    ValueError: unknown method 'uniform@contributors'; known: uniform, oracle, loss, ...
    """
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; known: {', '.join(METHODS)}")
    return name


def needed_scores(methods: tuple[str, ...]) -> set[str]:
    """Tell which of `SCORES` methods are made from.

    Examples
    --------
    >>> needed_scores(("uniform", "loss@contributors", "two_stage")) == {"loss", "krum"}
    True
    """
    plain = {name.removesuffix(LEVEL) for name in methods}
    return (plain & set(SCORES)) | ({"krum"} if plain & set(_BLENDS) else set())


def decide(
    method: str,
    given: Given,
    scores: Mapping[str, NDArray[np.float64]],
    s: NDArray[np.float64],
    recipe: ContributorRecipe,
) -> Selection:
    """Weigh samples or contributors, and drop the worst share.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    given : Given
    scores : mapping
        Name of `SCORES` to (n,), as far as `needed_scores`.
    s : (c,) float64
        External signal s = v r of each contributor, in [0, 1].
    recipe : ContributorRecipe
        Shares dropped, thresholds, temperature.

    Returns
    -------
    Selection
        The oracle drops what is bad, of whatever share; all stays where the gate says that
        selection does not apply.
    """
    plain = check_method(method).removesuffix(LEVEL)
    level = method.endswith(LEVEL)
    signal = s if level else s[given.holder]
    good = ~(given.malicious if level else given.bad)
    ones = np.ones(good.size)
    if plain in ("uniform", "oracle"):
        weights = good.astype(np.float64) if plain == "oracle" else ones
        weighting = multiplicative(weights, ones, ones)
        chosen = weighting.weights > 0
    else:
        score = scores["krum" if plain in _BLENDS else plain]
        weighting = _weighed(
            plain, by_contributor(score, given) if level else score, signal, recipe
        )
        drop = recipe.drop if level else recipe.dropped_samples
        chosen = select_top(weighting.weights, 1 - drop) if weighting.select else ones > 0
    return Selection(method, weighting, chosen[given.holder] if level else chosen)


def _weighed(
    plain: str,
    score: NDArray[np.float64],
    s: NDArray[np.float64],
    recipe: ContributorRecipe,
) -> Weighting:
    ones = np.ones_like(score)
    if plain == "softmax_blend":
        return softmax_blend(score, s, alpha=recipe.alpha, tau=recipe.tau)
    if plain == "two_stage":
        return recipe.gate.weigh(score, s)
    return multiplicative(consistency(-score), ones, ones)
