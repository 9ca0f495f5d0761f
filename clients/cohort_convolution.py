"""Training many convolutional networks of one shape side by side, without autograd.

A convolution of one contributor's batch is a few products of tall matrices, and that of many
contributors the same few, batched. Who stands beside a contributor changes none of its sums.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import torch
from torch import nn

from clients.cohort_descent import Descent
from clients.cohort_layers import Dense, Flattening, Learnt, Rectifier
from clients.cohort_perceptron import UNLIKELY, WHOLE
from clients.cohort_rows import padded
from clients.cohort_sliding import Convolution, Pooling
from clients.cohort_stages import padding_of, pair
from clients.loss import slopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from anml_fl.settings.training import Training
    from clients.cohort_batches import Batches
    from clients.cohort_layers import Layer
    from clients.cohort_stages import Stage


class Convolutions:
    """M convolutional networks, each of which begins as the global one.

    Parameters
    ----------
    stages : sequence of Stage
        Of the global model, on the device, as `cohort_stages.convolutional_stages` finds them.
    models : int
        M.
    """

    def __init__(self, stages: Sequence[Stage], models: int) -> None:
        self._stages, self._image = stages, stages[0].image
        self._filled, channels = list[_Filled](), self._image[0]
        for one in stages:
            if isinstance(one.layer, nn.Conv2d | nn.Linear):
                self._filled.append(_Filled(one.name, one.layer, channels, models))
                channels = padded(len(one.layer.weight))
        # Below the first weights there is nothing to be learnt.
        names = [one.name for one in stages]
        self._lowest = names.index(self._filled[0].name)

    def trained(self) -> dict[str, Tensor]:
        """Return each parameter of all models, (M, ...), by name."""
        found = {}
        for one in self._filled:
            found[f"{one.name}weight"] = one.weight_in(one.weight)
            found[f"{one.name}bias"] = one.bias_in(one.bias)
        return found

    def ready(self, threads: int) -> None:
        """Make ready for some threads: there is nothing to be done."""

    def row_bytes(self, rows: int) -> int:
        """Count what one model's training on batches of some rows has at hand."""
        own = sum(one.weight[0].numel() + one.bias[0].numel() for one in self._filled)
        # Of the widest layer what comes in and its slope; of a convolution for each column.
        units = max(
            2
            * prod(one.image)
            * (one.layer.kernel_size[1] if isinstance(one.layer, nn.Conv2d) else 1)
            for one in self._stages
        )
        return self._filled[0].weight.element_size() * (2 * own + rows * units)

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
        learnt = [one.begun(part) for one in self._filled]
        descent = Descent([*(a.weight for a in learnt), *(a.bias for a in learnt)], settings)
        pixels, outputs = prod(self._image), self._filled[-1].outputs
        layers: list[Layer] = []
        gradients: list[Tensor] = []
        before = 0
        for step, now in enumerate(batches.going):
            if now != before:
                before, first = now, [one.of(now) for one in learnt]
                layers = self._layers(first, batches.rows.shape[2])
                gradients = [*(a.of_weight for a in first), *(a.of_bias for a in first)]
            rows, share = batches.of_step(step)
            taken = table.index_select(0, rows).view(now, -1, table.shape[1])
            images = taken[:, :, :pixels].unflatten(2, self._image)
            found = images.permute(0, 3, 1, 4, 2)
            for layer in layers:
                found = layer.forward(found)
            if not of_values:
                found[:, :, outputs:] = UNLIKELY
            slope = slopes(found, taken[:, :, padded(pixels) :], share, of_values=of_values)
            for layer in reversed(layers[self._lowest :]):
                slope = layer.backward(slope)
            descent.step(gradients, now)

    def _layers(self, learnt: Sequence[Learnt], rows: int) -> list[Layer]:
        """Make the layers of some models for batches of some rows."""
        found: list[Layer] = []
        own, filled, like = iter(learnt), self._image[0], learnt[0].weight
        for stage in self._stages:
            layer, (channels, height, width) = stage.layer, stage.image
            shape = (len(like), height, rows, width, filled)
            if isinstance(layer, nn.Conv2d):
                mine, sizes = next(own), (pair(layer.kernel_size)[1], padding_of(layer))
                found.append(Convolution(mine, shape, *sizes, first=mine is learnt[0]))
                filled = padded(layer.out_channels)
            elif isinstance(layer, nn.Linear):
                found.append(Dense(next(own), rows))
            elif isinstance(layer, nn.Flatten):
                found.append(Flattening(shape, channels, like))
            elif isinstance(layer, nn.ReLU):
                found.append(Rectifier())
            elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
                greatest = isinstance(layer, nn.MaxPool2d)
                found.append(Pooling(pair(layer.kernel_size), greatest=greatest))
        return found


class _Filled:
    """One layer's parameters in all models, filled up to whole vectors."""

    def __init__(
        self, name: str, layer: nn.Conv2d | nn.Linear, channels: int, models: int
    ) -> None:
        self.name, self.outputs = name, len(layer.weight)
        self._layer, self._channels = layer, channels
        out, shape = padded(self.outputs), tuple[int, ...]()
        if isinstance(layer, nn.Conv2d):
            lines, columns = pair(layer.kernel_size)
            shape = (lines, padded(columns * channels), out)
        else:
            shape = (out, padded(layer.in_features))
        self.weight = layer.weight.new_empty(models, *shape)
        self.bias = layer.weight.new_empty(models, padded(self.outputs, WHOLE))
        self._begin = [one.detach() for one in layer.parameters()]

    def weight_in(self, weight: Tensor) -> Tensor:
        """View the weights as PyTorch's, (M, out, in, ...)."""
        layer, out = self._layer, self.outputs
        if not isinstance(layer, nn.Conv2d):
            return weight[:, :out, : layer.in_features]
        columns = layer.kernel_size[1]
        taps = weight[:, :, : columns * self._channels].unflatten(2, (columns, -1))
        found: Tensor = taps[..., : layer.in_channels, :out].permute(0, 4, 3, 1, 2)
        return found

    def bias_in(self, bias: Tensor) -> Tensor:
        """View the biases as PyTorch's, (M, out)."""
        return bias[:, : self.outputs]

    def begun(self, part: slice) -> Learnt:
        """Let some models begin as the global one."""
        weight, bias = self.weight[part].zero_(), self.bias[part].zero_()
        self.weight_in(weight)[:], self.bias_in(bias)[:] = self._begin
        return Learnt(weight, bias, torch.zeros_like(weight), torch.zeros_like(bias))
