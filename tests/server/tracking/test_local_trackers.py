"""Trackers that write files: read back, each round is there once, as the record has it."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from server.tracking.asked import Asked
from server.tracking.names import plain_name
from server.tracking.sending import send
from tests.server.tracking.conftest import ROUNDS, STRATEGIES


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def rounds_of(lines):
    return [(one["strategy"], one["round"]) for one in lines if one["kind"] == "round"]


EVERY = sorted((name, number) for name in STRATEGIES for number in range(1, ROUNDS + 1))


def test_jsonl_holds_every_round_once_however_often_it_stops(
    stopped, go_on, records, tmp_path
):
    path = tmp_path / "told.jsonl"
    asked = Asked("jsonl", str(path))
    # Of the second strategy's two rounds one is still being written down.
    assert send(stopped, asked) == (ROUNDS + 1, False)
    assert send(stopped, asked) == (0, False)
    with path.open("a") as file:
        file.write('{"kind": "rou')  # a crash
    go_on(stopped)
    assert send(stopped, asked) == (ROUNDS - 1, True)
    before = path.read_bytes()
    assert send(stopped, asked) == (0, True)
    assert path.read_bytes() == before
    lines = read_jsonl(path)
    assert sorted(rounds_of(lines)) == EVERY
    assert Counter(one["kind"] for one in lines) == {"run": 1, "round": 8, "end": 2}
    for line in lines:
        if line["kind"] == "round":
            record = records[line["strategy"]][line["round"] - 1]
            assert {who: one["weight"] for who, one in line["contributors"].items()} == {
                one.contributor: one.weight for one in record.contributors
            }
            assert line["numbers"]["test_error"] == record.test_error


@pytest.mark.parametrize(
    "content", [b"precious", b"a line\n", b"\x00\xff" * 250, b'{"kind": "run"}\nmine', b"[]\n"]
)
def test_a_file_of_somebody_elses_is_left_as_it_is(finished, tmp_path, content):
    path = tmp_path / "precious"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="left as it is; give another file"):
        send(finished, Asked("jsonl", str(path)))
    assert path.read_bytes() == content
    with pytest.raises(ValueError, match="is no plain file"):
        send(finished, Asked("jsonl", "/dev/null"))


def test_one_file_takes_several_runs(stopped, finished, tmp_path):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(finished, other)
    (other / "tracking" / "mark").unlink(missing_ok=True)
    asked = Asked("jsonl", str(tmp_path / "all.jsonl"))
    assert send(stopped, asked)[0] == ROUNDS + 1
    assert send(other, asked)[0] == 2 * ROUNDS
    assert send(stopped, asked)[0] == 0


def test_tensorboard_reads_back_each_weight(stopped, go_on, records, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    asked = Asked("tensorboard", str(tmp_path / "tb"))
    assert send(stopped, asked) == (ROUNDS + 1, False)
    (begun,) = (tmp_path / "tb").glob("*/calibrated/*")
    with begun.open("ab") as file:
        file.write(b"\x99\x00\x00")  # a crash in the middle of a record
    go_on(stopped)
    assert send(stopped, asked) == (ROUNDS - 1, True)
    assert send(stopped, asked) == (0, True)
    for name in STRATEGIES:
        (folder,) = (tmp_path / "tb").glob(f"*/{name}")
        found = EventAccumulator(str(folder), {"scalars": 0, "tensors": 0})
        found.Reload()
        for place, one in enumerate(records[name][0].contributors):
            told = found.Scalars(f"weight/{plain_name(one.contributor)}")
            assert [event.step for event in told] == [1, 2, 3, 4]
            # Event files hold numbers in single precision.
            assert [event.value for event in told] == [
                np.float32(record.contributors[place].weight) for record in records[name]
            ]
        errors = [event.value for event in found.Scalars("test_error")]
        assert errors == [np.float32(record.test_error) for record in records[name]]


@pytest.mark.parametrize("name", ["jsonl", "tensorboard"])
def test_by_default_files_are_kept_with_the_run_which_still_verifies(stopped, go_on, name):
    from anml_fl.run.verification import verify_run

    send(stopped, Asked(name, ""))
    go_on(stopped)
    send(stopped, Asked(name, ""))
    kept = {p.relative_to(stopped).parts[0] for p in stopped.rglob("*") if p.is_file()}
    assert "tracking" in kept
    assert not verify_run(stopped).altered
