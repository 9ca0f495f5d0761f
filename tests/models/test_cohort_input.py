"""What a cohort refuses: shapes, types and numbers that do not fit, each with a reason."""

from __future__ import annotations

import pytest
import torch

from anml_fl.models.cohort import Cohort, Minibatches, initial, train

_X = torch.zeros(2, 5, 3)
_Y = torch.zeros(2, 5, dtype=torch.int64)
_ORDERS = torch.arange(5).repeat(4, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": _X.double()}, "features must be torch.float32 .* got torch.float64"),
        ({"features": _X[:, :, :2]}, r"features must be \(2, n, 3\) .* got \(2, 5, 2\)"),
        ({"features": _X[:1]}, r"features must be \(2, n, 3\) .* got \(1, 5, 3\)"),
        ({"features": _X[0, 0]}, r"features must be \(2, n, 3\) .* got \(3,\)"),
        ({"features": _X[:, :0]}, "at least one sample"),
        ({"targets": _Y[:, :4]}, r"labels must be \(2, 5\) or \(5,\), got \(2, 4\)"),
        ({"targets": _Y.int()}, "labels must be int64, got torch.int32"),
        ({"targets": _Y + 2}, "labels must lie in 0 to 1, got 2 to 2"),
        ({"targets": _Y - 1}, "labels must lie in 0 to 1, got -1 to -1"),
        ({"loss": "squared"}, "models with one output, these have 2"),
        ({"loss": "hinge"}, "loss must be cross_entropy or squared, got 'hinge'"),
        ({"epochs": -1}, "epochs must not be negative, got -1"),
        ({"checkpoints": [5]}, r"checkpoints must lie in 0 to 4, got \[5\]"),
        ({"checkpoints": [-1]}, r"checkpoints must lie in 0 to 4, got \[-1\]"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite, got 0.0"),
        (
            {"batches": Minibatches(2, _ORDERS[:3])},
            r"orders must be \(4, 5\) or \(2, 4, 5\), got \(3, 5\)",
        ),
        ({"batches": Minibatches(2, _ORDERS.int())}, "orders must be int64"),
        ({"batches": Minibatches(2, _ORDERS + 1)}, "indices 0 to 4, got 1 to 5"),
        ({"batches": Minibatches(2, _ORDERS - 1)}, "indices 0 to 4, got -1 to 3"),
    ],
)
def test_training_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        train(
            initial([0, 1], (3, 4, 2)),
            **{"features": _X, "targets": _Y, "epochs": 4, **change},
        )


def test_a_batch_has_a_sample():
    with pytest.raises(ValueError, match="size of a batch must be positive, got 0"):
        Minibatches(0)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (_Y, "values must be torch.float32 .* got torch.int64"),
        (_X[:, :4, 0], r"values must be \(2, 5\) or \(5,\), got \(2, 4\)"),
    ],
)
def test_regression_refuses(targets, message):
    with pytest.raises(ValueError, match=message):
        train(initial([0, 1], (3, 1)), _X, targets, epochs=1, loss="squared")


_W, _B = torch.zeros(2, 3, 4), torch.zeros(2, 4)


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        ((), (), "at least one: got 0 weights, 0 biases"),
        ((_W,), (_B, _B), "got 1 weights, 2 biases"),
        ((_W.int(),), (_B,), "float32 or float64, got torch.int32"),
        ((_W[0],), (_B,), r"weights must be \(M, in, out\), got \(3, 4\)"),
        ((_W[:0],), (_B[:0],), r"at least one model .* got weights \(0, 3, 4\)"),
        ((_W, _W), (_B, _B), r"weights must be \(2, 4, out\) here, got \(2, 3, 4\)"),
        ((_W,), (_B[:, :3],), r"biases must be \(2, 4\) here, got \(2, 3\)"),
        ((_W,), (_B.double(),), "all tensors must be torch.float32 on cpu"),
    ],
)
def test_cohort_refuses(weights, biases, message):
    with pytest.raises(ValueError, match=message):
        Cohort(weights, biases)


@pytest.mark.parametrize(
    ("seeds", "sizes", "message"),
    [
        ([], (3, 2), "at least one model, got none"),
        ([0], (3,), r"two or more positive numbers, got \(3,\)"),
        ([0], (3, 0, 2), r"got \(3, 0, 2\)"),
    ],
)
def test_beginning_refuses(seeds, sizes, message):
    with pytest.raises(ValueError, match=message):
        initial(seeds, sizes)
