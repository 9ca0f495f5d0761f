"""Per-sample gradients of a model's layers, as factors: output deltas beside layer inputs.

The gradient of one sample in a linear layer is an outer product of what flows back into its
output and of its input, [a; 1] where there is a bias; in a convolution it is the sum of one
such product a position. Both come from one forward and one backward pass of a batch.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SUPPORTED = (nn.Linear, nn.Conv1d, nn.Conv2d)
_BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_NAMES = "Linear, Conv1d and Conv2d"


@dataclass(frozen=True, slots=True)
class Factors:
    """Gradients of one layer (of one group of a grouped convolution), one a sample.

    Sample i's gradient is the sum over positions p of deltas[i, p] (outer) inputs[i, p].

    Parameters
    ----------
    deltas : (n, positions, out) tensor
        Loss differentiated by the layer's output.
    inputs : (n, positions, in) tensor
        What the weights are multiplied with; a last column of ones for a bias.
    """

    deltas: torch.Tensor
    inputs: torch.Tensor


@dataclass(slots=True)
class _Calls:
    """What a layer took and gave, one entry a call."""

    name: str
    layer: Any
    inputs: list[torch.Tensor] = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)
    returned: list[torch.Tensor] = field(default_factory=list)


def parametrised_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Name the layers that hold the model's parameters, after checking that all are known.

    Returns
    -------
    dict of str to torch.nn.Module
        Linear, Conv1d and Conv2d layers, in the model's order.

    Raises
    ------
    ValueError
        If parameters lie elsewhere, are shared, or there are none; or if a layer mixes the
        samples of a batch.

    Examples
    --------
    >>> list(parametrised_layers(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))))
    ['0', '2']
    """
    layers: dict[str, nn.Module] = {}
    owners: dict[nn.Parameter, str] = {}
    for name, module in model.named_modules():
        kind = f"{type(module).__name__} {name!r}"
        if isinstance(module, _BATCH_NORM) and not module.track_running_stats:
            raise ValueError(
                f"per-sample gradients need samples apart, and {kind} normalises over the"
                " batch: give it track_running_stats=True"
            )
        own = dict(module.named_parameters(recurse=False))
        if not own:
            continue
        # Not isinstance: a subclass may compute something else from the same weights.
        if type(module) not in _SUPPORTED or not own.keys() <= {"weight", "bias"}:
            raise ValueError(
                f"per-sample gradients are supported for the parameters of {_NAMES} layers,"
                f" got {kind} with {', '.join(own)}"
            )
        for parameter in own.values():
            if parameter in owners:
                raise ValueError(
                    f"layers {owners[parameter]!r} and {name!r} share a parameter:"
                    " per-sample gradients need each in one layer"
                )
            owners[parameter] = name
        layers[name] = module
    if not layers:
        raise ValueError(f"model has no parameters; supported are those of {_NAMES} layers")
    return layers


@contextmanager
def recorded(layers: dict[str, nn.Module]) -> Iterator[list[_Calls]]:
    """Record inputs and outputs of layers until the block ends.

    Parameters
    ----------
    layers : dict of str to torch.nn.Module
        From `parametrised_layers`.

    Yields
    ------
    list of calls
        One entry a layer, filled by the forward passes in the block.
    """
    calls = [_Calls(name, layer) for name, layer in layers.items()]
    hooks = [call.layer.register_forward_hook(_recorder(call)) for call in calls]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _recorder(call: _Calls) -> Callable[[nn.Module, Any, torch.Tensor], torch.Tensor]:
    def record(_: nn.Module, taken: tuple[torch.Tensor, ...], given: torch.Tensor) -> Any:
        # Copies, since what comes next in the model may write in place.
        call.inputs.append(taken[0].detach().clone())
        call.outputs.append(given)
        call.returned.append(given.clone())
        return call.returned[-1]

    return record


def check_calls(calls: list[_Calls], samples: int) -> None:
    """Check that every layer was called, and with the samples apart.

    Parameters
    ----------
    calls : list of calls
        From `recorded`, after a forward pass.
    samples : int
        In the batch.

    Raises
    ------
    ValueError
        Naming the layer.
    """
    for call in calls:
        if not call.inputs:
            raise ValueError(
                f"layer {call.name!r} was not called: per-sample gradients need every layer"
                " that has parameters to be called once or more in the forward pass"
            )
        for taken in call.inputs:
            if len(taken) != samples:
                raise ValueError(
                    f"layer {call.name!r} must take the samples as its first axis:"
                    f" {samples} samples, got {len(taken)}"
                )


def layer_factors(calls: _Calls, deltas: list[torch.Tensor]) -> list[Factors]:
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
