"""Gradient-aligned poison: wrong samples whose gradients look right (section 5.12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviour import Behaviour

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.attacks import Attacks


def aligned(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Relabel each sample to the nearest other class, and move it towards that class.

    Of labels that are values, those up to their median and those above it stand for two
    classes, each with its mean as its label.

    Parameters
    ----------
    samples : Samples
        Centroids are those of the contributor's own samples: it has no others.
    rng : numpy.random.Generator
        Not used: the attack is deterministic.
    attacks : Attacks
        `feature_shift` is how far the features move, as a share of the way.

    Returns
    -------
    Samples
        Unchanged if the contributor holds one class or value only: then there is no other.

    Examples
    --------
    >>> from anml_fl.settings.attacks import Attacks
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.array([[0.0], [1.0]], np.float32), np.array([0, 1]), 2)
    >>> poisoned = aligned(samples, np.random.default_rng(0), Attacks())
    >>> poisoned.labels, poisoned.features.ravel()
    (array([1, 0]), array([0.2, 0.8], dtype=float32))
    """
    groups = samples.labels
    if samples.classes == 1 and groups.size:
        groups = groups > np.median(groups)
    held = np.unique(groups)
    if held.size < 2:
        return samples
    centroids = np.stack([samples.features[groups == c].mean(axis=0) for c in held])
    distances = np.linalg.norm(samples.features[:, None, :] - centroids[None], axis=2)
    distances[groups[:, None] == held[None]] = np.inf
    nearest = distances.argmin(axis=1)
    features = samples.features + np.float32(attacks.feature_shift) * (
        centroids[nearest] - samples.features
    )
    if samples.classes == 1:
        held = np.array([samples.labels[groups == c].mean() for c in held], np.float32)
    return replace(samples, features=features.astype(np.float32), labels=held[nearest])


gradient_aligned = Behaviour(samples=aligned)
