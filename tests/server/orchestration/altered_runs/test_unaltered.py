"""A finished run as it was made, or with edits that nothing binds: it verifies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.orchestration.ledger_key import signing_key


def test_a_run_as_it_was_made_verifies_with_the_key_in_it_and_with_the_servers(
    run, tmp_path, verify
):
    for more in ((), ("--open",)):
        code, said = verify(run, *more)
        assert code == 0, said
        assert said.startswith("ok: 3 rounds of anml and all that is bound\n")
        assert "This key came with the ledger" in said
    pem = (
        signing_key()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "key.pub").write_bytes(pem)
    code, said = verify(run, "--key", tmp_path / "key.pub")
    assert code == 0, said
    assert "came with the ledger" not in said
    found = json.loads(verify(run, "--json")[1])
    assert (found["ok"], found["bound"], found["rounds"], found["difference"]) == (
        True, True, 3, None,
    )  # fmt: skip


def test_what_a_file_manager_leaves_is_passed_over(run, verify):
    for folder in (run, run / "anml", run / "anml/updates"):
        (folder / ".DS_Store").write_bytes(b"x")
    assert verify(run)[0] == 0


def test_what_is_not_bound_is_said_and_changes_nothing(run, verify, alter):
    for name in ("manifest.json", "report.html", "anml/timings.jsonl"):
        path = run / name
        path.write_bytes(path.read_bytes() + b"\n" * (name != "anml/timings.jsonl"))
    alter(run).attribution(
        lambda a: a["contributors"][0].update(
            exact_shapley=a["contributors"][0]["exact_shapley"] + 1e-9
        )
    )
    for name in ("notes.txt", "deployment.json", "error.txt"):
        (run / name).write_text("mine")
    code, said = verify(run)
    assert code == 0, said
    for name in (
        "manifest.json",
        "report.html",
        "timings.jsonl",
        "deployment.json",
        "error.txt",
        "values in attribution.json",
    ):
        assert name in said


def test_what_a_crash_left_is_removed_at_the_end(run, verify, call):
    (run / "summary.json").unlink()
    for name in ("anml/checkpoint.safetensors", "anml/updates/0001.safetensors.partial"):
        (run / name).write_bytes(b"part")
    assert call("resume", run).exit_code == 0
    assert verify(run)[0] == 0


def test_a_summary_that_was_lost_comes_back_to_the_byte(run, finished, call):
    (run / "summary.json").unlink()
    assert call("resume", run).exit_code == 0
    assert (run / "summary.json").read_bytes() == (finished / "summary.json").read_bytes()
    assert (run / "ledger.jsonl").read_bytes() == (finished / "ledger.jsonl").read_bytes()


@pytest.mark.parametrize(
    "command", ["verify", "ledger verify", "ledger show", "ledger export"]
)
def test_an_output_that_cannot_be_written_is_no_answer(run, command):
    call_ = [sys.executable, "-m", "anml_fl", *command.split(), str(run)]
    with Path("/dev/full").open("wb") as full:
        for told in (subprocess.PIPE, full):
            done = subprocess.run(call_, stdout=full, stderr=told, text=True, check=False)
            assert done.returncode == 2
            if told is not full:
                assert done.stderr.count("\n") == 1
                assert done.stderr.endswith("No space left on device\n")


@pytest.mark.parametrize("command", ["verify", "ledger verify", "ledger show"])
def test_nobody_reading_on_is_no_answer(run, command):
    call_ = [sys.executable, "-m", "anml_fl", *command.split(), str(run)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(call_, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, b"")
