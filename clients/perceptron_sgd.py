"""Minibatch SGD of an MLP without autograd: the same steps, bit for bit, in less time.

PyTorch's own kernels, in the order in which autograd calls them; what is saved is the
bookkeeping, which for batches of 32 costs more than the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import nn

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from anml_fl.config import Training


def is_perceptron(model: nn.Module) -> TypeGuard[nn.Sequential]:
    """Tell whether a model is a stack of linear layers, with a ReLU between each two.

    Examples
    --------
    >>> is_perceptron(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    True
    >>> is_perceptron(nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Linear(3, 2)))
    False
    """
    layers = list(model) if isinstance(model, nn.Sequential) else []
    if not all(parameter.requires_grad for parameter in model.parameters()):
        return False
    return len(layers) % 2 == 1 and all(
        isinstance(layer, nn.ReLU if i % 2 else nn.Linear)
        and (i % 2 == 1 or layer.bias is not None)
        for i, layer in enumerate(layers)
    )


@torch.inference_mode()
def train_perceptron(
    model: nn.Sequential,
    features: Tensor,
    labels: Tensor,
    settings: Training,
    rng: np.random.Generator,
) -> None:
    """Train in place: SGD on cross-entropy.

    Parameters
    ----------
    model : torch.nn.Sequential
        As `is_perceptron` has it.
    features : (n, d) tensor
    labels : (n,) int64 tensor
    settings : Training
        Epochs, batch size, learning rate.
    rng : numpy.random.Generator
        Order of the samples.
    """
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    weights = [layer.weight.detach() for layer in layers]
    biases = [layer.bias.detach() for layer in layers]
    parameters = [*weights, *biases]
    for _ in range(settings.local_epochs):
        order = torch.from_numpy(rng.permutation(labels.numel())).to(labels.device)
        batches = zip(
            features[order].split(settings.batch_size),
            labels[order].split(settings.batch_size),
            strict=True,
        )
        for x, y in batches:
            gradients = _gradients(weights, biases, x, y)
            torch._foreach_add_(parameters, gradients, alpha=-settings.learning_rate)


def _gradients(
    weights: list[Tensor], biases: list[Tensor], x: Tensor, y: Tensor
) -> list[Tensor]:
    inputs = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        inputs.append(torch.addmm(bias, inputs[-1], weight.t()).relu_())
    logits = torch.addmm(biases[-1], inputs[-1], weights[-1].t())
    log_p = torch.log_softmax(logits, 1)
    given = torch.zeros_like(log_p).scatter_(1, y.unsqueeze(1), -1.0 / len(y))
    slope = torch.ops.aten._log_softmax_backward_data(given, log_p, 1, log_p.dtype)
    of_weights, of_biases = [], []
    for weight, seen in zip(reversed(weights), reversed(inputs), strict=True):
        of_weights.append(slope.t().mm(seen))
        of_biases.append(slope.sum(0))
        if seen is not x:
            slope = torch.ops.aten.threshold_backward(slope.mm(weight), seen, 0)
    return [*reversed(of_weights), *reversed(of_biases)]
