"""The paper's perceptron with layers of 64 and 32 units."""

from __future__ import annotations

from torch import nn


def mlp(features: int, classes: int) -> nn.Module:
    """Build a perceptron for rows of any length."""
    return nn.Sequential(
        nn.Linear(features, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, classes),
    )
