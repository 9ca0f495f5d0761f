"""From q, v, r and T to weights, by the names of the methods that the tables compare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.combination import Weighting, multiplicative, softmax_blend
from anml_fl.method.krum import consistency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from studies.sample.recipe import Recipe
    from studies.sample.signals import Signals

_PRODUCT = re.compile(r"[qvrT](\*[qvrT])*")
_BLENDS = ("softmax_blend", "two_stage")
BASELINES = ("gradient_norm", "loss", "out_of_fold", "cleanlab")
"""Without which q proves little: what else one forward and backward pass tells of a label."""


def check_method(name: str) -> str:
    """Return a method's name if there is such a method.

    Parameters
    ----------
    name : str
        `uniform`, `krum`, `oracle`, one of `BASELINES`, a product such as `q*v*r`,
        `softmax_blend` or `two_stage`; those two also with `*T`.

    Raises
    ------
    ValueError
        If there is none; it lists the known ones.

    Examples
    --------
    >>> check_method("q*v*r*T")
    'q*v*r*T'
    >>> check_method("q*q")
    Traceback (most recent call last):
    ValueError: unknown method 'q*q'; known: uniform, krum, oracle, gradient_norm, loss, ...
    """
    letters = name.split("*")
    product = _PRODUCT.fullmatch(name) and len(set(letters)) == len(letters)
    names = ["uniform", "krum", "oracle", *BASELINES, *_BLENDS]
    if name.removesuffix("*T") in _BLENDS or name in names or product:
        return name
    raise ValueError(
        f"unknown method {name!r}; known: {', '.join(names)},"
        f" {_BLENDS[0]}*T, {_BLENDS[1]}*T, and products of q, v, r, T such as q*v*r"
    )


def weigh(
    method: str,
    q: NDArray[np.float64],
    signals: Signals,
    recipe: Recipe,
    *,
    bad: NDArray[np.bool_],
    scores: Mapping[str, NDArray[np.float64]],
) -> Weighting:
    """Weigh samples by a method's name.

    Parameters
    ----------
    method : str
        As in `check_method`.
    q : (n,) float64
        Consistency.
    signals : Signals
    recipe : Recipe
        Thresholds, temperature and share of the blend.
    bad : (n,) bool
        What only the oracle knows.
    scores : mapping
        The baselines' scores by name, (n,) each; the higher, the better the label.

    Examples
    --------
    >>> from studies.sample.recipe import Recipe
    >>> from studies.sample.signals import Signals
    >>> given = Signals(v=np.array([0.8, 0.2]), r=np.ones(2), T=np.ones(2))
    >>> weighing = weigh("v*r", np.ones(2), given, Recipe(), bad=np.zeros(2, bool), scores={})
    >>> weighing.weights
    array([0.8, 0.2])
    """
    ones = np.ones_like(q)
    if method == "uniform":
        return Weighting(ones / q.size, "uniform", float("nan"), float(signals.s.min()), False)
    if method == "oracle":
        return multiplicative((~bad).astype(np.float64), ones, ones)
    if method == "krum":
        return multiplicative(q, ones, ones)
    if method in BASELINES:
        return multiplicative(consistency(-scores[method]), ones, ones)
    blend, T = method.removesuffix("*T"), signals.T if method.endswith("*T") else 1.0
    if blend == "softmax_blend":
        return softmax_blend(q, signals.s, T, alpha=recipe.alpha, tau=recipe.tau)
    if blend == "two_stage":
        return recipe.gate.weigh(q, signals.s, T)
    factors = {"q": q, "v": signals.v, "r": signals.r, "T": signals.T}
    chosen = [factors[name] if name in method.split("*") else ones for name in "qvrT"]
    return multiplicative(*chosen)
