"""What a task's `train` returned: whether the training is in it, and not in the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from anml_fl.settings.section import ConfigError

_DEEP = 4


def refuse_stranger(model: nn.Module, answer: Any, called: str) -> None:
    """Refuse what a task's `train` returned, if its training would be lost with it.

    Parameters
    ----------
    model : torch.nn.Module
        What it was given, after its training.
    answer : object
        What it returned. Looked into are tuples, lists and mappings.
    called : str
        What errors call it.

    Raises
    ------
    ConfigError
        If there is another model in it, or other values of all of the model's arrays, by name
        or in order.

    Examples
    --------
    >>> model = nn.Linear(1, 1)
    >>> refuse_stranger(model, {"loss": 0.5}, "task.train")
    >>> refuse_stranger(model, (model.state_dict(), 0.5), "task.train")
    >>> refuse_stranger(model, (nn.Linear(1, 1), 0.5), "task.train")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: task.train must train the net that it is given, ...
    """
    if what := _lost(model, answer, _DEEP):
        raise ConfigError(
            f"{called} must train the net that it is given, and returned {what}, with which"
            " the training would be lost; return the loss, a dictionary of numbers, or nothing"
        )


def _lost(model: nn.Module, answer: Any, depth: int) -> str:
    """Say what holds the training in place of the model; empty if nothing does."""
    if isinstance(answer, nn.Module):
        own = {id(one) for one in model.parameters()}
        theirs = [id(one) for one in answer.parameters()]
        # A part of the model is none, and neither is what is wrapped around it.
        return f"another {type(answer).__name__}" if theirs and not own & {*theirs} else ""
    if not depth or not isinstance(answer, Mapping | list | tuple):
        return ""
    state = model.state_dict()
    if isinstance(answer, Mapping):
        named = {name: answer[name] for name in state if name in answer}
        if len(named) == len(state) and _differ(state, named):
            return "a state_dict of other values"
        inner = [*answer.values()]
    else:
        inner = [*answer]
        if len(inner) == len(state) and _differ(state, dict(zip(state, inner, strict=True))):
            return "arrays of other values"
    return next((found for one in inner if (found := _lost(model, one, depth - 1))), "")


def _differ(state: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether all are arrays of the model's shapes, and one has other values."""
    arrays = {n: found for n, one in answer.items() if (found := _array(one)) is not None}
    if len(arrays) < len(answer):
        return False
    if any(one.shape != state[n].shape for n, one in arrays.items()):
        return False
    return any(
        not torch.allclose(one, state[n].detach().cpu().to(torch.float64), equal_nan=True)
        for n, one in arrays.items()
    )


def _array(value: Any) -> torch.Tensor | None:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().to(torch.float64)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(value.astype(np.float64))
    return None
