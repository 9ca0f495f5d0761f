"""Runs whose ledger is of an older form, and runs that have not come to their end."""

from __future__ import annotations

import pytest

R = "anml/rounds.jsonl"


def exchanged(updates):
    updates[[0, 1]] = updates[[1, 0]]


def test_an_older_ledger_verifies_as_what_it_is(older, verify, call):
    code, said = verify(older)
    assert code == 0, said
    assert "The ledger is of an older form" in said
    assert "Not bound, and so not checked: errors, updates, strategies that pay nobody" in said
    assert call("report", older).exit_code == 0
    assert "Its ledger is of an older form" in (older / "report.html").read_text()
    assert call("ledger", "verify", older).exit_code == 0
    assert call("resume", older).exit_code == 0


def test_an_older_ledger_that_was_not_closed_goes_on_and_ends_as_one(
    older, finished, verify, call
):
    path = older / "ledger.jsonl"
    before = path.read_bytes()
    path.write_bytes(before[: before[:-1].rindex(b"\n") + 1])
    (older / "summary.json").unlink()
    assert call("resume", older).exit_code == 0
    assert path.read_bytes() == before
    assert (older / "summary.json").read_bytes() == (finished / "summary.json").read_bytes()
    assert verify(older)[0] == 0


def test_a_run_that_goes_on_is_checked_as_far_as_it_is(
    tmp_path, finished, verify, alter, call, start, interrupt_after
):
    # In the second round of its second strategy, anml.
    stopping = interrupt_after(5 + 5 * 3 + 5 + 5)
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        start(run, stopping)
    for command in ("verify", "report"):
        result = call(command, run)
        assert result.exit_code == 2
        said = " ".join(result.output.split())
        settled = (run / R).read_bytes().count(b"\n")
        assert f"has not come to its end ({settled} of 3 rounds are settled)" in said
        assert "`anml verify --open` checks what is there" in said
        assert "altered" not in said
    assert not (run / "report.html").exists()
    code, said = verify(run, "--open")
    assert code == 0, said
    assert "; not closed yet" in said
    assert "not checked: strategies that pay nobody" in said
    # A record is settled before it is told.
    whole_rounds = (run / R).read_bytes()
    settled = whole_rounds.count(b"\n")
    assert 1 <= settled < 3
    (run / R).write_bytes(b"")
    assert verify(run, "--open")[0] == 0
    (run / R).write_bytes(whole_rounds * 2)
    assert verify(run, "--open")[1].startswith(f"altered: {R} goes on after round {settled}")
    (run / R).write_bytes(whole_rounds)
    alter(run).field("anml", 1, "q", 1.0, 1)
    for more in ((), ("--open",)):
        code, said = verify(run, *more)
        assert code == 1
        assert said.startswith(f"altered: {R}, round 1: contributor-0001: q is 1.0")
    updates = run / "anml/updates/0001.safetensors"
    kept = updates.read_bytes()
    alter(run).update(1, exchanged)
    result = call("resume", run)
    assert result.exit_code == 2
    assert (
        "is not what was settled: anml/updates/0001.safetensors was altered" in result.output
    )
    updates.write_bytes(kept)
    # The checkpoint before the edited round has it as it was.
    assert call("resume", run).exit_code == 0
    for name in ("ledger.jsonl", R, "anml/model.safetensors"):
        assert (run / name).read_bytes() == (finished / name).read_bytes()
    assert verify(run)[0] == 0
