"""What sample_gradients refuses, and that it leaves the model as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from anml_fl.method.gradients import sample_gradients


class _Functional(nn.Module):
    """Uses a layer's weights without calling the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.inner.weight.T


class _Mixing(nn.Module):
    """Lays the samples' positions out as more samples."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x.reshape(-1, 1)).reshape(len(x), -1)


class _Own(nn.Linear):
    """A layer that is no plain Linear."""


def _tied() -> nn.Module:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    return nn.Sequential(first, second)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
            "BatchNorm1d '1' with weight, bias",
        ),
        (
            nn.Sequential(
                nn.Linear(2, 2), nn.BatchNorm1d(2, False, track_running_stats=False)
            ),
            "normalises over the batch",
        ),
        (
            _Own(2, 2),
            "supported for the parameters of Linear, Conv1d, Conv2d, Embedding"
            " and LayerNorm.*_Own ''",
        ),
        (nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "Parametrized"),
        (_tied(), "layers '0' and '1' share a parameter"),
        (nn.ReLU(), "no parameters"),
        (_Functional(), "layer 'inner' was not called"),
        (_Mixing(), "'inner' must take the samples as its first axis: 3 samples, got 6"),
        (nn.Linear(2, 2).bfloat16(), "float32 or float64, got torch.bfloat16"),
    ],
)
def test_a_model_whose_gradients_are_not_known_is_refused(
    model: nn.Module, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sample_gradients(model, np.zeros((3, 2)), [0, 1, 0])


@pytest.mark.parametrize(
    ("features", "targets", "loss", "message"),
    [
        (np.zeros((3, 2)), [0, 1], "cross_entropy", "one length >= 1, got 3 and 2"),
        (np.zeros((0, 2)), [], "cross_entropy", "one length >= 1, got 0 and 0"),
        (1.0, [0], "cross_entropy", "features must have one row a sample"),
        (np.zeros((2, 2)), [0, 2], "cross_entropy", r"targets must lie in \[0, 2\), got 2"),
        (np.zeros((2, 2)), [-1, 0], "cross_entropy", r"targets must lie in \[0, 2\), got -1"),
        (np.zeros((2, 2)), [0.0, 1.0], "cross_entropy", "one whole number a sample"),
        (np.zeros((2, 2)), [[0], [1]], "cross_entropy", "one whole number a sample"),
        (
            np.zeros((2, 2)),
            [0.0, 1.0],
            "squared",
            r"outputs of \(n,\) or \(n, 1\), got \(2, 2\)",
        ),
        (np.zeros((2, 2)), [0, 1], "hinge", "loss must be .*cross_entropy.*got 'hinge'"),
        (
            np.array([[0.0, 0.0], [np.nan, 0.0]]),
            [0, 1],
            "cross_entropy",
            "sample 1 is not finite",
        ),
    ],
)
def test_samples_that_do_not_fit_are_refused(
    features: Any, targets: Any, loss: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sample_gradients(nn.Linear(2, 2), features, targets, loss=loss)


def test_targets_of_squared_loss_must_be_a_column() -> None:
    with pytest.raises(ValueError, match=r"targets of \(n,\) or \(n, 1\), got \(3, 2\)"):
        sample_gradients(nn.Linear(2, 1), np.zeros((3, 2)), np.zeros((3, 2)), loss="squared")


def test_outputs_of_cross_entropy_must_be_classes() -> None:
    model = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match=r"\(n, classes\) outputs, got \(3,\)"):
        sample_gradients(model, np.zeros((3, 2)), [0, 0, 0])


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 2)).train()
    model[2].eval()
    model[0].requires_grad_(False)
    model[2].weight.grad = torch.ones(2, 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    threads = torch.get_num_threads()
    x = torch.ones(3, 2)
    gradients = sample_gradients(model, x, [0, 1, 1])
    with pytest.raises(ValueError, match="targets must lie in"):
        sample_gradients(model, x, [0, 1, 7])
    assert [module.training for module in model.modules()] == [True, True, True, False]
    assert torch.equal(model[2].weight.grad, torch.ones(2, 3))
    assert all(p.grad is None for p in (*model[0].parameters(), model[2].bias))
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not x.requires_grad
    assert torch.get_num_threads() == threads
    # Frozen layers count, dropout does not: the same gradients as those of the layers alone.
    plain = nn.Sequential(model[0], model[2])
    with torch.no_grad():
        again = sample_gradients(plain, x, [0, 1, 1])
    np.testing.assert_allclose(gradients.squared_norms, again.squared_norms, rtol=1e-6)


def test_arrays_that_may_not_be_written_to_and_integers_will_do() -> None:
    features = np.arange(6).reshape(3, 2)
    features.flags.writeable = False
    model = nn.Linear(2, 2)
    tensors = sample_gradients(model, torch.tensor(features).double(), torch.tensor([0, 1, 0]))
    arrays = sample_gradients(model, features, np.array([0, 1, 0], dtype=np.uint8))
    np.testing.assert_allclose(tensors.squared_norms, arrays.squared_norms, rtol=1e-6)
    column = sample_gradients(nn.Linear(2, 1), features, [[1], [2], [3]], loss="squared")
    assert column.losses.shape == (3,)


def test_distances_take_masks_and_single_rows() -> None:
    gradients = sample_gradients(nn.Linear(2, 2), np.eye(2), [0, 1])
    assert gradients.squared_distances([True, False], [0, 1, 1]).shape == (1, 3)
    assert len(gradients.take([False, True])) == 1
    assert gradients.squared_distances([], [0]).shape == (0, 1)
