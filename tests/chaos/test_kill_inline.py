"""kill -9 at any moment, in the middle of writes too: a run that goes on is the same run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("driver.py")
TRIALS = 26
# Stops after rounds 9 and 7 of 12, two after the best ones.
STOPPING = {"rounds": 12, "learning-rate": 0.5, "patience": 2, "metric": "accuracy"}


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, STOPPING], ids=["all-rounds", "stopping-early"])
def test_a_run_killed_at_random_instants_ends_with_the_same_bytes(tmp_path, settings):
    done = subprocess.run(
        [sys.executable, DRIVER, tmp_path, "20261122", str(TRIALS), json.dumps(settings)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    undisturbed, *trials = map(json.loads, done.stdout.splitlines())
    assert len(trials) == TRIALS
    for trial in trials:
        assert trial["outcome"] == undisturbed["outcome"], trial["kind"]
    # Otherwise nothing was shown: most were killed, and in each of the three ways.
    killed = Counter()
    for trial in trials:
        killed[trial["kind"]] += trial["kills"]
    assert sum(killed.values()) >= 25
    assert min(killed[kind] for kind in ("instant", "change", "write")) >= 5
