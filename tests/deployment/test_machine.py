"""A federation on a machine with proxies, foreign packages, and folders of any name."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_a_federation_runs_where_everything_stands_in_its_way(beset):
    assert beset.status == 0, beset.command.said
    assert (beset.out / "summary.json").exists()
    assert "started again" not in beset.command.said
    logs = beset.state / "local" / "logs"
    assert "forks for callers of /" in (logs / "warm.log").read_text(encoding="utf-8")
    for log in logs.iterdir():
        assert b"secret" not in log.read_bytes()
    assert list(beset.temporary.iterdir()) == []
