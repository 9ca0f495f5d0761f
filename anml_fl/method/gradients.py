"""Per-sample gradients of a model, in the form that their geometry needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from anml_fl.method.gradient_layers import (
    Factors,
    check_calls,
    parametrised_layers,
    recorded,
)
from anml_fl.method.gradient_set import SampleGradients
from anml_fl.method.layer_factors import layer_factors
from anml_fl.method.sample_losses import LOSSES, Loss, balanced
from anml_fl.method.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

# Samples a forward and backward pass.
_CHUNK = 512
# An elementwise pass over a tile costs as much as this many columns of a product.
_PASS = 32
# Numbers in a block of patches (a convolution's inputs, once a position).
_PATCHES = 1 << 22
# Relative difference of a squared gradient alone and in a batch that rounding may make.
_ALIKE = 1e-3


def sample_gradients(
    model: nn.Module,
    features: ArrayLike | torch.Tensor,
    targets: ArrayLike | torch.Tensor,
    loss: Loss = "cross_entropy",
) -> SampleGradients:
    """Take the gradient of every sample's loss by all of a model's parameters.

    Parameters
    ----------
    model : torch.nn.Module
        Of Linear, Conv1d, Conv2d, Embedding and LayerNorm layers and whatever has no
        parameters; taken in evaluation mode, and left as it was. Its precision is that of
        the geometry.
    features : (n, ...) array or tensor
        One sample a row, as the model takes them: in its own precision, but for whole
        numbers where it has an embedding.
    targets : (n,) or (n, 1) array or tensor
        Classes for "cross_entropy", numbers for "squared".
    loss : {"cross_entropy", "squared"}
        Squared: (output - target)^2, one output.

    Raises
    ------
    ValueError
        If parameters lie in other layers, a shape or a target does not fit, a gradient is
        too large, or the sample of the largest has another one alone than in its batch.

    References
    ----------
    Goodfellow: Efficient per-example gradient computations, arXiv:1510.01799, 2015.

    Examples
    --------
    >>> model = nn.Linear(1, 1, bias=False)
    >>> nn.init.ones_(model.weight).requires_grad
    True
    >>> gradients = sample_gradients(model, [[1.0], [2.0]], [0.0, 1.0], loss="squared")
    >>> gradients.squared_norms  # (2 (w x - y) x)^2
    array([ 4., 16.])
    >>> gradients.squared_distances([0], [1]).item()
    4.0
    """
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    layers = parametrised_layers(model)
    parameter = next(model.parameters())
    if parameter.dtype not in {torch.float32, torch.float64}:
        raise ValueError(f"model must be of float32 or float64, got {parameter.dtype}")
    samples, wanted = _rows("features", features), _rows("targets", targets)
    if len(samples) == 0 or len(samples) != len(wanted):
        raise ValueError(
            "features and targets must be of one length >= 1,"
            f" got {len(samples)} and {len(wanted)}"
        )
    whole = any(isinstance(layer, nn.Embedding) for layer in layers.values())
    parts: list[SampleGradients] = []
    with one_thread(), _evaluating(model), torch.enable_grad():
        for start in range(0, len(samples), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            x = _on(samples[chunk], parameter, whole)
            with recorded(layers) as calls:
                output = model(x)
            check_calls(calls, len(x))
            losses, slope = LOSSES[loss](output, _plain(wanted[chunk]))
            outputs = [given for call in calls for given in call.outputs]
            deltas = iter(
                torch.autograd.grad(
                    output, outputs, slope.to(output.dtype), materialize_grads=True
                )
            )
            factors = []
            for call in calls:
                layer = layer_factors(call, [next(deltas) for _ in call.outputs])
                last = len(call.returned) == 1 and call.returned[0] is output
                if last and loss == "cross_entropy":
                    layer = [Factors(balanced(part.deltas), part.inputs) for part in layer]
                factors += layer
            parts.append(_geometry(factors, losses))
        gradients = _joined(parts)
        norms = gradients.squared_norms
        bad = np.flatnonzero(~(norms < torch.finfo(parameter.dtype).max / 8))
        if bad.size:
            raise ValueError(
                f"the squared gradient of sample {bad[0]} is not finite in {parameter.dtype}"
                f" (its length is {norms[bad[0]]:.3g}): check its features"
            )
        at = int(norms.argmax())
        one = slice(at, at + 1)
        alone = _alone(model, _on(samples[one], parameter, whole), wanted[one], loss)
        if abs(alone - norms[at]) > _ALIKE * max(alone, norms[at]):
            raise ValueError(
                f"alone, sample {at} has a squared gradient of {alone:.6g}, among the others"
                f" {norms[at]:.6g}: the model mixes samples, or uses a layer's weights outside"
                " the layer"
            )
    return gradients


def _alone(
    model: nn.Module,
    sample: torch.Tensor,
    target: NDArray[np.generic] | torch.Tensor,
    loss: Loss,
) -> float:
    """Squared gradient of one sample, by autograd and without its batch."""
    parameters = {name: p.detach().requires_grad_() for name, p in model.named_parameters()}
    output = functional_call(model, parameters, (sample,))
    _, slope = LOSSES[loss](output, _plain(target))
    found = torch.autograd.grad(
        output, list(parameters.values()), slope.to(output.dtype), materialize_grads=True
    )
    return sum(float(one.double().square().sum()) for one in found)


def _rows(name: str, values: ArrayLike | torch.Tensor) -> NDArray[np.generic] | torch.Tensor:
    rows = values if isinstance(values, torch.Tensor) else np.asarray(values)
    if rows.ndim == 0:
        raise ValueError(f"{name} must have one row a sample, got a single number")
    return rows


def _plain(values: NDArray[np.generic] | torch.Tensor) -> torch.Tensor:
    # np.array copies: torch warns of arrays that may not be written to.
    return (
        values.detach()
        if isinstance(values, torch.Tensor)
        else torch.from_numpy(np.array(values))
    )


def _on(
    values: NDArray[np.generic] | torch.Tensor, like: torch.Tensor, whole: bool
) -> torch.Tensor:
    plain = _plain(values)
    if whole and not plain.is_floating_point():
        return plain.to(like.device, copy=True)
    return plain.to(like.device, like.dtype, copy=True).requires_grad_()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _geometry(factors: list[Factors], losses: torch.Tensor) -> SampleGradients:
    n = losses.shape[0]
    explicit, kept = [], []
    norms = torch.zeros_like(losses)
    for part in factors:
        positions, out = part.deltas.shape[1:]
        width = part.inputs.shape[2]
        if part.columns is not None:
            kept.append(part)  # which others there are the other chunks say
            norms += part.inputs.double().square().sum((1, 2))
        elif out * width <= positions**2 * (out + width + _PASS):
            rows = max(1, _PATCHES // (positions * width))
            gradient = torch.cat(
                [
                    part.deltas[s : s + rows].transpose(1, 2) @ part.inputs[s : s + rows]
                    for s in range(0, n, rows)
                ]
            ).reshape(n, -1)
            norms += gradient.double().square().sum(1)
            explicit.append(gradient)
        else:
            kept.append(part)
            deltas, inputs = part.deltas.double(), part.inputs.double()
            if positions == 1:
                norms += deltas.square().sum((1, 2)) * inputs.square().sum((1, 2))
            else:
                grams = (deltas @ deltas.transpose(1, 2)) * (inputs @ inputs.transpose(1, 2))
                norms += grams.sum((1, 2))
    together = torch.cat(explicit, 1) if explicit else factors[0].deltas.new_empty(n, 0)
    return SampleGradients(together, tuple(kept), norms.cpu().numpy(), losses.cpu().numpy())


def _joined(parts: list[SampleGradients]) -> SampleGradients:
    explicit = [_used(torch.cat([part.explicit for part in parts]))]
    factors = []
    for same in zip(*(part.factors for part in parts), strict=True):
        if same[0].columns is not None:
            explicit.append(_aligned(same))
            continue
        factors.append(
            Factors(
                _used(torch.cat([f.deltas for f in same])),
                _used(torch.cat([f.inputs for f in same])),
            )
        )
    return SampleGradients(
        explicit[0] if len(explicit) == 1 else torch.cat(explicit, 1),
        tuple(factors),
        np.concatenate([part.squared_norms for part in parts]),
        np.concatenate([part.losses for part in parts]),
    )


def _aligned(chunks: Sequence[Factors]) -> torch.Tensor:
    """Put gradients below each other that each have some of a layer's columns."""
    columns = [chunk.columns for chunk in chunks if chunk.columns is not None]
    used = torch.cat(columns).unique()
    joined = chunks[0].inputs.new_zeros(sum(len(c.inputs) for c in chunks), used.numel())
    start = 0
    for chunk, own in zip(chunks, columns, strict=True):
        rows = joined[start : start + len(chunk.inputs)]
        rows[:, torch.searchsorted(used, own)] = chunk.inputs[:, 0]
        start += len(rows)
    return joined


def _used(values: torch.Tensor) -> torch.Tensor:
    """Leave out columns that are zero for every sample."""
    used = (values != 0).flatten(0, -2).any(0)
    return values if used.all() else values[..., used]
