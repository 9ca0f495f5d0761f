"""MNIST as far as it is here: 20,121 of its 70,000 images, by 180 of its writers.

Pixels are averaged two by two, to 14 x 14, so that a study takes minutes of a processor, if
not all are asked for. A fifth of the images, drawn from the seed, is kept for testing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from anml_fl.datasets.loading import load
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 14
"""Pixels of an image's side."""

MEAN, DEVIATION = 0.1307, 0.3081
"""Mean and standard deviation of MNIST's pixels, by which nearly everybody scales them."""

_TESTED = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Images and their labels.

    Parameters
    ----------
    features : (n, 196) float32
    labels : (n,) int64
    test_features, test_labels : (m, 196) float32, (m,) int64
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    test_features: NDArray[np.float32]
    test_labels: NDArray[np.int64]


@lru_cache(maxsize=1)
def digits(seed: int) -> Digits:
    """Split the images into those to train on and those to test on."""
    table = load("mnist_writers")
    scaled = ((shrunk(table.features) - MEAN) / DEVIATION).astype(np.float32)
    order: NDArray[Any] = stream(seed, "test").permutation(len(scaled))
    tested, learned = np.split(order, [round(_TESTED * len(order))])
    y = table.labels
    return Digits(scaled[learned], y[learned], scaled[tested], y[tested])


def shrunk(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the pixels of images (n, 784) two by two: (n, 196)."""
    squares = images.reshape(-1, SIDE, 2, SIDE, 2)
    means: NDArray[np.float64] = squares.mean(axis=(2, 4))
    return means.reshape(len(images), -1)


def network(features: int, classes: int) -> nn.Module:
    """Build what is trained on them: a perceptron with one hidden layer of 64."""
    return nn.Sequential(nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, classes))


NETWORK = f"{__name__}:network"
"""Its name as a model's."""
