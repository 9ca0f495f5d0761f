"""W&B's library, offline: the files that it would send are read, each round is there once."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from server.tracking.names import plain_name
from tests.server.tracking.conftest import ROUNDS, STRATEGIES

pytestmark = pytest.mark.slow

# Of a file of records: seven bytes before the first, blocks, and what stands before a piece.
FIRST, BLOCK, PIECE = 7, 32768, struct.Struct("<IHB")


def records_in(path):
    from wandb.proto.wandb_internal_pb2 import Record

    content, place, whole = path.read_bytes(), FIRST, b""
    assert content[:4] == b":W&B"
    while place + PIECE.size <= len(content):
        if (left := BLOCK - place % BLOCK) < PIECE.size:
            place += left
            continue
        _, length, kind = PIECE.unpack_from(content, place)
        place += PIECE.size
        whole += content[place : place + length]
        place += length
        if kind in (1, 4):  # all of a record, or its last piece
            yield Record.FromString(whole)
            whole = b""


def told(folder):
    """Read by strategy, in the order of the files: each round's values."""
    found = {name: [] for name in STRATEGIES}
    for path in sorted(folder.glob("tracking/wandb/offline-run-*/run-*.wandb")):
        strategy = path.stem.rpartition("-")[2]
        for record in records_in(path):
            if record.WhichOneof("record_type") == "history":
                items = {one.key or one.nested_key[0]: one for one in record.history.item}
                found[strategy].append(
                    {name: json.loads(one.value_json) for name, one in items.items()}
                )
    return found


def track(folder, **more):
    return subprocess.run(
        [Path(sys.executable).with_name("anml"), "track", folder, "--to", "wandb"],
        env={**os.environ, "WANDB_MODE": "offline", **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_round_is_kept_once_and_nothing_of_the_machine(stopped, go_on, records):
    assert track(stopped).returncode == 0
    go_on(stopped)
    for rounds in (ROUNDS - 1, 0):
        done = track(stopped)
        assert done.returncode == 0, done.stderr
        assert f"wandb: {rounds} rounds told" in done.stdout
    found = told(stopped)
    for name in STRATEGIES:
        assert [one["round"] for one in found[name]] == [1, 2, 3, 4]
        for one, record in zip(found[name], records[name], strict=True):
            assert one["_step"] == record.round
            assert one["test_error"] == record.test_error
            for person in record.contributors:
                plain = plain_name(person.contributor)
                assert one[f"weight/{plain}"] == person.weight
                assert one[f"reason/{plain}"].startswith(("counted", "left out"))
    for path in stopped.glob("tracking/wandb/offline-run-*/run-*.wandb"):
        content = path.read_bytes()
        for place in (stopped, Path.home(), Path.cwd()):
            assert f"{place}/".encode() not in content
        hosts = [one.run.host for one in records_in(path) if one.HasField("run")]
        assert {*hosts} == {"anml"}


# Tells all rounds, and is gone with its library's process before either has finished.
KILLED = """
import os, signal, sys
from pathlib import Path

import psutil

from server.tracking.asked import read_asked
from server.tracking.sending import Sending

sending = Sending(Path(sys.argv[1]), read_asked("wandb"))
sending.catch_up()
assert sending.told
for one in psutil.Process().children(recursive=True):
    one.kill()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_in_memory_alone_when_it_was_killed_is_told_again(stopped, records):
    for _ in range(2):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, stopped],
            env={**os.environ, "WANDB_MODE": "offline"},
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert killed.returncode == -9, killed.stderr
    done = track(stopped)
    assert done.returncode == 0, done.stderr
    assert "wandb: 0 rounds told" not in done.stdout
    found = told(stopped)
    for name in STRATEGIES:
        numbers = [one["round"] for one in found[name]]
        assert numbers == [one.round for one in records[name]][: len(numbers)]
    assert sum(map(len, found.values())) == int(done.stdout.split()[1])


def test_without_a_key_it_says_so_and_holds_nothing_up(stopped, tmp_path):
    done = track(stopped, WANDB_MODE="online", WANDB_API_KEY="", HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: wandb: ")
    assert "key" in done.stderr.lower()
