"""Attacks that the paper does not have: labels wrong in one way, credentials that mislead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from studies.sample.signals import Signals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.sample.drawing import Drawn

Wrong = Literal["pairs", "one_class"]
Claimed = Literal["uninformative", "inverted"]

# What the honest show where attackers show better, and what these show.
_HONEST, _ATTACKERS = (0.3, 0.6), (0.7, 0.9)


def mislabelled(clean: Drawn, wrong: Wrong, share: float, rng: np.random.Generator) -> Drawn:
    """Give a share of the samples the label that follows the true one.

    Parameters
    ----------
    clean : Drawn
        Without any bad label.
    wrong : {"pairs", "one_class"}
        Of all samples, or of the first class's alone.
    share : float
        In [0, 1].
    rng : numpy.random.Generator

    Returns
    -------
    Drawn
        Those chosen are attackers.
    """
    labels = clean.targets.astype(np.int64)
    open_to = np.arange(labels.size) if wrong == "pairs" else np.flatnonzero(labels == 0)
    chosen = rng.permutation(open_to)[: round(share * open_to.size)]
    labels[chosen] = (labels[chosen] + 1) % clean.outputs
    bad = np.zeros(labels.size, dtype=bool)
    bad[chosen] = True
    return replace(clean, targets=labels, bad=bad, attacker=bad)


def claimed(
    attacker: NDArray[np.bool_],
    T: NDArray[np.float64],
    kind: Claimed,
    rng: np.random.Generator,
) -> Signals:
    """Draw credentials that tell nothing, or of which the attackers' are the best.

    Parameters
    ----------
    attacker : (n,) bool
    T : (n,) float64
        Temporal decay, kept.
    kind : {"uninformative", "inverted"}
    rng : numpy.random.Generator

    Examples
    --------
    >>> attacker = np.array([True, False])
    >>> found = claimed(attacker, np.ones(2), "inverted", np.random.default_rng(0))
    >>> bool(found.v[0] > found.v[1])
    True
    """
    ranges = np.array([_HONEST, _ATTACKERS])[attacker.astype(int)]
    if kind == "uninformative":
        ranges[:] = _HONEST[0], _ATTACKERS[1]
    v, r = (rng.uniform(ranges[:, 0], ranges[:, 1]) for _ in range(2))
    return Signals(v, r, T)
