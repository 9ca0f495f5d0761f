"""Minibatch SGD of an MLP without autograd: the same steps in less time.

PyTorch's own kernels, in the order in which autograd calls them; what is saved is the
bookkeeping, which for batches of 32 costs more than the sums. The steps are autograd's but
for rounding: a batch that is cut out of an epoch lies elsewhere in memory than a copy of it,
and on some processors a product's last bits depend on that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import nn

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from anml_fl.settings.training import Training


def is_perceptron(model: nn.Module) -> TypeGuard[nn.Sequential]:
    """Tell whether a model is a stack of linear layers, with a ReLU between each two.

    Examples
    --------
    >>> is_perceptron(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    True
    >>> is_perceptron(nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Linear(3, 2)))
    False
    """
    # Types as they are: a class of somebody's own may do more. Hooks, too, as of weight_norm.
    layers = list(model) if type(model) is nn.Sequential else []
    wanted = [nn.ReLU if i % 2 else nn.Linear for i in range(len(layers))]
    own = list(model.parameters())
    return (
        len(layers) % 2 == 1
        and [type(layer) for layer in layers] == wanted
        # Each with a bias, and none twice.
        and len(own) == len(layers) + 1
        and all(one.requires_grad and one.dtype is torch.float32 for one in own)
        and not any(_is_hooked(one) for one in (model, *layers))
    )


def _is_hooked(layer: nn.Module) -> bool:
    hooks = (
        layer._forward_hooks,
        layer._forward_pre_hooks,
        layer._backward_hooks,
        layer._backward_pre_hooks,
    )
    return any(hooks)


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
    gradients = [torch.empty_like(parameter) for parameter in parameters]
    turned = [weight.t() for weight in weights]
    n, classes = labels.numel(), len(biases[-1])
    # The slope of a batch's mean cross-entropy in the log-probabilities; an epoch's last
    # batch may be shorter than the others.
    sizes = {min(settings.batch_size, n), n % settings.batch_size} - {0}
    slopes = {
        size: features.new_zeros(n, classes).scatter_(1, labels.unsqueeze(1), -1.0 / size)
        for size in sizes
    }
    for _ in range(settings.local_epochs):
        order = torch.from_numpy(rng.permutation(n)).to(labels.device)
        batches = zip(
            features[order].split(settings.batch_size),
            order.split(settings.batch_size),
            strict=True,
        )
        for x, chosen in batches:
            slope = slopes[len(chosen)][chosen]
            _differentiate(weights, turned, biases, x, slope, gradients)
            torch._foreach_add_(parameters, gradients, alpha=-settings.learning_rate)


def _differentiate(
    weights: list[Tensor],
    turned: list[Tensor],
    biases: list[Tensor],
    x: Tensor,
    slope: Tensor,
    gradients: list[Tensor],
) -> None:
    """Write the gradients of weights and biases for a batch."""
    aten, depth = torch.ops.aten, len(weights)
    inputs = [x]
    for bias, weight in zip(biases[:-1], turned[:-1], strict=True):
        inputs.append(torch.addmm(bias, inputs[-1], weight).relu_())
    log_p = torch.log_softmax(torch.addmm(biases[-1], inputs[-1], turned[-1]), 1)
    slope = aten._log_softmax_backward_data.default(slope, log_p, 1, log_p.dtype)
    for i in reversed(range(depth)):
        torch.mm(slope.t(), inputs[i], out=gradients[i])
        torch.sum(slope, 0, out=gradients[depth + i])
        if i:
            slope = aten.threshold_backward.default(slope.mm(weights[i]), inputs[i], 0)
