"""Losses of single samples, and their slopes by the model's outputs, in float64."""

from __future__ import annotations

from typing import Literal

import torch

Loss = Literal["cross_entropy", "squared"]


def _cross_entropy(
    output: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    if output.ndim != 2:
        raise ValueError(
            f"cross_entropy needs (n, classes) outputs, got {tuple(output.shape)}"
        )
    classes = output.shape[1]
    if labels.shape != output.shape[:1] or labels.dtype.is_floating_point:
        raise ValueError(
            f"targets must be one whole number a sample, got {labels.dtype}"
            f" of shape {tuple(labels.shape)}"
        )
    labels = labels.to(output.device, torch.int64)
    bad = torch.nonzero((labels < 0) | (labels >= classes))
    if bad.numel():
        at = int(bad[0])
        raise ValueError(f"targets must lie in [0, {classes}), got {int(labels[at])}")
    given = labels[:, None]
    logs = torch.log_softmax(output.detach().double(), dim=1)
    slope = logs.exp()
    # Minus the sum of the others: 1 - p has lost its digits where the model is sure.
    slope.scatter_(1, given, 0.0)
    slope.scatter_(1, given, -slope.sum(dim=1, keepdim=True))
    return -logs.gather(1, given)[:, 0], slope


def _squared(output: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    n = output.shape[0]
    for name, shape in (("outputs", output.shape), ("targets", values.shape)):
        if tuple(shape) not in {(n,), (n, 1)}:
            raise ValueError(f"squared needs {name} of (n,) or (n, 1), got {tuple(shape)}")
    error = output.detach().double() - values.to(output.device).double().reshape(output.shape)
    return error.square().reshape(n), 2 * error


def balanced(deltas: torch.Tensor) -> torch.Tensor:
    """Turn slopes that sum to zero into one number fewer, of the same geometry.

    Parameters
    ----------
    deltas : (..., classes) tensor
        Each summing to zero, as cross-entropy's slopes do.

    Returns
    -------
    (..., classes - 1) tensor
        With the same inner products.

    Examples
    --------
    >>> balanced(torch.tensor([[1.0, -1.0]])).square().sum().round(decimals=6).item()
    2.0
    """
    classes = deltas.shape[-1]
    # Helmert's: an orthonormal basis of what sums to zero.
    basis = torch.ones(classes, classes - 1, dtype=torch.float64).triu()
    steps = torch.arange(1, classes, dtype=torch.float64)
    basis[range(1, classes), range(classes - 1)] = -steps
    basis /= (steps * (steps + 1)).sqrt()
    return deltas @ basis.to(deltas)


LOSSES = {"cross_entropy": _cross_entropy, "squared": _squared}
"""By name: from outputs and targets to each sample's loss, (n,), and its slope."""
