"""Per-sample gradients of a model's layers, as factors: output deltas beside layer inputs.

The gradient of one sample in a linear layer is an outer product of what flows back into its
output and of its input, [a; 1] where there is a bias; in a convolution it is the sum of one
such product a position. Of an embedding it is the sum, by token, of what flows back; of a
layer normalisation that times the normalised input. All come from one forward and one
backward pass of a batch.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

_SUPPORTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding, nn.LayerNorm)
_BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_NAMES = "Linear, Conv1d, Conv2d, Embedding and LayerNorm"


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
    columns : (in,) int64 tensor, optional
        Which columns of the layer's gradient `inputs` has; the others are 0 in these samples.
        All, if not given.
    """

    deltas: torch.Tensor
    inputs: torch.Tensor
    columns: torch.Tensor | None = None


@dataclass(slots=True)
class Calls:
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
        In the model's order.

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
        if isinstance(module, nn.Embedding):
            _check_embedding(kind, module)
        layers[name] = module
    if not layers:
        raise ValueError(f"model has no parameters; supported are those of {_NAMES} layers")
    return layers


def _check_embedding(kind: str, layer: nn.Embedding) -> None:
    """Refuse what makes a token's gradient depend on other samples, or changes the weights."""
    if layer.max_norm is not None or layer.scale_grad_by_freq:
        raise ValueError(
            f"per-sample gradients need samples apart, and {kind} has"
            f" {'max_norm' if layer.max_norm is not None else 'scale_grad_by_freq'}: leave it"
            " out"
        )


@contextmanager
def recorded(layers: dict[str, nn.Module]) -> Iterator[list[Calls]]:
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
    calls = [Calls(name, layer) for name, layer in layers.items()]
    hooks = [call.layer.register_forward_hook(_recorder(call)) for call in calls]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _recorder(call: Calls) -> Callable[[nn.Module, Any, torch.Tensor], torch.Tensor]:
    def record(_: nn.Module, taken: tuple[torch.Tensor, ...], given: torch.Tensor) -> Any:
        # Copies, since what comes next in the model may write in place.
        call.inputs.append(taken[0].detach().clone())
        if not given.requires_grad:
            given.requires_grad_()  # a frozen layer that no other one feeds, as an embedding
        call.outputs.append(given)
        call.returned.append(given.clone())
        return call.returned[-1]

    return record


def check_calls(calls: list[Calls], samples: int) -> None:
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
