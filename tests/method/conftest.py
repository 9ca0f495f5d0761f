"""Oracles for the method's tests: direct float64 differences, torch.func's gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from torch import nn
from torch.func import functional_call, grad, vmap

Scores = NDArray[np.float64]


def _direct_scores(vectors: ArrayLike, k: int) -> Scores:
    exact = np.asarray(vectors, dtype=np.float64)
    if len(exact) == 1:
        return np.zeros(1)
    distances = cdist(exact, exact, "sqeuclidean")  # sums differences, no Gram matrix
    np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k].sum(axis=1)


# A float32 product of a block adds 6256 numbers, by whatever kernel the processor has: at the
# most roughly sqrt(6256) roundings of 6e-8, of which cancelling leaves a fifth of the length.
_PRODUCT = 6256**0.5 * 6e-8 / 0.2


def _assert_same_scores(scores: Scores, truth: Scores, tolerance: float = _PRODUCT) -> None:
    assert scores.dtype == np.float64
    assert scores.shape == truth.shape
    assert (scores[truth == 0] == 0).all()
    positive = truth > 0
    error = np.abs(scores[positive] / truth[positive] - 1)
    assert error.max(initial=0.0) <= tolerance
    # The same 70 %, but that scores which all but tie may stand for each other.
    kept = max(1, round(0.7 * truth.size))
    picked = np.sort(truth[np.argsort(scores, kind="stable")[:kept]])
    np.testing.assert_allclose(picked, np.sort(truth)[:kept], rtol=tolerance)


@pytest.fixture(scope="session")
def direct_scores() -> Callable[[ArrayLike, int], Scores]:
    """Krum scores of `vectors` for k neighbours."""
    return _direct_scores


@pytest.fixture(scope="session")
def assert_same_scores() -> Callable[..., None]:
    """Every score within a relative tolerance, and the same top 70 %."""
    return _assert_same_scores


def _gradient_matrix(
    model: nn.Module, x: torch.Tensor, targets: torch.Tensor, loss: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # In float64 whatever the model's precision; vmap knows nothing of places in memory.
    wide = {name: value.detach().double() for name, value in model.named_parameters()}

    def one(
        parameters: dict[str, torch.Tensor], sample: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        output = functional_call(model, parameters, (sample[None],))
        if loss == "cross_entropy":
            value = nn.functional.cross_entropy(output, target[None])
        else:
            value = (output.reshape(()) - target).square()
        return value, value

    targets = targets if loss == "cross_entropy" else targets.double()
    in_place = [layer for layer in model.modules() if getattr(layer, "inplace", False)]
    for layer in in_place:
        layer.inplace = False
    gradients, losses = vmap(grad(one, has_aux=True), (None, 0, 0))(wide, x.double(), targets)
    for layer in in_place:
        layer.inplace = True
    return torch.cat([g.flatten(1) for g in gradients.values()], 1).numpy(), losses.numpy()


@pytest.fixture(scope="session")
def gradient_matrix() -> Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Per-sample gradients of all parameters, materialised by torch.func, and the losses."""
    return _gradient_matrix
