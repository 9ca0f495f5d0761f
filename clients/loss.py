"""What a contributor's model is trained on: cross-entropy, weighed or not; squared errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weigh classes so that those that somebody holds count alike: n / (k n_c) of k classes.

    Parameters
    ----------
    labels : (n,) int64
    classes : int
        Of the model.

    Returns
    -------
    (classes,) float32
        0 for a class that nobody's label is here.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 2]), 3).round(2)
    array([0.67, 0.  , 2.  ], dtype=float32)
    """
    counts = np.bincount(labels, minlength=classes)
    held = counts > 0
    weights = np.zeros(classes, np.float32)
    weights[held] = labels.size / (held.sum() * counts[held])
    return weights


def loss_of(samples: Samples, settings: Training) -> Callable[[Tensor, Tensor], Tensor]:
    """Choose the loss of a batch: from outputs and labels to their mean loss.

    Examples
    --------
    >>> from anml_fl.datasets.prepare import Samples
    >>> from anml_fl.settings.training import Training
    >>> values = Samples(np.zeros((1, 2), np.float32), np.ones(1, np.float32), 1)
    >>> float(loss_of(values, Training())(torch.zeros(1, 1), torch.tensor([3.0])))
    9.0
    """
    if samples.classes == 1:
        return _squared_error
    if not settings.weight_classes:
        return _cross_entropy
    weights = torch.from_numpy(class_weights(samples.labels, samples.classes))
    return partial(_cross_entropy, weight=weights.to(settings.device))


def slopes(outputs: Tensor, targets: Tensor, weights: Tensor, *, of_values: bool) -> Tensor:
    """Differentiate the loss of many batches by their outputs, in the outputs' place.

    c (softmax(z) - y) of a one-hot y; c (z - y) of a value.

    Parameters
    ----------
    outputs : (M, R, C) tensor
        z; overwritten.
    targets : (M, R, C) tensor
        y.
    weights : (M, R, 1) tensor
        c: 1 / rows, or as classes weigh; of values 2 / rows.
    of_values : bool

    Examples
    --------
    >>> one = torch.ones(1, 1, 1)
    >>> slopes(torch.zeros(1, 1, 2), torch.tensor([[[0.0, 1.0]]]), one, of_values=False)
    tensor([[[ 0.5000, -0.5000]]])
    """
    if not of_values:
        torch.softmax(outputs, 2, out=outputs)
    return outputs.sub_(targets).mul_(weights)


def _cross_entropy(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    wide = _wide(logits)
    return cross_entropy(wide, labels, weight if weight is None else weight.to(wide.dtype))


def _squared_error(outputs: Tensor, values: Tensor) -> Tensor:
    wide = _wide(outputs.squeeze(1))
    return mse_loss(wide, values.to(wide.dtype))


def _wide(outputs: Tensor) -> Tensor:
    """Take sums of narrow types, such as bfloat16, in float32."""
    return outputs.float() if outputs.element_size() < 4 else outputs
