"""Training many perceptrons of one shape side by side, without autograd.

A step of a small perceptron is a dozen small products, and calling them takes longer than they
do. Here all contributors' products are one batched product, into room that is used again.

Layers are filled up to whole vectors with units whose weights are 0 and stay so: then what a
contributor has lies alike in memory whoever stands beside it, and its sums round alike.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from clients.cohort_descent import Descent
from clients.cohort_rows import padded
from clients.loss import slopes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from anml_fl.settings.training import Training
    from clients.cohort_batches import Batches

WHOLE = 32
"""Numbers: two vectors, for what is updated number by number."""
UNLIKELY = -1e30
"""A logit whose probability is 0."""

# The gradient of relu as autograd computes it, in one pass and in place.
_relu_backward = torch.ops.aten.threshold_backward.grad_input


def linear_layers(model: nn.Module) -> dict[str, nn.Linear]:
    """Find the layers of a perceptron: linear ones, with a ReLU between each two.

    Returns
    -------
    dict of str to torch.nn.Linear
        By what the names of their parameters begin with. Empty where the model is anything
        else, or does anything besides.

    Examples
    --------
    >>> list(linear_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))))
    ['0.', '2.']
    >>> linear_layers(nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Linear(3, 2)))
    {}
    """
    stack = type(model) is nn.Sequential
    layers = {f"{k}.": one for k, one in model.named_children()} if stack else {"": model}
    # Types as they are: a class of somebody's own may do more. Hooks, too, as of weight_norm.
    if not all(
        type(one) is (nn.Linear, nn.ReLU)[i % 2] for i, one in enumerate(layers.values())
    ):
        return {}
    found = {k: one for k, one in layers.items() if isinstance(one, nn.Linear)}
    own = [one for layer in found.values() for one in layer._parameters.values()]
    is_one = (
        len(layers) % 2 == 1
        # Each with a bias, and none twice; and nothing besides.
        and len(own) == len({id(one) for one in own}) == len(layers) + 1
        and all(is_learnt(one) for one in own)
        and not (stack and model._parameters)
        and not any(is_hooked(one) or one._buffers for one in (model, *layers.values()))
    )
    return found if is_one else {}


def is_learnt(one: Tensor | None) -> bool:
    """Whether something is a parameter that is trained, of the usual type.

    Examples
    --------
    >>> is_learnt(nn.Linear(1, 1).bias), is_learnt(None)
    (True, False)
    """
    return one is not None and one.requires_grad and one.dtype is torch.float32


def is_hooked(layer: nn.Module) -> bool:
    """Whether something is to be called before or after a layer.

    Examples
    --------
    >>> is_hooked(nn.Linear(1, 1))
    False
    """
    hooks = (
        layer._forward_hooks,
        layer._forward_pre_hooks,
        layer._backward_hooks,
        layer._backward_pre_hooks,
    )
    return any(hooks)


class Perceptrons:
    """M perceptrons, each of which begins as the global one.

    Parameters
    ----------
    named : mapping of str to torch.nn.Linear
        Of the global model, on the device, as `linear_layers` finds them.
    models : int
        M.
    """

    def __init__(self, named: Mapping[str, nn.Linear], models: int) -> None:
        self._names, layers = list(named), list(named.values())
        self._layers = layers
        self._units = [layers[0].in_features, *(one.out_features for one in layers)]
        self._weights = [
            one.weight.new_empty(models, padded(one.out_features), padded(one.in_features))
            for one in layers
        ]
        self._biases = [
            one.bias.new_empty(models, padded(one.out_features, WHOLE)) for one in layers
        ]

    def trained(self) -> dict[str, Tensor]:
        """Return each parameter of all models, (M, ...), by name."""
        found = {}
        for name, weight, bias, (into, out) in zip(
            self._names, self._weights, self._biases, pairwise(self._units), strict=True
        ):
            found[f"{name}weight"] = weight[:, :out, :into]
            found[f"{name}bias"] = bias[:, :out]
        return found

    def ready(self, threads: int) -> None:
        """Make ready for some threads: there is nothing to be done."""

    def row_bytes(self, rows: int) -> int:
        """Count what one model's training on batches of some rows has at hand."""
        own = sum(one[0].numel() for one in (*self._weights, *self._biases))
        units = padded(self._units[0]) + 3 * sum(map(padded, self._units[1:]))
        return self._weights[0].element_size() * (2 * own + rows * units)

    @torch.inference_mode()
    def train(
        self,
        part: slice,
        table: Tensor,
        batches: Batches,
        settings: Training,
        *,
        of_values: bool,
    ) -> None:
        """Train some of the models, see `cohort_jobs.Models`."""
        weights, biases = self._begun(part)
        descent = Descent([*weights, *biases], settings)
        room = _Room(weights, biases, batches.rows.shape[2], table.shape[1])
        unused, views = padded(self._units[-1]) - self._units[-1], None
        for step, now in enumerate(batches.going):
            if views is None or now != batches.going[step - 1]:
                views = _Views(room, weights, biases, now)
            rows, share = batches.of_step(step)
            torch.index_select(table, 0, rows, out=views.taken)
            out = views.forward()
            if unused and not of_values:
                out[:, :, -unused:] = UNLIKELY
            slopes(out, views.targets, share, of_values=of_values)
            descent.step(views.backward(), now)

    def _begun(self, part: slice) -> tuple[list[Tensor], list[Tensor]]:
        """Let some models begin as the global one."""
        weights = [one[part] for one in self._weights]
        biases = [one[part] for one in self._biases]
        for weight, bias, layer in zip(weights, biases, self._layers, strict=True):
            out, into = layer.weight.shape
            # Zeros are written only where something is to be filled up.
            if weight.shape[1:] != (out, into):
                weight.zero_()
            weight[:, :out, :into] = layer.weight
            bias[:, out:] = 0
            bias[:, :out] = layer.bias
        return weights, biases


