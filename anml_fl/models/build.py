"""Building a model by name, from a seed."""

from __future__ import annotations

import torch
from torch import nn

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.plugins import MODELS

Shape = tuple[int, tuple[int, int, int] | None, int]
"""Features in a row; (channels, height, width) where it is an image; classes."""


def build(
    name: str, features: int, image: tuple[int, int, int] | None, classes: int, seed: int
) -> nn.Module:
    """Build a model with PyTorch's default initialisation, drawn from a seed.

    Parameters
    ----------
    name : str
        Of `plugins.MODELS`.
    features : int
        Length of an input row.
    image : tuple of int, optional
        (channels, height, width) where a row is an image.
    classes : int
    seed : int
        Leaves torch's own generator as it was.

    Returns
    -------
    torch.nn.Module
        Takes (n, features), returns (n, classes) logits.

    Raises
    ------
    ValueError
        If the name is unknown, the model needs images and there are none, or the name stands
        for what makes no model.

    Examples
    --------
    >>> model = build("mlp", 13, None, 3, seed=0)
    >>> sum(p.numel() for p in model.parameters())
    3075
    """
    make = MODELS.load(name)
    if not callable(make):
        raise UnusableError(
            f"model {name!r} must be a function from a shape to a torch.nn.Module, got"
            f" {shown_kind(make)}"
        )
    with torch.random.fork_rng(devices=[]):
        # The CPU's alone: torch.manual_seed asks after every other device first.
        torch.default_generator.manual_seed(seed)
        model = make((features, image, classes))
    if not isinstance(model, nn.Module):
        raise UnusableError(
            f"model {name!r} must give a torch.nn.Module, got {shown_kind(model)}"
        )
    return model
