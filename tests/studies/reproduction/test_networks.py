"""What the page says of networks follows from the figures, and turns with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from studies.reproduction.document import Heading, Text
from studies.reproduction.networks import level_of, models_table, network_blocks
from studies.reproduction.results import load_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studies.reproduction.results import Study

LOW, MIDDLE, HIGH = [0.10, 0.11, 0.12], [0.20, 0.22, 0.21], [0.30, 0.31, 0.32]


def sample(model: str, **errors: list[float]) -> list[tuple[str, str, str, str, list[float]]]:
    condition = f"level=sample;model={model};beta=0.30"
    return [("clothes", condition, name, "error", values) for name, values in errors.items()]


def area(model: str, values: list[float]) -> tuple[str, str, str, str, list[float]]:
    return ("clothes", f"level=sample;model={model};beta=0.30", "krum", "auc", values)


@pytest.fixture
def study(write: Callable[..., Path], tmp_path: Path) -> Callable[..., Study]:
    def made(*rows: tuple[str, str, str, str, list[float]]) -> Study:
        write(tmp_path, "transformer", rows, None)
        return load_results(tmp_path)["transformer"]

    return made


def said(study: Study) -> str:
    return " ".join(block.text for block in network_blocks(study) if isinstance(block, Text))


@pytest.mark.parametrize(
    ("own", "other", "word"),
    [
        (HIGH, LOW, "better than the MLP's: area"),
        (LOW, HIGH, "less well than the MLP's: area"),
        ([0.1, 0.3, 0.2], [0.3, 0.1, 0.2], "as well as the MLP's, within the interval"),
    ],
)
def test_a_network_is_said_to_tell_labels_as_its_interval_has_it(
    study: Callable[..., Study], own: list[float], other: list[float], word: str
) -> None:
    errors = {
        "uniform": MIDDLE,
        "krum": LOW,
        "softmax_blend": LOW,
        "two_stage": HIGH,
        "oracle": MIDDLE,
    }
    found = study(
        *sample("cnn", **errors),
        *sample("mlp", **errors),
        area("cnn", own),
        area("mlp", other),
    )
    text = said(found)
    assert f"On clothes, the CNN's q tells clean labels {word}" in text
    assert "krum lowers the error (-10.0 [" in text
    assert "two_stage raises the error (10.0 [" in text
    assert "oracle does not surely change the error (0.0 [" in text


def test_models_stand_side_by_side_with_a_dash_where_nothing_was_measured(
    study: Callable[..., Study],
) -> None:
    found = study(*sample("cnn", uniform=LOW, krum=MIDDLE), area("cnn", HIGH))
    table = models_table(level_of(found, "sample"))
    assert len(table.rows) == 1
    assert table.rows[0][:2] == ("clothes", "model=cnn;beta=0.30")
    assert table.rows[0][2].startswith("11.0 [")
    assert table.rows[0][3].startswith("21.0 [")
    assert table.rows[0][4:8] == ("—", "—", "—", "—")


def test_an_approximation_is_named_that_is_close_and_cheap(
    study: Callable[..., Study],
) -> None:
    condition = "level=approximations;k=20"

    def rows(
        method: str, rank: float, seconds: float
    ) -> list[tuple[str, str, str, str, list[float]]]:
        spread = [0.9, 1.0, 1.1]
        return [
            ("texts", condition, method, "spearman", [rank] * 3),
            ("texts", condition, method, "seconds", [seconds * one for one in spread]),
        ]

    found = study(
        *rows("exact", 1.0, 2.0),
        *rows("near", 0.97, 1.0),
        *rows("far", 0.5, 0.1),
        *rows("dear", 0.99, 4.0),
    )
    text = said(found)
    assert "With k=20, 2 of 3 approximations rank samples as exact q does" in text
    assert "the cheapest of these, near, takes 0.5" in text
    assert "dear cost more than exact q does at this size" in text


@pytest.mark.parametrize(
    ("ours", "word"), [(HIGH, "comes nearer than"), (LOW, "stays behind")]
)
def test_weights_are_held_against_the_better_library(
    study: Callable[..., Study], ours: list[float], word: str
) -> None:
    found = study(
        ("texts", "level=annotators", "two_stage@krum", "spearman", ours),
        ("texts", "level=annotators", "dawid_skene", "spearman", MIDDLE),
        ("texts", "level=annotators", "crowdlab", "spearman", [0.0, 0.0, 0.1]),
        ("texts", "level=annotators", "majority_vote", "error", MIDDLE),
        ("texts", "level=annotators", "truth", "error", LOW),
        ("texts", "level=annotators", "answers", "error", HIGH),
    )
    text = said(found)
    assert f"two_stage@krum, {word} dawid_skene" in text
    assert "Against majority vote, answers is worse." in text


@pytest.mark.parametrize(
    ("error", "word"), [(0.478, "has learnt little:"), (0.3, "has learnt:")]
)
def test_a_federation_no_better_than_a_coin_is_not_said_to_have_learnt(
    study: Callable[..., Study], error: float, word: str
) -> None:
    condition = "level=federation;attackers=30%"
    found = study(
        ("texts", condition, "anml", "error", [error]),
        ("texts", condition, "q_only", "error", [0.5]),
        ("texts", condition, "pooled", "error", [0.2]),
        ("texts", condition, "q_only", "spearman_q", [0.25]),
        ("texts", condition, "anml", "attackers_weight", [0.1]),
    )
    text = said(found)
    assert f"attackers=30%, the encoder {word}" in text
    assert f"the least error is {100 * error:.1f} % (anml)" in text
    assert "The others': q_only 50.0 %. Trained on all answers in one place" in text
    assert "in one place it errs 20.0 %." in text
    assert "honest annotators' accuracy: 0.250 (q_only)." in text
    assert "Attackers' share of the model: anml 10.0 %." in text
    titles = [block.title for block in network_blocks(found) if isinstance(block, Heading)]
    assert titles == ["203 people as a federation"]


def test_a_study_without_levels_has_none(study: Callable[..., Study]) -> None:
    found = study(("clothes", "beta=0.30", "krum", "error", LOW))
    assert network_blocks(found) == ()
