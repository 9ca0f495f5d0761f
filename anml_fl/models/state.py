"""A model's arrays by name: out of torch, into torch; and its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from anml_fl.catalogue import UnusableError
from anml_fl.models.parts import TRAVELS_AS, Parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

Arrays = dict[str, "NDArray[np.generic]"]

# Rows: what a model makes of more of them would fill the memory.
_AT_ONCE = 65_536


def arrays_of(model: nn.Module) -> Arrays:
    """Copy the arrays of a model that travel, in its own fixed order.

    Types that NumPy lacks (bfloat16, float8) become float32, and a complex number its two
    parts, at the end of the shape.

    Returns
    -------
    dict
        Name to array, as of `Parts.travelling`.

    Raises
    ------
    UnusableError
        As of `Parts.of`.

    Examples
    --------
    >>> sorted(arrays_of(torch.nn.Linear(2, 1)))
    ['bias', 'weight']
    >>> arrays_of(torch.nn.Linear(2, 1).bfloat16())["bias"].dtype
    dtype('float32')
    """
    return {name: _array(value) for name, value in Parts.of(model).travelling.items()}


def arrays_as(model: nn.Module, sent: Mapping[str, NDArray[np.generic]]) -> Arrays:
    """Copy a trained model's arrays by the names and types in which it was sent.

    Training may freeze a layer, or compute in another type: what travels was settled before.

    Parameters
    ----------
    model : torch.nn.Module
    sent : mapping
        Name to array, as of `arrays_of` before the training.

    Raises
    ------
    UnusableError
        If the model no longer has an array.

    Examples
    --------
    >>> model = torch.nn.Linear(2, 1)
    >>> sent = arrays_of(model)
    >>> trained = model.half().requires_grad_(False)
    >>> arrays_as(trained, sent)["weight"].dtype
    dtype('float32')
    """
    state = model.state_dict(keep_vars=True)
    if gone := [name for name in sent if name not in state]:
        raise UnusableError(
            f"after its training the model has no array {gone[0]!r}: train the layers that it"
            " has, and put none in their place"
        )
    # A value that its type cannot hold is for the server to refuse.
    with np.errstate(over="ignore", invalid="ignore"):
        return {name: _array(state[name]).astype(one.dtype) for name, one in sent.items()}


def load_arrays(model: nn.Module, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Set the arrays of a model that travel, each in its own type and place.

    Parameters
    ----------
    model : torch.nn.Module
    arrays : mapping
        Name to array, exactly the names and shapes of `arrays_of`. What is finite
        and lies beyond a narrower type's ends becomes its end.

    Raises
    ------
    RuntimeError
        If a name or a shape differs.
    """
    targets = Parts.of(model).travelling
    if set(targets) != set(arrays):
        missing, unknown = sorted({*targets} - {*arrays}), sorted({*arrays} - {*targets})
        raise RuntimeError(
            f"the arrays are not the model's: missing {missing[:3]}, unknown {unknown[:3]}"
        )
    for name, target in targets.items():
        value = torch.tensor(arrays[name])
        # Such is a buffer that a model sets anew in its forward, while it is tested.
        with torch.inference_mode(target.is_inference()), torch.no_grad():
            if any(step == 0 for step in target.stride()):
                # One number in many places, as `expand` gives it, cannot hold several.
                target.data = target.contiguous()
            place = torch.view_as_real(target) if target.is_complex() else target
            if value.shape != place.shape:
                raise RuntimeError(
                    f"array {name!r} must have shape {tuple(place.shape)}, got"
                    f" {tuple(value.shape)}"
                )
            place.copy_(_held(value, place.dtype))


def _array(value: Tensor) -> NDArray[np.generic]:
    plain = value.detach().cpu().to(TRAVELS_AS[value.dtype]).resolve_conj().resolve_neg()
    if plain.is_complex():
        plain = torch.view_as_real(plain)
    # numpy() of a tensor on the CPU shares its memory.
    found: NDArray[np.generic] = plain.numpy().copy()
    return found


def _held(value: Tensor, kind: torch.dtype) -> Tensor:
    """End finite values at the ends of a narrower type, in which they would be inf or nan."""
    if not (value.is_floating_point() and kind.is_floating_point):
        return value
    most = torch.finfo(kind).max
    if most >= torch.finfo(value.dtype).max:
        return value
    return torch.where(value.isinf(), value, value.clamp(-most, most))


def as_input(model: nn.Module, rows: Tensor) -> Tensor:
    """Turn rows into the type that a model computes in.

    A model whose floating-point parameters are all of one type is given its rows in it; one
    of several types, or that looks rows up in an embedding, is given them as they are.

    Examples
    --------
    >>> as_input(torch.nn.Linear(2, 1).bfloat16(), torch.zeros(3, 2)).dtype
    torch.bfloat16
    """
    kinds = {one.dtype for one in model.parameters() if one.is_floating_point()}
    if kinds == {rows.dtype} or len(kinds) != 1:
        return rows
    if any(isinstance(layer, nn.Embedding | nn.EmbeddingBag) for layer in model.modules()):
        return rows
    return rows.to(kinds.pop())


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
            answer = model(as_input(model, part))
            # NumPy lacks some of torch's types, and some devices float64.
            found.append(answer.cpu().to(torch.float64).numpy())
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


def misclassified(
    model: nn.Module, features: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """Share of samples that a model of any type classifies wrongly, thousands at a time.

    Examples
    --------
    >>> model = torch.nn.Linear(2, 2, bias=False).bfloat16()
    >>> torch.nn.init.eye_(model.weight).dtype
    torch.bfloat16
    >>> misclassified(model, np.eye(2, dtype=np.float32), np.array([0, 0]))
    0.5
    """
    return float(np.mean(outputs_of(model, features).argmax(axis=1) != labels))


def error_rate(
    model: nn.Module, features: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """Share of samples that a float32 model classifies wrongly, all of them at once.

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
