"""Layers that slide over the images of many networks: convolutions and pooling.

As images lie, (M, height, rows, width, channels), a kernel's line of weights is one product
of M matrices, and what it goes over is laid out for its columns alone, not for its lines too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import avg_pool2d, max_pool2d_with_indices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from clients.cohort_layers import Learnt

# Gradients as autograd computes them, in one pass.
_max_backward = torch.ops.aten.max_pool2d_with_indices_backward
_mean_backward = torch.ops.aten.avg_pool2d_backward


class Convolution:
    """A convolution in steps of 1.

    Parameters
    ----------
    learnt : Learnt
    shape : tuple of int
        (M, height, R, width, channels) of what comes in.
    columns : int
        Of the kernel.
    padding : tuple of int
        Rows and columns of zeros on each side.
    first : bool
        Whether nothing below has weights, so that nobody asks for slopes.
    """

    def __init__(
        self,
        learnt: Learnt,
        shape: Sequence[int],
        columns: int,
        padding: tuple[int, int],
        *,
        first: bool,
    ) -> None:
        models, height, rows, width, channels = shape
        lines, long, out = learnt.weight.shape[1:]
        above, beside = padding
        high, wide = height + 2 * above - lines + 1, width + 2 * beside - columns + 1
        new = learnt.weight.new_empty
        self._learnt, self._bias, self._first = learnt, learnt.row(out), first
        self._of_bias = learnt.of_bias[:, :out]
        self._found = new(models, high * rows * wide, out)
        self._shape = (models, high, rows, wide, out)
        # What padding and filling up leave free stays 0.
        spread = learnt.weight.new_zeros(models, height + 2 * above, rows, wide, long)
        inside = slice(above, above + height)
        self._spots = _spots(columns, beside, width, wide, channels)
        self._into = [spread[:, inside, :, there, taps] for _, there, taps in self._spots]
        self._lines = [spread[:, i : i + high].view(models, -1, long) for i in range(lines)]
        self._weights = learnt.weight.unbind(1)
        self._of_weights = learnt.of_weight.unbind(1)
        if not first:
            self._slope = new(shape)
            back = torch.empty_like(spread)
            self._rest = back[:, high:]
            self._back = [back[:, inside, :, there, taps] for _, there, taps in self._spots]
            self._sums = [back[:, i : i + high].view(models, -1, long) for i in range(lines)]

    def forward(self, below: Tensor) -> Tensor:
        """Compute (M, height', R, width', out) of (M, height, R, width, channels)."""
        for (here, _, _), into in zip(self._spots, self._into, strict=True):
            into.copy_(below[:, :, :, here])
        torch.baddbmm(self._bias, self._lines[0], self._weights[0], out=self._found)
        for line, weight in zip(self._lines[1:], self._weights[1:], strict=True):
            self._found.baddbmm_(line, weight)
        return self._found.view(self._shape)

    def backward(self, slope: Tensor) -> Tensor:
        """Compute (M, height, R, width, channels) of (M, height', R, width', out)."""
        slope = slope.view(self._found.shape)
        for line, gradient in zip(self._lines, self._of_weights, strict=True):
            torch.bmm(line.mT, slope, out=gradient)
        torch.sum(slope, 1, out=self._of_bias)
        if self._first:
            return slope
        self._rest.zero_()
        torch.bmm(slope, self._weights[0].mT, out=self._sums[0])
        for line, weight in zip(self._sums[1:], self._weights[1:], strict=True):
            line.baddbmm_(slope, weight.mT)
        self._slope.zero_()
        for (here, _, _), back in zip(self._spots, self._back, strict=True):
            self._slope[:, :, :, here].add_(back)
        return self._slope


def _spots(
    columns: int, beside: int, width: int, wide: int, channels: int
) -> list[tuple[slice, slice, slice]]:
    """Tell of each column of a kernel: which of the image it meets, for which out, where."""
    found = []
    for k in range(columns):
        start = max(0, beside - k)
        end = max(start, min(wide, width + beside - k))
        here = slice(start + k - beside, end + k - beside)
        found.append((here, slice(start, end), slice(k * channels, (k + 1) * channels)))
    return found


class Pooling:
    """The greatest or the mean of each window, side by side.

    Rows stand beside each other as one wide image: windows end where a row does.

    Parameters
    ----------
    window : tuple of int
        Height and width; the width divides that of an image.
    greatest : bool
        Whether the greatest, or else the mean.
    """

    def __init__(self, window: tuple[int, int], *, greatest: bool) -> None:
        self._window, self._greatest = list(window), greatest

    def forward(self, below: Tensor) -> Tensor:
        """Compute (M, height', R, width', channels) of (M, height, R, width, channels)."""
        self._below = _as_images(below)
        if self._greatest:
            found, self._places = max_pool2d_with_indices(self._below, self._window)
        else:
            found = avg_pool2d(self._below, self._window)
        return self._as_ours(found, below.shape[2])

    def backward(self, slope: Tensor) -> Tensor:
        """Compute (M, height, R, width, channels) of (M, height', R, width', channels)."""
        rows, size, still = slope.shape[2], self._window, [0, 0]
        given = _as_images(slope)
        if self._greatest:
            found = _max_backward(
                given, self._below, size, size, still, [1, 1], False, self._places
            )
        else:
            found = _mean_backward(given, self._below, size, size, still, False, True, None)
        return self._as_ours(found, rows)

    def _as_ours(self, images: Tensor, rows: int) -> Tensor:
        found: Tensor = images.permute(0, 2, 3, 1).contiguous().unflatten(2, (rows, -1))
        return found


def _as_images(one: Tensor) -> Tensor:
    """View as (M, channels, height, R x width)."""
    return one.flatten(2, 3).permute(0, 3, 1, 2)
