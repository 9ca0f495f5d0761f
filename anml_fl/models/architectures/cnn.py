"""A small convolutional network for images."""

from __future__ import annotations

from torch import nn


def cnn(image: tuple[int, int, int] | None, classes: int) -> nn.Module:
    """Build a network of two convolutions.

    Raises
    ------
    ValueError
        If rows are no images.
    """
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
