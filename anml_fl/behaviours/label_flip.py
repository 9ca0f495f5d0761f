"""Label flipping: wrong labels on right features (section 5.1.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviour import Behaviour
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.attackers import Attackers
    from anml_fl.settings.attacks import Attacks


def flipped(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Change labels to a uniformly random wrong class, a fixed class, or by an offset.

    Some may go to the class that looks most alike instead: the subtle corruption of section
    5.11, beside which an offset is obvious.

    Parameters
    ----------
    samples : Samples
    rng : numpy.random.Generator
        Chooses the samples, and the wrong classes.
    attacks : Attacks
        `flip_fraction` of the labels are changed; to `flip_target`, or by
        `flip_offset` modulo the number of classes, if given. Of those, `pair_share` go to
        their class's partner in `flip_pairs`; fewer only if too few have one.

    Returns
    -------
    Samples
        The same features.

    Raises
    ------
    ConfigError
        If the target or a partner is no class, or the offset changes nothing.

    Examples
    --------
    >>> from anml_fl.settings.attacks import Attacks
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.zeros((3, 1), np.float32), np.array([0, 1, 2]), 3)
    >>> flipped(samples, np.random.default_rng(0), Attacks(flip_offset=1)).labels
    array([1, 2, 0])
    >>> subtle = Attacks(flip_offset=1, flip_pairs="0-2", pair_share=1)
    >>> flipped(samples, np.random.default_rng(0), subtle).labels
    array([2, 2, 0])
    """
    n, classes = samples.labels.size, samples.classes
    chosen = rng.permutation(n)[: round(attacks.flip_fraction * n)]
    labels = samples.labels.copy()
    if attacks.flip_target is not None:
        if attacks.flip_target >= classes:
            raise ConfigError(
                f"flip_target must be a class in [0, {classes - 1}], got {attacks.flip_target}"
            )
        labels[chosen] = attacks.flip_target
    else:
        if attacks.flip_offset is None:
            steps = rng.integers(1, classes, size=chosen.size)
        elif attacks.flip_offset % classes:
            steps = np.full(chosen.size, attacks.flip_offset)
        else:
            raise ConfigError(
                f"flip_offset must not be a multiple of the {classes} classes,"
                f" got {attacks.flip_offset}"
            )
        labels[chosen] = (labels[chosen] + steps) % classes
    if attacks.flip_pairs:
        partner = _partners(attacks.pairs, classes)
        alike = rng.permutation(chosen[partner[samples.labels[chosen]] >= 0])
        subtle = alike[: round(attacks.pair_share * chosen.size)]
        labels[subtle] = partner[samples.labels[subtle]]
    return replace(samples, labels=labels)


def _partners(pairs: dict[int, int], classes: int) -> NDArray[np.int64]:
    """Each class's partner, -1 without: (classes,)."""
    if pairs and max(pairs) >= classes:
        raise ConfigError(
            f"flip_pairs must name classes in [0, {classes - 1}], got {max(pairs)}"
        )
    partner = np.full(classes, -1)
    for one, other in pairs.items():
        partner[one] = other
    return partner


def mislabelled(samples: Samples, rng: np.random.Generator, attacks: Attackers) -> Samples:
    """Flip labels as `flipped` does, or from l to C - 1 - l of C classes if `flip_reversed`.

    The middle one of an odd number of classes then stays. Labels that are values are mirrored
    at 0, their mean.

    Examples
    --------
    >>> from anml_fl.settings.attackers import Attackers
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.zeros((2, 1), np.float32), np.array([1.5, -2.0]), 1)
    >>> mislabelled(samples, np.random.default_rng(0), Attackers()).labels
    array([-1.5,  2. ])
    """
    if samples.classes > 1 and not attacks.flip_reversed:
        return flipped(samples, rng, attacks)
    n = samples.labels.size
    chosen = rng.permutation(n)[: round(attacks.flip_fraction * n)]
    labels = samples.labels.copy()
    last = samples.classes - 1  # 0 of values
    labels[chosen] = last - labels[chosen]
    return replace(samples, labels=labels)


label_flip = Behaviour(samples=mislabelled)
