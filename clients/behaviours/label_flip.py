"""Label flipping: wrong labels on right features (section 5.1.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from anml_fl.config import Attacks
    from anml_fl.datasets.prepare import Samples


def label_flip(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Change labels to a uniformly random wrong class, a fixed class, or by an offset.

    Parameters
    ----------
    samples : Samples
    rng : numpy.random.Generator
        Chooses the samples, and the wrong classes.
    attacks : Attacks
        `flip_fraction` of the labels are changed; to `flip_target`, or by
        `flip_offset` modulo the number of classes, if given.

    Returns
    -------
    Samples
        The same features.

    Raises
    ------
    ValueError
        If the target is no class, or the offset changes nothing.

    Examples
    --------
    >>> from anml_fl.config import Attacks
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.zeros((3, 1), np.float32), np.array([0, 1, 2]), 3)
    >>> label_flip(samples, np.random.default_rng(0), Attacks(flip_offset=1)).labels
    array([1, 2, 0])
    """
    n, classes = samples.labels.size, samples.classes
    chosen = rng.permutation(n)[: round(attacks.flip_fraction * n)]
    labels = samples.labels.copy()
    if attacks.flip_target is not None:
        if attacks.flip_target >= classes:
            raise ValueError(
                f"flip_target must be a class in [0, {classes - 1}], got {attacks.flip_target}"
            )
        labels[chosen] = attacks.flip_target
    else:
        if attacks.flip_offset is None:
            steps = rng.integers(1, classes, size=chosen.size)
        elif attacks.flip_offset % classes:
            steps = np.full(chosen.size, attacks.flip_offset)
        else:
            raise ValueError(
                f"flip_offset must not be a multiple of the {classes} classes,"
                f" got {attacks.flip_offset}"
            )
        labels[chosen] = (labels[chosen] + steps) % classes
    return replace(samples, labels=labels)