class _Room:
    """Room for the activations and gradients of some models."""

    def __init__(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], rows: int, width: int
    ) -> None:
        models, new = len(weights[0]), weights[0].new_empty
        self.batch = new(models, rows, width)
        self.found = [new(models, rows, one.shape[1]) for one in weights]
        self.slopes = [torch.empty_like(one) for one in self.found[:-1]]
        self.of_weights = [torch.empty_like(one) for one in weights]
        # What fills them up is not written to.
        self.of_biases = [torch.zeros_like(one) for one in biases]


class _Views:
    """The first models' part of the room: made once, as a view takes as long as a product."""

    def __init__(
        self, room: _Room, weights: Sequence[Tensor], biases: Sequence[Tensor], going: int
    ) -> None:
        batch, start = room.batch[:going], weights[0].shape[2]
        self.taken = batch.view(-1, batch.shape[2])
        self.targets = batch[:, :, start:]
        self._found = [one[:going] for one in room.found]
        self._slopes = [one[:going] for one in room.slopes]
        self._weights = [one[:going] for one in weights]
        self._turned = [one.mT for one in self._weights]
        self._biases = [
            one[:going, : found.shape[2]].unsqueeze(1)
            for one, found in zip(biases, self._found, strict=True)
        ]
        self._of_weights = [one[:going] for one in room.of_weights]
        self._of_biases = [one[:going] for one in room.of_biases]
        self._of_bias = [
            one[:, : found.shape[2]]
            for one, found in zip(self._of_biases, self._found, strict=True)
        ]
        self._gradients = [*self._of_weights, *self._of_biases]
        self._inputs = [batch[:, :, :start], *self._found[:-1]]
        self._last_back = self._found[-1].mT
        self._backs = [one.mT for one in self._slopes]

    def forward(self) -> Tensor:
        """Compute the outputs of the batch."""
        below, last = self._inputs[0], len(self._weights) - 1
        for i, (bias, weight) in enumerate(zip(self._biases, self._turned, strict=True)):
            below = torch.baddbmm(bias, below, weight, out=self._found[i])
            if i < last:
                below.relu_()
        return below

    def backward(self) -> list[Tensor]:
        """Compute the gradients of weights and biases from the slopes at the outputs."""
        slope, back = self._found[-1], self._last_back
        for i in range(len(self._weights) - 1, -1, -1):
            torch.bmm(back, self._inputs[i], out=self._of_weights[i])
            torch.sum(slope, 1, out=self._of_bias[i])
            if i:
                below = torch.bmm(slope, self._weights[i], out=self._slopes[i - 1])
                slope = _relu_backward(below, self._inputs[i], 0, grad_input=below)
                back = self._backs[i - 1]
        return self._gradients
