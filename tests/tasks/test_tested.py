"""What `test` of a task may return."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anml_fl.federation.own_task.tested import understood
from anml_fl.settings.section import ConfigError

ANSWER = "return 0.0, right / len(testloader.dataset)"


@pytest.mark.parametrize(
    ("answer", "loss", "accuracy"),
    [
        ((0.25, 0.5), 0.25, 0.5),
        ([0.25, 1], 0.25, 1.0),
        ((0.25, {"accuracy": 0.5, "f1": 0.1}), 0.25, 0.5),
        ((0.25, 40, {"acc": 0.5}), 0.25, 0.5),
        ((0.25, {"f1": 0.1}), 0.25, None),
        ({"test_loss": 0.25, "eval_accuracy": 0.5}, 0.25, 0.5),
        ({"Accuracy": 0.5}, None, 0.5),
        ({"validation_loss": 0.25, "validation_accuracy": 0.5}, 0.25, 0.5),
        ({"valid-loss": 0.25, "evaluation acc": 0.5}, 0.25, 0.5),
        ((np.array([[0.25]]), torch.tensor([0.5])), 0.25, 0.5),
        (0.25, 0.25, None),
        (float("inf"), float("inf"), None),
    ],
)
def test_what_test_gives_is_understood(answer, loss, accuracy):
    found = understood(answer, "task.test")
    assert (found.loss if loss is not None else None) == loss
    assert (found.accuracy if accuracy is not None else None) == accuracy
    assert (found.loss != found.loss) == (loss is None)
    assert (found.accuracy != found.accuracy) == (accuracy is None)


@pytest.mark.parametrize(
    "answer",
    [None, "0.5", True, (), (0.5,), ("a", 0.5), (0.5, "b"), (1, 2, 3), {}, {"f1": 1.0}],
)
def test_what_test_gives_and_is_not_understood(answer):
    with pytest.raises(ConfigError, match=r"task.test must give \(loss, accuracy\)"):
        understood(answer, "task.test")


def test_an_answer_of_many_numbers_is_told_by_its_shape():
    with pytest.raises(ConfigError, match=r"got tuple of float, Tensor of shape \(2, 3\)"):
        understood((0.5, torch.zeros(2, 3)), "task.test")


def test_a_loss_that_is_no_number_is_told_without_an_option_nobody_gave(refused, write):
    said = refused("--task", write("nans", (ANSWER, "return float('nan')")))
    assert "nans.test gives neither a loss nor an accuracy that is a number" in said
    assert "--metric" not in said
