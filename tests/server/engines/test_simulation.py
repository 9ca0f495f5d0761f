"""Flower's simulation engine, for real: Ray starts, and the records are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anml_fl.method.records import RoundRecord
from server.engines.simulation import SWITCHES, _log_in, run_simulation
from server.orchestration.run_folder import open_run


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


STARTED = """
import sys, ray
print(ray.init(num_cpus=1, include_dashboard=False).address_info["gcs_address"], flush=True)
sys.stdin.read()
"""
ASKING = """
import sys
from ray._raylet import GcsClient
try:
    GcsClient(address=sys.argv[1]).internal_kv_put(b"a", b"b", True, b"n")
    print("let in")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
def test_ray_lets_in_who_has_the_runs_token_and_nobody_else(tmp_path, monkeypatch):
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # where Ray would look for another token
    given = _log_in(tmp_path)
    assert Path(given["RAY_AUTH_TOKEN_PATH"]).stat().st_mode & 0o777 == 0o600
    wrong = tmp_path / "wrong"
    wrong.write_text("w" * 43)
    running = subprocess.Popen(
        [sys.executable, "-c", STARTED],
        env={**os.environ, **SWITCHES, **given},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said = {}
    try:
        address = running.stdout.readline().strip()
        for who, token in [
            ("owner", given),
            ("somebody", {}),
            ("a guesser", {**given, "RAY_AUTH_TOKEN_PATH": str(wrong)}),
        ]:
            said[who] = subprocess.run(
                [sys.executable, "-c", ASKING, address],
                env={**os.environ, **SWITCHES, **token},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            ).stdout
    finally:
        running.communicate("", timeout=60)
    assert said["owner"] == "let in\n"
    assert "InvalidAuthToken" in said["somebody"], said
    assert "InvalidAuthToken" in said["a guesser"], said


@pytest.mark.parametrize("name", ["RAY_ADDRESS", "RAY_AUTH_MODE"])
def test_who_chose_a_cluster_or_a_way_to_log_in_keeps_it(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "chosen")
    assert _log_in(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
