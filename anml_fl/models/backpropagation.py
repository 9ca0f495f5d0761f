"""Backpropagation and Adam for many MLPs of one shape, in buffers that are reused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.optim.adam import adam

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BLOCK_BYTES = 2 << 20  # what one block of samples may take: a core's L2
_CHUNK_BYTES = 6 << 20  # what one chunk of models may take: calls cost more than L3 does
# Kernels work on vectors of up to 16 floats, two at a time, and are slower and round otherwise
# in what is left over.
_ALIGNED = 32

# The gradient of relu as autograd computes it, in one pass and in place.
_relu_backward: Callable[..., Tensor] = torch.ops.aten.threshold_backward.grad_input


def row_bytes(sizes: Sequence[int], dtype: torch.dtype) -> int:
    """Bytes that one sample takes on its way through one model and back.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input's first.
    dtype : torch.dtype

    Examples
    --------
    >>> row_bytes((13, 64, 32, 3), torch.float32)
    848
    """
    return dtype.itemsize * (sizes[0] + 1 + 2 * sum(sizes[1:-1]) + 2 * sizes[-1])


def block_rows(sizes: Sequence[int], n: int, dtype: torch.dtype) -> int:
    """Cut samples into blocks whose activations stay in a core's cache.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input's first.
    n : int
        Samples.
    dtype : torch.dtype

    Returns
    -------
    int
        Samples in a block, about the same in all; the same for every cohort.

    Examples
    --------
    >>> block_rows((13, 64, 32, 3), 142, torch.float32)
    142
    >>> block_rows((54, 64, 32, 7), 16000, torch.float32)
    2000
    """
    most = max(_BLOCK_BYTES // row_bytes(sizes, dtype), 16)
    return math.ceil(n / math.ceil(n / most))


def chunk_models(sizes: Sequence[int], n: int, dtype: torch.dtype) -> int:
    """Count the models that train side by side in a core's cache.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input's first.
    n : int
        Samples in a batch.
    dtype : torch.dtype

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> chunk_models((13, 64, 32, 3), 142, torch.float32)
    37
    """
    parameters = sum((a + 1) * b for a, b in pairwise(sizes))
    rows = block_rows(sizes, n, dtype)
    one = 4 * parameters * dtype.itemsize + rows * row_bytes(sizes, dtype)
    return max(_CHUNK_BYTES // one, 1)


@dataclass(frozen=True, slots=True)
class _Layers:
    """Views of a flat buffer: a matrix and a bias for each layer."""

    flat: Tensor
    first: Tensor  # (M, d + 1, h): the first layer, its bias as the last row
    last: Tensor  # (M, out, in): the last of several layers
    weights: list[Tensor]  # (M, in, out)
    biases: list[Tensor]  # (M, out)


def _layers(flat: Tensor, models: int, sizes: Sequence[int]) -> _Layers:
    # Layer by layer and not model by model, since batched products write to contiguous
    # results only. The first bias is one more row of weights: its input is the ones column.
    d, h = sizes[:2]
    at = models * (d + 1) * h
    first = last = flat[:at].view(models, d + 1, h)
    weights, biases = [first[:, :d]], [first[:, d]]
    for i, (a, b) in enumerate(pairwise(sizes[1:]), start=2):
        block = flat[at : at + models * a * b]
        if i < len(sizes) - 1:
            weights.append(block.view(models, a, b))
        else:
            # Transposed as the logits are, since of two transposed factors products are slow.
            last = block.view(models, b, a)
            weights.append(last.mT)
        at += models * a * b
        biases.append(flat[at : at + models * b].view(models, b))
        at += models * b
    return _Layers(flat, first, last, weights, biases)


class Backpropagation:
    """Weights of M models that learn side by side.

    Parameters
    ----------
    weights : sequence of (M, in, out) tensors
        Copied.
    biases : sequence of (M, out) tensors
        Copied.
    learning_rate : float
    squared : bool
        Mean squared error in place of cross entropy.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        learning_rate: float,
        squared: bool,
    ) -> None:
        self._models = len(weights[0])
        self._sizes = [weights[0].shape[1], *(w.shape[2] for w in weights)]
        length = self._models * sum((a + 1) * b for a, b in pairwise(self._sizes))
        length += -length % _ALIGNED
        self._parameters, self._gradients = (
            _layers(weights[0].new_zeros(length), self._models, self._sizes) for _ in range(2)
        )
        self._moments = [weights[0].new_zeros(length) for _ in range(2)]
        self._steps = torch.zeros((), dtype=torch.float32, device=weights[0].device)
        self._learning_rate = learning_rate
        self._squared = squared
        self._passes: dict[int, _Pass] = {}
        for own, given in zip(self._parameters.weights, weights, strict=True):
            own.copy_(given)
        for own, given in zip(self._parameters.biases, biases, strict=True):
            own.copy_(given)

    @property
    def weights(self) -> list[Tensor]:
        """Views, (M, in, out) each."""
        return self._parameters.weights

    @property
    def biases(self) -> list[Tensor]:
        """Views, (M, out) each."""
        return self._parameters.biases

    def step(self, x: Tensor, y: Tensor) -> None:
        """Take one step of Adam against the gradient of the batch's mean loss.

        Parameters
        ----------
        x : (M, n, d + 1) tensor
            Features, then a column of ones.
        y : (M, out, n) tensor
            One-hot labels, or values to meet.
        """
        n = x.shape[1]
        rows = block_rows(self._sizes, n, x.dtype)
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            self._pass(block.stop - start)(x[:, block], y[:, :, block], n, start > 0)
        adam(
            [self._parameters.flat],
            [self._gradients.flat],
            [self._moments[0]],
            [self._moments[1]],
            [],
            [self._steps],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self._learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )

    def _pass(self, rows: int) -> _Pass:
        if rows not in self._passes:
            self._passes[rows] = _Pass(self._parameters, self._gradients, rows, self._squared)
        return self._passes[rows]


