"""A federation on a machine with proxies, foreign packages, and folders of any name."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_a_federation_runs_where_everything_stands_in_its_way(
    anml, tiny, tmp_path, monkeypatch
):
    dead = "http://user:secret@127.0.0.1:9"
    for name in ("HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, dead)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    for name in ("server", "clients", "strategies"):
        (tmp_path / "project" / name).mkdir(parents=True)
        (tmp_path / "project" / name / "__init__.py").write_text("raise SystemExit(9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "project"))
    long = tmp_path / ("slurm_jobdir_" * 7)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.setenv("HOME", str(tmp_path / "not" / "there"))

    state, out = "federation's #1 $HOME", "Zürich run"
    command = anml("up", "--local", "--rounds=1", "--state", state, "--out", out, *tiny)
    assert command.ends() == 0, command.said
    assert (tmp_path / out / "summary.json").exists()
    assert "started again" not in command.said
    logs = tmp_path / state / "local" / "logs"
    assert "forks for callers of /" in (logs / "warm.log").read_text(encoding="utf-8")
    for log in logs.iterdir():
        assert b"secret" not in log.read_bytes()
    assert list(long.iterdir()) == []
