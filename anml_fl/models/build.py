"""Building a model by name, from a seed."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.plugins import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Shape = tuple[int, tuple[int, int, int] | None, int]
"""Features in a row; (channels, height, width) where it is an image; classes."""


def build(
    name: str,
    features: int,
    image: tuple[int, int, int] | None,
    classes: int,
    seed: int,
    vocabulary: int = 0,
) -> nn.Module:
    """Build a model with PyTorch's default initialisation, drawn from a seed.

    Parameters
    ----------
    name : str
        Of `plugins.MODELS`: a class of modules, or a function that gives one. It is given what
        it takes by name of `features`, `image`, `classes` and `vocabulary`; or, as its one
        parameter, the first three as a `Shape`.
    features : int
        Length of an input row.
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    classes : int
    seed : int
        Leaves torch's own generator as it was.
    vocabulary : int
        How many tokens there are, where a row is a text of token ids.

    Returns
    -------
    torch.nn.Module
        Takes (n, features), returns (n, classes) logits.

    Raises
    ------
    ValueError
        If the name is unknown, the model needs what the data are not, or the name stands for
        what makes no model.

    Examples
    --------
    >>> model = build("mlp", 13, None, 3, seed=0)
    >>> sum(p.numel() for p in model.parameters())
    3075
    """
    make = MODELS.load(name)
    if not callable(make):
        raise UnusableError(
            f"model {name!r} must be a class of torch.nn.Module, or a function that gives one,"
            f" got {shown_kind(make)}"
        )
    known = {
        "features": features, "image": image, "classes": classes, "vocabulary": vocabulary
    }  # fmt: skip
    given, by_name = _arguments(name, make, known)
    with torch.random.fork_rng(devices=[]):
        # The CPU's alone: torch.manual_seed asks after every other device first.
        torch.default_generator.manual_seed(seed)
        model = make(*given, **by_name)
    if not isinstance(model, nn.Module):
        raise UnusableError(
            f"model {name!r} must give a torch.nn.Module, got {shown_kind(model)}"
        )
    return model


def _arguments(
    name: str, make: Callable[..., Any], known: Mapping[str, Any]
) -> tuple[tuple[Shape, ...], dict[str, Any]]:
    """Find what a maker of models takes, by position and by name."""
    try:
        parameters = signature(make).parameters
    except (TypeError, ValueError):  # something that does not tell
        return (), {}
    by_name = {one: value for one, value in known.items() if one in parameters}
    left = [
        one
        for one, parameter in parameters.items()
        if parameter.default is Parameter.empty
        and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        and one not in by_name
    ]
    if len(left) == 1 and not by_name and (left == ["shape"] or not isinstance(make, type)):
        return ((known["features"], known["image"], known["classes"]),), {}
    if left:
        raise UnusableError(
            f"model {name!r} needs {', '.join(left)}, which nobody gives it: a model is given"
            f" what it takes by name of {', '.join(known)}; give the others defaults"
        )
    return (), by_name
