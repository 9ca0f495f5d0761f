"""The paper's perceptron with layers of 64 and 32 units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from anml_fl.models.build import Shape


def mlp(shape: Shape) -> nn.Module:
    """Build a perceptron for rows of any length."""
    features, _, classes = shape
    return nn.Sequential(
        nn.Linear(features, 64),
        nn.ReLU(),
        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, classes),
    )
