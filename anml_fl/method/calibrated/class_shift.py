"""Class shift: what a model's classes must be moved by to be as frequent as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 20
_TINY = 1e-9


def losses(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cross-entropy (..., m) of each row, in nats.

    Parameters
    ----------
    logits : (..., m, C) float64
    labels : (m,) int64

    Examples
    --------
    >>> losses(np.zeros((1, 2)), np.array([1])).round(3)
    array([0.693])
    """
    logits = logits - logits.max(axis=-1, keepdims=True)
    said = logits[..., np.arange(labels.size), labels]
    found: NDArray[np.float64] = np.log(np.exp(logits).sum(axis=-1)) - said
    return found


def class_shift(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shift b (C,) of logits by which mean probabilities are the labels' frequencies.

    It is where the cross-entropy of logits + b is least. Early on a model thinks too little of
    rare classes, and whoever pushes towards them, as wrong labels do, makes the loss on unseen
    rows smaller; at b that is no gain. Found by iterated proportional fitting.

    Parameters
    ----------
    logits : (m, C) float64
    labels : (m,) int64

    Examples
    --------
    >>> class_shift(np.zeros((4, 2)), np.array([0, 1, 1, 1])).round(2)  # log(1/2), log(3/2)
    array([-0.69,  0.41])
    """
    classes = logits.shape[-1]
    # A class without a row is as frequent as half a row would make it.
    wanted = np.maximum(np.bincount(labels, minlength=classes), 0.5) / labels.size
    shift = np.zeros(classes)
    for _ in range(_STEPS):
        moved = logits + shift
        likely = np.exp(moved - moved.max(axis=-1, keepdims=True))
        mean = (likely / likely.sum(axis=-1, keepdims=True)).mean(axis=0)
        shift += np.log(wanted / np.maximum(mean, _TINY))
    return shift
