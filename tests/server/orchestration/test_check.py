"""What settings alone do not show is refused before anything is written or started."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from anml_fl.database.engine import open_database
from anml_fl.federation.data import data_of
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import check, run_federation

QUICK = {"dataset": "wine", "contributors": 3, "behaviours": "honest=3", "rounds": 1}


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Settings of a federation of three annotators."""
    rng = np.random.default_rng(0)
    given = rng.integers(0, 8, size=(12, 3)).astype(np.int8)
    np.savez(
        tmp_path / "labelme_crowd.npz",
        X_train=rng.normal(size=(12, 4)).astype("f4"),
        y_train=rng.integers(0, 8, 12),
        X_test=rng.normal(size=(8, 4)).astype("f4"),
        y_test=np.arange(8),
        answers=given,
    )
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    return {**QUICK, "dataset": "labelme", "partition": "natural", "gold": 5}


def test_pairs_must_be_classes_of_the_data() -> None:
    check(from_flat({**QUICK, "flip-pairs": "0-2", "pair-share": 1.0}))
    with pytest.raises(ConfigError, match="flip_pairs: wine has the classes 0 to 2, got 0-3"):
        check(from_flat({**QUICK, "flip-pairs": "0-3", "pair-share": 1.0}))


def test_gold_needs_answers_that_can_be_checked(tmp_path: Path) -> None:
    config = from_flat({**QUICK, "gold": 5})
    with pytest.raises(ConfigError, match=r"gold: wine has no answers .* got 5; labelme has"):
        check(config)
    with pytest.raises(ConfigError):
        run_federation(InlineGrid(app, [{"partition-id": 0}], {}), config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_gold_and_a_database_are_two_sources_of_r(answers: dict[str, object]) -> None:
    check(from_flat(answers))
    path = Path(os.environ["ANML_DATA_DIR"]) / "registry.db"
    open_database(path).dispose()
    with pytest.raises(ConfigError, match="gold: r comes from the registry's database here"):
        check(from_flat({**answers, "database": str(path)}))


def test_who_is_left_out_of_the_annotators_is_not_tested_on(
    answers: dict[str, object],
) -> None:
    left = {**answers, "contributors": 2, "leave-out": "annotator-01"}
    dealt = data_of(from_flat({**left, "behaviours": "honest=2"}))
    assert dealt.names == ("annotator-00", "annotator-02")
    assert dealt.test.labels.tolist() == list(range(8))
