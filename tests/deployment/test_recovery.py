"""`anml up --local` and what is killed under it: the exit status says how the run ended."""

from __future__ import annotations

import json
import signal

import pytest

from anml_fl.ledger.verify import verify_file
from anml_fl.registry.keys import public_key

pytestmark = pytest.mark.slow


def settled(run):
    """The rounds of a ledger that verifies, in its order."""
    path = run / "ledger.jsonl"
    assert verify_file(path, public_key(run / "ledger.pub")).ok
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return [entry["round"] for entry in entries if entry["kind"] == "round"]


def test_run_survives_the_death_of_serverapp_superlink_and_command(
    anml, tiny, tmp_path, rounds_of
):
    run = tmp_path / "runs" / "default"
    # Warm: SuperLink then forgets the nodes when it dies, too.
    first = anml("up", "--local", "--warm", *tiny, "--nodes=2", "--rounds=5")
    first.after(1)
    first.kill("flwr-serverapp")
    first.after(2)
    first.kill("server.superlink")
    first.after(3)
    # And now the command itself is told to end.
    told = len(rounds_of(run / "anml"))
    first.process.send_signal(signal.SIGTERM)
    assert first.ends() == 128 + signal.SIGTERM
    assert "the ServerApp died" in first.said
    assert "SuperLink left with -9: started again" in first.said
    assert "`anml resume runs/default` goes on" in first.said
    assert first.processes() == []
    assert not (run / "summary.json").exists()
    # Nobody's leaving was taken for an answer.
    late = rounds_of(run / "anml")[told:]
    assert all(person.reason is None for record in late for person in record.contributors)

    second = anml("resume", "runs/default")
    assert second.ends() == 0, second.said
    assert [record.round for record in rounds_of(run / "anml")] == [1, 2, 3, 4, 5]
    assert settled(run) == [1, 2, 3, 4, 5]
    assert second.processes() == []

    assert anml("resume", "runs/default").ends() == 0
    assert anml("up", "--local", "--warm", *tiny, "--nodes=2", "--rounds=5").ends() == 0
    assert settled(run) == [1, 2, 3, 4, 5]


def test_error_of_the_app_is_told_and_not_tried_again(anml, tiny, tmp_path):
    out = tmp_path / "taken"
    out.mkdir()
    (out / "anml").mkdir()  # somebody else's
    command = anml("up", "--local", "--warm", *tiny, "--nodes=1", "--rounds=1", "--out=taken")
    assert command.ends() == 1, command.said
    assert "the run failed: ConfigError" in command.said
    assert "has no config.toml, but holds anml" in command.said
    assert "submitted again" not in command.said
    assert command.processes() == []
