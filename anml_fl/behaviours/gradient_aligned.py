"""Gradient-aligned poison: wrong samples whose gradients look right (section 5.12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import Behaviour

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.attacks import Attacks


def aligned(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Relabel each sample to the nearest other class, and move it towards that class.

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
        Unchanged if the contributor holds one class only: then there is no other.

    Examples
    --------
    >>> from anml_fl.settings.attacks import Attacks
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.array([[0.0], [1.0]], np.float32), np.array([0, 1]), 2)
    >>> poisoned = aligned(samples, np.random.default_rng(0), Attacks())
    >>> poisoned.labels, poisoned.features.ravel()
    (array([1, 0]), array([0.2, 0.8], dtype=float32))
    """
    held = np.unique(samples.labels)
    if held.size < 2:
        return samples
    centroids = np.stack([samples.features[samples.labels == c].mean(axis=0) for c in held])
    distances = np.linalg.norm(samples.features[:, None, :] - centroids[None], axis=2)
    distances[samples.labels[:, None] == held[None]] = np.inf
    nearest = distances.argmin(axis=1)
    features = samples.features + np.float32(attacks.feature_shift) * (
        centroids[nearest] - samples.features
    )
    return replace(samples, features=features.astype(np.float32), labels=held[nearest])


def misplaced(samples: Samples, rng: np.random.Generator, attacks: Attacks) -> Samples:
    """Poison samples as `aligned` does; values up to and above their median are two classes.

    Each half then has its mean as its label.

    Examples
    --------
    >>> from anml_fl.settings.attacks import Attacks
    >>> from anml_fl.datasets.prepare import Samples
    >>> samples = Samples(np.array([[0.0], [1.0]], np.float32), np.array([-1.0, 3.0]), 1)
    >>> misplaced(samples, np.random.default_rng(0), Attacks()).labels
    array([ 3., -1.], dtype=float32)
    """
    if samples.classes > 1 or not samples.labels.size:
        return aligned(samples, rng, attacks)
    halves = (samples.labels > np.median(samples.labels)).astype(np.int64)
    if halves.min() == halves.max():
        return samples
    poisoned = aligned(replace(samples, labels=halves, classes=2), rng, attacks)
    means = [samples.labels[halves == half].mean() for half in (0, 1)]
    labels: Any = np.array(means, np.float32)[poisoned.labels]
    return replace(samples, features=poisoned.features, labels=labels)


gradient_aligned = Behaviour(samples=misplaced)
