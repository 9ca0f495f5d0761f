"""Flower's simulation engine, for real: Ray starts, and the records are the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anml_fl.method.records import RoundRecord
from server.results import open_run
from server.simulation import run_simulation


@pytest.mark.slow
def test_simulation_gives_the_records_of_the_inline_engine(small, run, tmp_path):
    settings = {"strategies": "anml,krum", "dataset": "digits", "local_epochs": 2}
    run(small(**settings), tmp_path / "inline")
    config = small(engine="simulation", **settings)
    out = tmp_path / "simulation"
    open_run(out, config)
    run_simulation(config, out)
    assert json.loads((out / "summary.json").read_text())["engine"] == "simulation"
    for name in config.strategies:
        pairs = [
            [
                RoundRecord.from_json(line)
                for line in (tmp_path / engine / name / "rounds.jsonl")
                .read_text()
                .splitlines()
            ]
            for engine in ("inline", "simulation")
        ]
        assert len(pairs[0]) == 3
        for one, other in zip(*pairs, strict=True):
            same(one, other)


def same(one, other):
    """Every number to 1e-6, everything else exactly."""
    for field in ("round", "strategy", "branch", "refused", "note"):
        assert getattr(one, field) == getattr(other, field)
    for field in ("rho_c", "min_s", "test_error", "bytes_sent", "bytes_received"):
        np.testing.assert_allclose(
            getattr(one, field), getattr(other, field), atol=1e-6, rtol=0, err_msg=field
        )
    assert len(one.contributors) == len(other.contributors) == 6
    for mine, theirs in zip(one.contributors, other.contributors, strict=True):
        for field in ("contributor", "selected", "reason"):
            assert getattr(mine, field) == getattr(theirs, field)
        for field in "qvrTs":
            np.testing.assert_allclose(
                getattr(mine, field), getattr(theirs, field), atol=1e-6, rtol=0, err_msg=field
            )
        np.testing.assert_allclose(mine.weight, theirs.weight, atol=1e-6, rtol=0)


@pytest.mark.slow
def test_failed_simulation_is_an_error_with_the_log(small, tmp_path):
    # A cnn on rows that are no images: the ServerApp raises, and `flwr run` exits with 0.
    config = small(engine="simulation", model="cnn", strategies="anml")
    with pytest.raises(RuntimeError, match="model cnn needs images"):
        run_simulation(config, tmp_path)
