"""What a layer took and what flowed back into it, as factors of each sample's gradient."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from anml_fl.method.gradient_layers import Factors

if TYPE_CHECKING:
    from anml_fl.method.gradient_layers import Calls


def layer_factors(calls: Calls, deltas: list[torch.Tensor]) -> list[Factors]:
    """Bring a layer's calls to factors.

    Parameters
    ----------
    calls : calls of one layer
        From `recorded`.
    deltas : list of tensors
        Loss differentiated by each recorded output.

    Returns
    -------
    list of Factors
        One for each group of a convolution, otherwise one. Calls follow one another as
        further positions.
    """
    layer = calls.layer
    if isinstance(layer, nn.Embedding):
        return [_of_embedding(layer, calls.inputs, deltas)]
    if isinstance(layer, nn.LayerNorm):
        return [_of_normalisation(layer, calls.inputs, deltas)]
    convolution = not isinstance(layer, nn.Linear)
    groups = layer.groups if convolution else 1
    parts = []
    for taken, delta in zip(calls.inputs, deltas, strict=True):
        n = delta.shape[0]
        if convolution:
            patches = _patches(layer, taken)
            # (n, out, *places) -> (n, groups, places, out / groups)
            back = delta.reshape(n, groups, layer.out_channels // groups, -1).transpose(2, 3)
        else:
            patches = taken.reshape(n, 1, -1, layer.in_features)
            back = delta.reshape(n, 1, -1, layer.out_features)
        if layer.bias is not None:
            patches = functional.pad(patches, (0, 1), value=1.0)
        parts.append((back, patches))
    joined = (
        parts[0]
        if len(parts) == 1
        else [torch.cat(p, dim=2) for p in zip(*parts, strict=True)]
    )
    return [Factors(joined[0][:, g], joined[1][:, g]) for g in range(groups)]


def _patches(layer: Any, images: torch.Tensor) -> torch.Tensor:
    """(n, channels, *size) -> (n, groups, places, channels / groups * kernel)."""
    axes = len(layer.kernel_size)
    spans = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
    if layer.padding == "valid":
        sides = [(0, 0)] * axes
    elif layer.padding == "same":
        sides = [(span // 2, span - span // 2) for span in spans]
    else:
        sides = [(p, p) for p in layer.padding]
    if any(any(pair) for pair in sides):
        mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
        # From the last axis to the first, as `pad` wants them.
        flat = [side for pair in reversed(sides) for side in pair]
        images = functional.pad(images, flat, mode=mode)
    windows = images
    for axis in range(axes):
        span, dilation = spans[axis] + 1, layer.dilation[axis]
        windows = windows.unfold(2 + axis, span, layer.stride[axis])[..., ::dilation]
    n, channels = images.shape[:2]
    places = windows.shape[2 : 2 + axes]
    windows = windows.reshape(
        n, layer.groups, channels // layer.groups, places.numel(), -1
    )  # the kernel's places come last, in the weights' own order
    return windows.transpose(2, 3).reshape(n, layer.groups, places.numel(), -1)


def _of_embedding(
    layer: nn.Embedding, inputs: list[torch.Tensor], deltas: list[torch.Tensor]
) -> Factors:
    """Sum what flows back by token; only tokens that somebody has are columns."""
    n, width = len(inputs[0]), layer.embedding_dim
    tokens = torch.cat([taken.reshape(n, -1).long() for taken in inputs], 1)
    back = torch.cat([delta.reshape(n, -1, width) for delta in deltas], 1)
    if layer.padding_idx is not None:
        back = back.masked_fill((tokens == layer.padding_idx).unsqueeze(2), 0.0)
    used, places = tokens.unique(return_inverse=True)
    sums = back.new_zeros(n, used.numel(), width)
    sums.scatter_add_(1, places.unsqueeze(2).expand_as(back), back)
    columns = used.unsqueeze(1) * width + torch.arange(width, device=used.device)
    return _explicit(sums.reshape(n, -1), columns.flatten())


def _of_normalisation(
    layer: nn.LayerNorm, inputs: list[torch.Tensor], deltas: list[torch.Tensor]
) -> Factors:
    """Multiply what flows back with the normalised input, and sum it over positions."""
    n, shape = len(inputs[0]), layer.normalized_shape
    parts = []
    for taken, back in zip(inputs, deltas, strict=True):
        found = [back * functional.layer_norm(taken, shape, eps=layer.eps)]
        if layer.bias is not None:
            found.append(back)
        parts.append(torch.cat([one.reshape(n, -1, prod(shape)).sum(1) for one in found], 1))
    return _explicit(torch.stack(parts).sum(0))


def _explicit(gradients: torch.Tensor, columns: torch.Tensor | None = None) -> Factors:
    ones = gradients.new_ones(len(gradients), 1, 1)
    return Factors(ones, gradients.unsqueeze(1), columns)
