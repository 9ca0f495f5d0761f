"""Poisoned samples: wrong labels, features that look right, and what is rehearsed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.prepare import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.redteam.attack import Attack


def poisoned(
    samples: Samples, attack: Attack, known: Samples, right: Samples, rng: np.random.Generator
) -> Samples:
    """Poison what one attacker trains on.

    Parameters
    ----------
    samples : Samples
        Its own, rightly labelled.
    attack : Attack
        Whose labels, poisoned share, alignment and rehearsal count.
    known : Samples
        What the attackers hold together: their classes' means are the classes'.
    right : Samples
        What is rehearsed.
    rng : numpy.random.Generator

    Returns
    -------
    Samples
        As many as before, or more where some are rehearsed.

    Examples
    --------
    >>> from studies.redteam.attack import Attack
    >>> own = Samples(np.eye(3, dtype=np.float32), np.arange(3), 3)
    >>> rng = np.random.default_rng(0)
    >>> poisoned(own, Attack(labels="shift"), own, own, rng).labels
    array([1, 2, 0])
    """
    if attack.labels == "none":
        return samples
    n = samples.labels.size
    chosen = rng.permutation(n)[: round(attack.poisoned * n)]
    means = class_means(known)
    labels, features = samples.labels.copy(), samples.features.copy()
    labels[chosen] = _wrong(labels[chosen], attack.labels, means, rng)
    there = chosen[np.isfinite(means[labels[chosen]]).all(axis=1)]
    features[there] += np.float32(attack.alignment) * (means[labels[there]] - features[there])
    found = replace(samples, features=features.astype(np.float32), labels=labels)
    return _with(found, right, attack.rehearsal)


def class_means(samples: Samples) -> NDArray[np.float64]:
    """Mean features of each class (classes, d), nan of one that is not there."""
    means = np.full((samples.classes, samples.features.shape[1]), np.nan)
    for label in np.unique(samples.labels):
        means[label] = samples.features[samples.labels == label].mean(axis=0)
    return means


def together(parts: list[Samples]) -> Samples:
    """Put samples behind each other."""
    return Samples(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.labels for part in parts]),
        parts[0].classes,
    )


def _wrong(
    labels: NDArray[np.int64],
    kind: str,
    means: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    classes = len(means)
    if kind == "random":
        return (labels + rng.integers(1, classes, labels.size)) % classes
    if kind == "target":
        # Who is right by it is wrong by the next.
        return np.where(labels == 0, 1, 0)
    shifted = (labels + 1) % classes
    if kind == "shift":
        return shifted
    apart = np.linalg.norm(means[:, None] - means[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    apart = np.nan_to_num(apart, nan=np.inf, posinf=np.inf)
    nearest = apart.argmin(axis=1)[labels]
    # Of a class that none of them holds nobody knows what looks alike.
    return np.where(np.isfinite(apart).any(axis=1)[labels], nearest, shifted)


def _with(samples: Samples, right: Samples, share: float) -> Samples:
    """Add right rows, over and over, until they are so large a share of all."""
    wanted = round(samples.labels.size * share / (1.0 - share))
    if not wanted:
        return samples
    return together([samples, right.take(np.arange(wanted) % right.labels.size)])