class _Pass:
    """Forward and back for a number of rows, with the room for it."""

    def __init__(
        self, parameters: _Layers, gradients: _Layers, rows: int, squared: bool
    ) -> None:
        self._gradients = gradients
        self._squared = squared
        new = parameters.flat.new_empty
        models, width = len(parameters.first), [w.shape[2] for w in parameters.weights]
        self._hidden = [new(models, rows, h) for h in width[:-1]]
        self._errors = [new(models, rows, h) for h in width[:-1]]
        # Logits lie transposed, so that softmax works on whole vectors of samples.
        self._out = new(models, width[-1], rows)
        self._sums = [torch.empty_like(bias) for bias in gradients.biases]
        # All views are made once: making one takes as long as a small product.
        self._first, self._last = parameters.first, parameters.last
        self._inner = [
            (bias.unsqueeze(1), weight, room)
            for bias, weight, room in zip(
                parameters.biases[1:-1],
                parameters.weights[1:-1],
                self._hidden[1:],
                strict=True,
            )
        ]
        self._last_bias = parameters.biases[-1].unsqueeze(2)
        self._top = self._hidden[-1].mT if self._hidden else self._out
        self._out_rows = self._out.mT
        self._weights_back = [weight.mT for weight in parameters.weights]
        self._hidden_back = [hidden.mT for hidden in self._hidden]

    def __call__(self, x: Tensor, y: Tensor, n: int, more: bool) -> None:
        """Leave the gradients of a block of n samples, or add them to what is there."""
        x_back, out = x.mT, self._out
        if not self._hidden:
            torch.bmm(self._first.mT, x_back, out=out)
            self._differ(y, n)
            _product(x_back, self._out_rows, self._gradients.first, more)
            return
        below = torch.bmm(x, self._first, out=self._hidden[0]).relu_()
        for bias, weight, room in self._inner:
            below = torch.baddbmm(bias, below, weight, out=room).relu_()
        torch.baddbmm(self._last_bias, self._last, self._top, out=out)
        self._differ(y, n)
        _product(out, below, self._gradients.last, more)
        error = self._out_rows
        for i in range(len(self._hidden), 0, -1):
            if i < len(self._hidden):
                _product(self._hidden_back[i - 1], error, self._gradients.weights[i], more)
            self._sum(i, error, more)
            torch.bmm(error, self._weights_back[i], out=self._errors[i - 1])
            error = self._errors[i - 1]
            _relu_backward(error, self._hidden[i - 1], 0, grad_input=error)
        _product(x_back, error, self._gradients.first, more)

    def _differ(self, y: Tensor, n: int) -> None:
        """Leave the loss's gradient at the outputs in their place."""
        if self._squared:
            self._out.sub_(y).mul_(2 / n)
        else:
            torch.softmax(self._out, 1, out=self._out).sub_(y).mul_(1 / n)

    def _sum(self, i: int, error: Tensor, more: bool) -> None:
        if more:
            self._gradients.biases[i].add_(torch.sum(error, 1, out=self._sums[i]))
        else:
            torch.sum(error, 1, out=self._gradients.biases[i])


def _product(a: Tensor, b: Tensor, out: Tensor, more: bool) -> None:
    if more:
        out.baddbmm_(a, b)
    else:
        torch.bmm(a, b, out=out)
