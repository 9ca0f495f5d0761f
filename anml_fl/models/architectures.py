"""The models by name: the paper's MLP, and a small CNN for images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Shape = tuple[int, tuple[int, int, int] | None, int]


def build(
    name: str, features: int, image: tuple[int, int, int] | None, classes: int, seed: int
) -> nn.Module:
    """Build a model with PyTorch's default initialisation, drawn from a seed.

    Parameters
    ----------
    name : str
        One of `ARCHITECTURES`.
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
        If the name is unknown, or the model needs images and there are none.

    Examples
    --------
    >>> model = build("mlp", 13, None, 3, seed=0)
    >>> sum(p.numel() for p in model.parameters())
    3075
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown model {name!r}; known: {', '.join(ARCHITECTURES)}")
    with torch.random.fork_rng(devices=[]):
        # The CPU's alone: torch.manual_seed asks after every other device first.
        torch.default_generator.manual_seed(seed)
        return ARCHITECTURES[name]((features, image, classes))


def _mlp(shape: Shape) -> nn.Module:
    features, _, classes = shape
    return nn.Sequential(
        nn.Linear(features, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, classes),
    )


def _cnn(shape: Shape) -> nn.Module:
    _, image, classes = shape
    if image is None:
        raise ValueError("model cnn needs images (digits), and these rows are none: use mlp")
    channels, height, width = image
    return nn.Sequential(
        nn.Unflatten(1, image),
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * (height // 2) * (width // 2), 64),
        nn.ReLU(),
        nn.Linear(64, classes),
    )


ARCHITECTURES: Mapping[str, Callable[[Shape], nn.Module]] = {"mlp": _mlp, "cnn": _cnn}
