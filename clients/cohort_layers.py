"""Layers of many convolutional networks side by side, forward and back.

Images lie as (M, height, rows, width, channels), their channels filled up to whole vectors as
the units of a perceptron are. Those that slide over images are in `cohort_sliding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from clients.cohort_rows import padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

# The gradient of relu as autograd computes it, in one pass and in place.
_relu_backward = torch.ops.aten.threshold_backward.grad_input


class Layer(Protocol):
    """A layer of the first models, with the room for its batch."""

    def forward(self, below: Tensor) -> Tensor:
        """Compute what comes out."""

    def backward(self, slope: Tensor) -> Tensor:
        """Compute the slopes at what came in; leave those of weights in their place."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The parameters of one layer of some models, and room for their gradients.

    Parameters
    ----------
    weight : (M, kernel height, kernel width x channels, out) or (M, out, in) tensor
        Of a convolution, or of a dense layer.
    bias : (M, out) tensor
    of_weight, of_bias : tensor
        Gradients, of the same shapes.
    """

    weight: Tensor
    bias: Tensor
    of_weight: Tensor
    of_bias: Tensor

    def of(self, models: int) -> Learnt:
        """Take the first models."""
        every = (self.weight, self.bias, self.of_weight, self.of_bias)
        return Learnt(*(one[:models] for one in every))

    def row(self, units: int) -> Tensor:
        """Take the biases of the first units as they are added to each row: (M, 1, units)."""
        return self.bias[:, :units].unsqueeze(1)


class Dense:
    """A linear layer.

    Parameters
    ----------
    learnt : Learnt
    rows : int
        R: of a batch.
    """

    def __init__(self, learnt: Learnt, rows: int) -> None:
        models, out, into = learnt.weight.shape
        self._learnt, self._bias = learnt, learnt.row(out)
        self._turned = learnt.weight.mT
        self._of_bias = learnt.of_bias[:, :out]
        self._found = learnt.weight.new_empty(models, rows, out)
        self._slope = learnt.weight.new_empty(models, rows, into)

    def forward(self, below: Tensor) -> Tensor:
        """Compute (M, R, out) of (M, R, in)."""
        self._below = below
        return torch.baddbmm(self._bias, below, self._turned, out=self._found)

    def backward(self, slope: Tensor) -> Tensor:
        """Compute (M, R, in) of (M, R, out)."""
        torch.bmm(slope.mT, self._below, out=self._learnt.of_weight)
        torch.sum(slope, 1, out=self._of_bias)
        return torch.bmm(slope, self._learnt.weight, out=self._slope)


class Rectifier:
    """ReLU, in the place of what comes in."""

    def forward(self, below: Tensor) -> Tensor:
        """Cut off what is negative."""
        self._found = below.relu_()
        return self._found

    def backward(self, slope: Tensor) -> Tensor:
        """Let through what was positive, in the slopes' place."""
        found: Tensor = _relu_backward(slope, self._found, 0, grad_input=slope)
        return found


class Flattening:
    """From images to rows of numbers, channel by channel as PyTorch has them.

    Parameters
    ----------
    shape : tuple of int
        (M, height, R, width, channels) of what comes in, filled up.
    channels : int
        Of the image.
    like : torch.Tensor
        Whose type and device are meant.
    """

    def __init__(self, shape: Sequence[int], channels: int, like: Tensor) -> None:
        models, height, rows, width, _ = shape
        units = channels * height * width
        self._image, self._channels = (channels, height, width), channels
        self._units = units
        self._found = like.new_zeros(models, rows, padded(units))
        self._slope = like.new_zeros(shape)

    def forward(self, below: Tensor) -> Tensor:
        """Compute (M, R, units) of (M, height, R, width, channels)."""
        there = self._found[:, :, : self._units].unflatten(2, self._image)
        there.copy_(below[..., : self._channels].permute(0, 2, 4, 1, 3))
        return self._found

    def backward(self, slope: Tensor) -> Tensor:
        """Compute (M, height, R, width, channels) of (M, R, units)."""
        given = slope[:, :, : self._units].unflatten(2, self._image)
        self._slope[..., : self._channels] = given.permute(0, 3, 1, 4, 2)
        return self._slope
