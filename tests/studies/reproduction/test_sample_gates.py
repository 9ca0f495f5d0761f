"""What the page says of gates for samples follows from the figures, and turns with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from studies.reproduction.document import Grid, Text
from studies.reproduction.results import load_results
from studies.reproduction.sample_gates import sample_gate_blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studies.reproduction.results import Study

NOISE = np.array([-0.001, 0.0, 0.001, 0.0])


@pytest.fixture
def study(write: Callable[..., Path], tmp_path: Path) -> Callable[..., Study]:
    def made(name: str = "gate-samples", **conditions: dict[str, float]) -> Study:
        rows = [
            (
                "wine",
                condition.replace("__", ";"),
                method,
                "error",
                list(error + NOISE * place),
            )
            for condition, errors in conditions.items()
            for place, (method, error) in enumerate(errors.items())
        ]
        write(tmp_path, name, rows, None)
        return load_results(tmp_path)[name]

    return made


def errors(calibrated: float, **others: float) -> dict[str, float]:
    usual = {"uniform": 0.3, "two_stage": 0.2, "evidence": 0.04, "oracle": 0.02}
    return {**usual, **others, "calibrated": calibrated}


def said(found: Study) -> str:
    return " ".join(one.text for one in sample_gate_blocks(found) if isinstance(one, Text))


def test_losses_and_wins_are_said_alike(study: Callable[..., Study]) -> None:
    text = said(study(high=errors(0.03), joint=errors(0.06)))
    assert (
        "against uniform, it surely wins in 2 of 2 conditions and surely loses in none" in text
    )
    lost = "it surely wins in 1 of 2 conditions and surely loses in joint (by 2.0"
    assert f"against evidence, {lost}" in text
    assert "fails" not in text


def test_failures_are_named_hostile_ones_too(study: Callable[..., Study]) -> None:
    text = said(study(high=errors(0.03), hostile__pairs=errors(0.25)))
    assert "It fails on wine" in text
    assert "in hostile;pairs (by 23.0" in text
    assert "high (by" not in text.partition("It fails")[2]


def test_the_gate_of_least_worst_error_is_recommended_and_not_always_ours(
    study: Callable[..., Study],
) -> None:
    assert "least worst error: calibrated on wine (3.0 %)" in said(study(high=errors(0.03)))
    # What is hostile is told apart, and no gate is chosen by it.
    found = study(high=errors(0.03), joint=errors(0.09), hostile__pairs=errors(0.5))
    assert "least worst error: evidence on wine (4.0 %)" in said(found)


def test_overview_has_means_and_worst_of_what_is_not_hostile(
    study: Callable[..., Study],
) -> None:
    found = study(high=errors(0.03), joint=errors(0.05), hostile__pairs=errors(0.5))
    grid = next(one for one in sample_gate_blocks(found) if isinstance(one, Grid))
    assert ("wine", "calibrated", "4.0", "5.0", "joint") in grid.rows
    assert ("wine", "uniform", "30.0", "30.0", "high") in grid.rows


def test_differences_are_paired(study: Callable[..., Study]) -> None:
    grid = sample_gate_blocks(study(high=errors(0.03)))[-1]
    assert isinstance(grid, Grid)
    dataset, condition, own, *_, above_oracle = grid.rows[0]
    assert (dataset, condition) == ("wine", "high")
    assert own.startswith("3.0 [")
    assert above_oracle.startswith("1.0 [")


def test_other_studies_have_no_such_blocks(study: Callable[..., Study]) -> None:
    assert sample_gate_blocks(study("table-7", high=errors(0.03))) == ()
