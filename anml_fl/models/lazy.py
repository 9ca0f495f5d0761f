"""Layers that take their shapes from the first row they see: they are shown one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from anml_fl.models.parts import SHAPELESS

if TYPE_CHECKING:
    from torch import nn


def materialise(model: nn.Module, features: int, seed: int) -> None:
    """Give lazily made layers their shapes, and weights that are drawn from a seed.

    Parameters
    ----------
    model : torch.nn.Module
        Untouched if it has no such layer.
    features : int
        Length of a row.
    seed : int
        Leaves torch's own generator as it was.

    Examples
    --------
    >>> model = torch.nn.LazyLinear(2)
    >>> materialise(model, 5, seed=0)
    >>> model.weight.shape
    torch.Size([2, 5])
    """
    tensors = (*model.parameters(), *model.buffers())
    if not any(isinstance(one, SHAPELESS) for one in tensors):
        return
    training = model.training
    # Its running statistics are to begin as they are.
    model.eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        model(torch.zeros(1, features))
    model.train(training)
