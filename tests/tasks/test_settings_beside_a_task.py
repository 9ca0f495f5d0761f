"""Settings beside a task: one that would mean nothing is refused."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "words",
    [
        ("--dataset", "wine"),
        ("--data", "table.csv"),
        ("--label", "sick"),
        ("--model", "cnn"),
        ("--partition", "natural"),
        ("--leave-out", "somebody"),
        ("--weight-classes",),
        ("--worth",),
        ("--gold", 3),
    ],
)
def test_what_would_mean_nothing_beside_a_task(refused, words):
    said = refused("--task", "pairs", *words)
    assert f"beside which {words[0]} means nothing: leave it out" in said


def test_a_setting_that_no_function_takes(refused, write):
    name = write("fixed", ("epochs, lr, device", "epochs, device"), ("lr=lr", "lr=0.1"))
    said = refused("--task", name, "--learning-rate", "0.5")
    assert "neither load_data nor train of fixed takes lr" in said


def test_metrics_are_the_tasks_own(refused, anml, write):
    assert "is scored by its own test" in refused("--task", "pairs", "--metric", "f1")
    done = anml("run", "--metric", "loss", "--out", "runs", "--rounds", 1)
    assert done.exit_code == 2
    assert "which loss does not score" in " ".join(done.output.split())
