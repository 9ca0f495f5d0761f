"""What is made once, and kept for ever: keys, certificates, a federation's folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).with_name("made_once.py")
TOGETHER = """
import multiprocessing, os, sys
from server.orchestration.ledger_key import signing_key

def one(barrier, found):
    barrier.wait()
    found.put(signing_key().private_bytes_raw().hex())

context = multiprocessing.get_context("fork")
for trial in range(10):
    os.environ["ANML_LEDGER_KEY"] = os.path.join(sys.argv[1], str(trial), "ledger.key")
    barrier, found = context.Barrier(8), context.Queue()
    started = [context.Process(target=one, args=(barrier, found)) for _ in range(8)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert not any(process.exitcode for process in started)
    assert len({found.get() for _ in started}) == 1
"""


def test_killed_before_any_change_it_is_made_by_the_next_and_fits_together(tmp_path):
    done = subprocess.run(
        [sys.executable, DRIVER, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    killed = {one["kind"]: one["killed"] for one in map(json.loads, done.stdout.splitlines())}
    # Two changes for each file: its draft, and the name.
    assert killed == {"one_key": 4, "ledger_key": 4, "federation": 30}


def test_eight_first_runs_at_once_share_one_key(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for folder in tmp_path.iterdir():
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["ledger.key", "ledger.key.pub"]
    assert len(list(tmp_path.iterdir())) == 10
