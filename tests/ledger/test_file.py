from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.verify import verify_file

WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from anml_fl.ledger.file import FileLedger
    from anml_fl.method.records import ContributorRecord, RoundRecord

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    ledger = FileLedger(Path(sys.argv[1]), key)
    ledger.open("default", "anml", 1000)
    print("ready", flush=True)
    people = (ContributorRecord("a", 0.5, 0.5, 0.5, 0.5, 0.25, 1.0, True),)
    number = 0
    while True:
        number += 1
        record = RoundRecord(number, "anml", None, 0.5, 0.25, people)
        ledger.append(record, "sha256:" + "0" * 64)
        print(number, flush=True)
    """
)


@pytest.mark.slow
def test_a_killed_process_leaves_whole_entries_and_another_goes_on(tmp_path, key):
    path = tmp_path / "ledger.jsonl"
    rng = np.random.default_rng(3)
    most = 0
    for _ in range(15):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            said = [line for line in process.stdout if line.endswith("\n")]
        assert path.read_bytes().endswith(b"\n")
        verdict = verify_file(path, key.public_key(), unfinished=True)
        assert verdict.ok, verdict.fault
        # What was reported as kept is there, and what was there stays.
        assert verdict.chain.rounds >= max(most, int(said[-1]) if said else 0)
        most = verdict.chain.rounds
    assert most > 15
    FileLedger(path, key).close()
    assert verify_file(path, key.public_key()).ok


@pytest.mark.parametrize("torn", [b'{"at":0,"bra', b"x" * 200_000, b"\x00" * 512])
def test_a_torn_line_is_cut_off(tmp_path, key, record, model, torn):
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", 1000)
    ledger.append(record(1), model)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = FileLedger(path, key)
    assert path.read_bytes() == whole
    again.append(record(2), model)
    assert verify_file(path, key.public_key(), unfinished=True).chain.rounds == 2
    path.write_bytes(whole[: len(whole) // 4])  # not even the first line is whole
    FileLedger(path, key)
    assert path.read_bytes() == b""


def test_an_entry_and_the_files_name_are_synced_before_they_are_reported(
    tmp_path, key, record, model, monkeypatch
):
    synced = []
    fsync = os.fsync

    def spy(handle):
        synced.append((os.fstat(handle).st_ino, os.fstat(handle).st_size))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    assert synced.pop()[0] == tmp_path.stat().st_ino
    ledger.open("default", "anml", 1000)
    assert synced == [(path.stat().st_ino, path.stat().st_size)]
    ledger.append(record(1), model)
    assert synced[1:] == [(path.stat().st_ino, path.stat().st_size)]


def test_a_full_disk_leaves_no_part_of_an_entry(tmp_path, key, record, model, monkeypatch):
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", 1000)
    before = path.read_bytes()
    fsync = os.fsync

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        ledger.append(record(1), model)
    assert path.read_bytes() == before
    monkeypatch.setattr(os, "fsync", fsync)
    ledger.append(record(1), model)
    assert verify_file(path, key.public_key(), unfinished=True).chain.rounds == 1
