"""Logistic regression: one linear layer; of values, linear regression."""

from __future__ import annotations

from torch import nn


def logistic(features: int, classes: int) -> nn.Module:
    """Build one layer for rows of any length."""
    return nn.Linear(features, classes)
