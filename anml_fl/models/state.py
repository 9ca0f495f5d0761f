"""A model's arrays by name: out of torch, into torch; and its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

Arrays = dict[str, "NDArray[np.generic]"]

# Rows: what a model makes of more of them would fill the memory.
_AT_ONCE = 65_536


def arrays_of(model: nn.Module) -> Arrays:
    """Copy a model's arrays, in its own fixed order.

    Returns
    -------
    dict
        Name to array.

    Examples
    --------
    >>> sorted(arrays_of(torch.nn.Linear(2, 1)))
    ['bias', 'weight']
    """
    # numpy() of a tensor on the CPU shares its memory.
    return {name: value.cpu().numpy().copy() for name, value in model.state_dict().items()}


def load_arrays(model: nn.Module, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Set a model's arrays.

    Parameters
    ----------
    model : torch.nn.Module
    arrays : mapping
        Name to array, exactly the model's names and shapes.

    Raises
    ------
    RuntimeError
        If a name or a shape differs.
    """
    model.load_state_dict({name: torch.tensor(value) for name, value in arrays.items()})


def outputs_of(model: nn.Module, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Ask a model: (n, outputs) logits or values, thousands of rows at a time.

    Examples
    --------
    >>> outputs_of(torch.nn.Linear(2, 3), np.zeros((4, 2), np.float32)).shape
    (4, 3)
    """
    device = next(model.parameters()).device
    model.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(features), _AT_ONCE):
            part = torch.tensor(features[start : start + _AT_ONCE], device=device)
            found.append(model(part).cpu().numpy().astype(np.float64))
    return np.concatenate(found)


def unexplained(
    model: nn.Module, features: NDArray[np.float32], values: NDArray[Any]
) -> float:
    """Share of the values' variance that a model leaves: 1 - R2, which may exceed 1.

    Returns
    -------
    float
        nan where all values are one.
    """
    truth = values.astype(np.float64)
    variance = float(((truth - truth.mean()) ** 2).sum())
    left = float(((truth - outputs_of(model, features)[:, 0]) ** 2).sum())
    return left / variance if variance else float("nan")


def error_rate(
    model: nn.Module, features: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """Share of samples that a model classifies wrongly.

    Parameters
    ----------
    model : torch.nn.Module
    features : (n, d) float32
    labels : (n,) int64

    Returns
    -------
    float
        In [0, 1].
    """
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        # Copied: in memory of torch's own every array starts alike, so that products of the
        # same numbers round alike.
        predicted = model(torch.tensor(features, device=device)).argmax(dim=1).cpu().numpy()
    return float(np.mean(predicted != labels))
