"""The loss of models on a root set, from what they say of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def root_losses(
    outputs: NDArray[np.float64], labels: NDArray[Any], classes: int
) -> NDArray[np.float64]:
    """Average the loss of each model over rows: cross-entropy, or the squared error of values.

    Parameters
    ----------
    outputs : (k, m, C) float64
        Logits or values, finite, as `Root.outputs` gives them.
    labels : (m,) array
        Classes in [0, C); or values, where C is 1.
    classes : int
        C.

    Returns
    -------
    (k,) float64
        >= 0, in nats or squared units.

    Examples
    --------
    >>> root_losses(np.zeros((1, 3, 2)), np.array([0, 1, 1]), 2)
    array([0.69314718])
    """
    if classes == 1:
        found: NDArray[np.float64] = ((outputs[:, :, 0] - labels) ** 2).mean(axis=1)
        return found
    above = outputs - outputs.max(axis=2, keepdims=True)
    said = np.take_along_axis(above, labels[None, :, None], axis=2)[:, :, 0]
    cross: NDArray[np.float64] = (np.log(np.exp(above).sum(axis=2)) - said).mean(axis=1)
    return cross


def silent(outputs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which models (k,) say nothing of some row: all zeros, as one that overflows does.

    Its loss would be that of an honest guess, and its update let in.

    Examples
    --------
    >>> silent(np.array([[[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 0.0]]]))
    array([False,  True])
    """
    found: NDArray[np.bool_] = (outputs == 0).all(axis=2).any(axis=1)
    return found
