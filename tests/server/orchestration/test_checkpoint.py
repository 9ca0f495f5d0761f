"""A checkpoint: what goes on from it, and what is refused."""

from __future__ import annotations

import json
import math
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.hashes import model_hash
from anml_fl.method.records import RoundRecord
from anml_fl.run.checkpoint import (
    Checkpoint,
    CheckpointError,
    Written,
    cut,
    load_checkpoint,
    save_checkpoint,
)
from anml_fl.run.files import CHECKPOINT, PREVIOUS
from anml_fl.run.strategy_folder import StrategyFolder

CONTENT = Checkpoint(
    run="default-0123456789abcdef",
    record=RoundRecord(3, "anml", "krum", 0.25, math.nan, (), note="a note", seconds=1.5),
    arrays={"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(7)},
    rounds=Written(10, "a" * 64),
    timings=Written(0, "b" * 64),
    ledger="c" * 64,
    shown=(("contributor-0001", 1_700_000_000_000_000, "a.b.c"),),
    seed=5,
    code="d" * 64,
    state={"gains": np.linspace(0.0, 1.0, 20, dtype=np.float32)},
)


@pytest.fixture
def interrupted(small, run, interrupt_after, tmp_path):
    """Make a run that was stopped in its third round, and its settings."""
    config = small(strategies="anml", record_updates=False)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(6 + 6 * 2))
    return config, tmp_path / "run"


def test_what_is_read_is_what_was_written(tmp_path):
    save_checkpoint(tmp_path, CONTENT)
    found = load_checkpoint(tmp_path / CHECKPOINT, CONTENT.run)
    assert found.record.to_json() == CONTENT.record.to_json()
    assert found.record.seconds == 1.5
    for name, array in CONTENT.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].tolist() == array.tolist()
    assert model_hash(found.state) == model_hash(CONTENT.state)
    rest = {"record": CONTENT.record, "arrays": CONTENT.arrays, "state": CONTENT.state}
    assert replace(found, **rest) == CONTENT


def test_what_calibrated_remembers_outlives_an_interruption(
    small, run, interrupt_after, tmp_path
):
    config = small(strategies="calibrated", behaviours="label_flip=2", rounds=4)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(6 + 6 * 2))
    run(config, tmp_path / "run")
    run(config, tmp_path / "whole")
    for name in ("rounds.jsonl", "model.safetensors"):
        there = (tmp_path / "run" / "calibrated" / name).read_bytes()
        assert there == (tmp_path / "whole" / "calibrated" / name).read_bytes()


def test_the_one_before_stays_until_the_next(tmp_path):
    for number in (1, 2, 3):
        save_checkpoint(
            tmp_path, replace(CONTENT, record=replace(CONTENT.record, round=number))
        )
    rounds = [
        load_checkpoint(tmp_path / name, CONTENT.run).record.round
        for name in (CHECKPOINT, PREVIOUS)
    ]
    assert rounds == [3, 2]


@pytest.mark.parametrize("size", range(0, 1100, 50))
def test_a_truncated_checkpoint_is_refused(tmp_path, size):
    save_checkpoint(tmp_path, CONTENT)
    path = tmp_path / CHECKPOINT
    whole = path.read_bytes()
    assert size < len(whole)
    path.write_bytes(whole[:size])
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(path, CONTENT.run)


def test_every_changed_byte_is_noticed(tmp_path):
    save_checkpoint(tmp_path, CONTENT)
    path = tmp_path / CHECKPOINT
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        # Only a blank that pads the header may change without harm: nothing is read from it.
        try:
            found = load_checkpoint(path, CONTENT.run)
        except CheckpointError:
            continue
        assert model_hash(found.arrays) == model_hash(CONTENT.arrays)
        assert found.record.to_json() == CONTENT.record.to_json()
        assert model_hash(found.state) == model_hash(CONTENT.state)


def test_another_runs_and_a_newer_codes_checkpoint_are_refused(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, CONTENT)
    with pytest.raises(CheckpointError, match=r"belongs to the run 'default-.*', not 'other'"):
        load_checkpoint(tmp_path / CHECKPOINT, "other")
    monkeypatch.setattr("anml_fl.run.checkpoint._VERSION", 2)
    with pytest.raises(CheckpointError, match="has version 1, this code reads 2"):
        load_checkpoint(tmp_path / CHECKPOINT, CONTENT.run)


def test_what_came_after_the_checkpoint_is_cut_off_and_what_came_before_must_be_there(
    tmp_path,
):
    path = tmp_path / "rounds.jsonl"
    path.write_text("one\n")
    written = Written.of(path)
    path.write_text("one\ntwo\nthr")
    cut(path, written)
    assert path.read_text() == "one\n"
    path.write_text("on")
    with pytest.raises(CheckpointError, match="does not begin with the 4 bytes"):
        cut(path, written)


def test_a_run_goes_on_at_the_next_round_and_asks_nobody_again(
    interrupted, small, run, interrupt_after, tmp_path
):
    config, out = interrupted
    run(config, tmp_path / "whole")
    # Enrolment, and one round of six: one message more would stop it.
    run(config, out, interrupt_after(6 + 6))
    for name in ("rounds.jsonl", "model.safetensors"):
        there = (out / "anml" / name).read_bytes()
        assert there == (tmp_path / "whole" / "anml" / name).read_bytes()
    assert (out / "ledger.jsonl").read_bytes() == (
        tmp_path / "whole/ledger.jsonl"
    ).read_bytes()
    assert not list(out.glob("anml/checkpoint*"))


