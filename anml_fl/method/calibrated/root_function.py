"""Evidence of the root set: whether an update alone moves its outputs to their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TINY = 1e-18


def centred(
    changes: NDArray[np.float64], labels: NDArray[Any], classes: int
) -> NDArray[np.float64]:
    """Take out of changes (..., m, C) what a shift of all classes' frequencies would do.

    Each row's mean over classes, then each column's mean over rows in which every class
    weighs alike. Of values (C = 1) their mean is taken out. Rows are returned times the root
    of their weights, so that inner products are sums.
    """
    weights = row_weights(labels, classes)
    found = changes - changes.mean(axis=-1, keepdims=True) if classes > 1 else changes
    mean = np.einsum("m,...mc->...c", weights, found)
    centred: NDArray[np.float64] = (found - mean[..., None, :]) * np.sqrt(weights)[:, None]
    return centred


def row_weights(labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Weights (m,) of rows, summing to 1, by which every class counts alike."""
    if classes == 1:
        return np.full(labels.size, 1.0 / labels.size)
    counts = np.bincount(labels, minlength=classes)
    weights = 1.0 / counts[labels]
    found: NDArray[np.float64] = weights / weights.sum()
    return found


def teacher(
    labels: NDArray[Any], classes: int, now: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the outputs should move to, centred: the classes; of values what is still missing.

    Parameters
    ----------
    labels : (m,) array
    classes : int
    now : (m, C) float64
        What the global model says.
    """
    if classes == 1:
        return centred(labels[:, None] - now, labels, 1)
    return centred(np.eye(classes)[labels], labels, classes)


def normalised(changes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Changes (n, m, C) each of length 1."""
    size = np.sqrt((changes**2).sum(axis=(1, 2), keepdims=True))
    found: NDArray[np.float64] = changes / np.maximum(size, _TINY)
    return found


def correlation(
    changes: NDArray[np.float64], taught: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Correlation of centred changes (n, m, C) with what is taught (m, C), in [-1, 1].

    Known failure: a contributor who owns few classes moves the others' rows the wrong way; its
    memory of several rounds, and `company`, make up for it.
    """
    size = np.sqrt((changes**2).sum(axis=(1, 2)) * (taught**2).sum())
    found: NDArray[np.float64] = (changes * taught).sum(axis=(1, 2)) / np.maximum(size, _TINY)
    return found
