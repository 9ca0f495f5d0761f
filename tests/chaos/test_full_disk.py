"""A full disk, whichever file of a run meets it: named, and gone on from to the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("full_disk.py")


@pytest.mark.slow
def test_a_run_names_the_file_for_which_there_was_no_room_and_goes_on(tmp_path):
    done = subprocess.run(
        # Python would keep what it compiles without room, cut off.
        [sys.executable, "-B", DRIVER, tmp_path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    undisturbed, *trials = map(json.loads, done.stdout.splitlines())
    assert undisturbed["status"] == 0
    assert len(trials) == 20
    for trial in trials:
        full, said = trial["full"], " ".join(trial["said"].split())
        assert trial["status"] == 2, (full, said)
        assert f"{full}: File too large" in said, said
        assert "Traceback" not in said
        assert "Errno" not in said
        assert trial["left"] == [], full
        assert trial["again"] == 0, (full, trial["words"])
        assert trial["report"], full
        same = trial["outcome"], undisturbed["outcome"]
        if "key" in full:  # another key signs another ledger
            same = tuple(
                {name: one for name, one in found.items() if "ledger" not in name}
                for found in same
            )
        assert same[0] == same[1], full