def test_a_run_cut_off_right_after_its_first_checkpoint_goes_on(
    small, run, interrupt_after, tmp_path
):
    config = small(strategies="anml", reputation=True)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(6 + 6))
    for name in ("rounds.jsonl", "timings.jsonl"):
        (tmp_path / "run" / "anml" / name).unlink()
    opened = (tmp_path / "run/ledger.jsonl").read_text().splitlines()[0]
    (tmp_path / "run/ledger.jsonl").write_text(f"{opened}\n")
    run(config, tmp_path / "run")
    run(config, tmp_path / "whole")
    for name in ("anml/rounds.jsonl", "ledger.jsonl"):
        there = (tmp_path / "run" / name).read_bytes()
        assert there == (tmp_path / "whole" / name).read_bytes()


def test_a_disk_that_is_full_loses_no_round_that_was_kept(small, run, interrupted):
    config, out = interrupted
    kept = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    # The kernel's own error, in the middle of the write: no file may be as large. A checkpoint
    # is a little longer or shorter than the last, by the digits of its numbers.
    room = len(kept[out / "anml" / CHECKPOINT]) * 9 // 10
    done = subprocess.run(
        [sys.executable, "-B", "-m", "anml_fl.cli", "resume", out],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert re.search(r"round 3 could not be kept: \S*: File too large", done.stderr)
    for name in ("anml/checkpoint.safetensors", "anml/rounds.jsonl", "ledger.jsonl"):
        assert (out / name).read_bytes() == kept[out / name]
    # What was begun takes no room, and the run goes on once there is some.
    assert not list(out.glob("anml/*.partial"))
    assert run(config, out)["strategies"]["anml"]["rounds"] == 3


def test_with_the_last_checkpoint_damaged_the_one_before_is_gone_on_from(
    interrupted, run, tmp_path, caplog
):
    config, out = interrupted
    path = out / "anml" / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-1])
    run(config, out)
    assert "going on after round 1" in caplog.text
    run(config, tmp_path / "whole")
    same = (tmp_path / "whole" / "anml" / "rounds.jsonl").read_bytes()
    assert (out / "anml" / "rounds.jsonl").read_bytes() == same


def test_with_both_damaged_nothing_is_touched_and_the_error_says_what_to_do(interrupted, run):
    config, out = interrupted
    for name in (CHECKPOINT, PREVIOUS):
        (out / "anml" / name).write_bytes(b"garbage")
    before = {path: path.read_bytes() for path in (out / "anml").iterdir() if path.is_file()}
    with pytest.raises(CheckpointError, match="from a backup; or remove it"):
        run(config, out)
    assert before == {p: p.read_bytes() for p in (out / "anml").iterdir() if p.is_file()}
    # As it says.
    shutil.rmtree(out / "anml")
    assert run(config, out)["strategies"]["anml"]["rounds"] == 3


def test_a_ledger_of_another_state_is_refused(interrupted, run):
    config, out = interrupted
    ledger = out / "ledger.jsonl"
    opened, first, _ = ledger.read_text().splitlines()
    ledger.write_text(f"{opened}\n")
    with pytest.raises(
        LedgerError, match=r"checkpoint is of round 2, but .* ends with round 0"
    ):
        run(config, out)
    # One round behind is where a crash between the two leaves it.
    ledger.write_text(f"{opened}\n{first}\n")
    run(config, out)
    assert [json.loads(line)["kind"] for line in ledger.read_text().splitlines()] == [
        "open", "round", "round", "round", "close",
    ]  # fmt: skip


def test_what_a_registry_in_memory_was_shown_and_learned_is_known_again(
    small, run, interrupt_after, tmp_path
):
    config = small(strategies="anml", behaviours="compromised_issuer=2", reputation=True)
    run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "run", interrupt_after(6 + 6 * 2))
    kept = load_checkpoint(
        tmp_path / "run/anml" / CHECKPOINT,
        json.loads((tmp_path / "run/ledger.jsonl").read_text().splitlines()[0])["run"],
    )
    assert len(kept.shown) == 2
    run(config, tmp_path / "run")
    assert (tmp_path / "run/anml/rounds.jsonl").read_bytes() == (
        tmp_path / "whole/anml/rounds.jsonl"
    ).read_bytes()


def test_rounds_of_other_code_are_gone_on_with_but_named(
    interrupted, run, caplog, monkeypatch
):
    config, out = interrupted
    for module in ("server.orchestration.federation", "clients.app"):
        monkeypatch.setattr(f"{module}.code_hash", lambda: "e" * 64)
    run(config, out)
    assert "rounds up to 2 were made by code " in caplog.text
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["code"]["server"] == "e" * 64
    assert set(manifest["code"]["contributors"].values()) == {"e" * 64}
    assert len(manifest["code"]["contributors"]) == 6


def test_a_folder_without_a_checkpoint_begins_at_round_1(tmp_path):
    folder = StrategyFolder(tmp_path / "anml")
    folder.clear()
    folder.rounds.write_text("left over")
    assert folder.resume("default") is None
    assert not folder.rounds.exists()
    assert Path(tmp_path / "anml").is_dir()
