"""Processes that are found now, whatever their numbers stood for before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from anml_fl.system.processes import marked


@pytest.fixture
def started():
    """Start a process with a mark."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, "ANML_TEST_MARK": "mine"},
    )
    yield process
    process.kill()
    process.wait()


def test_a_number_that_another_process_had_before_does_not_shield_who_has_it_now(
    started, monkeypatch
):
    # What psutil remembers of whoever had this number: it began at another time.
    before = psutil.Process(started.pid)
    before._ident = (started.pid, 1.0)
    monkeypatch.setitem(psutil._pmap, started.pid, before)
    now = psutil.Process(started.pid)
    assert before != now
    while not (found := marked("ANML_TEST_MARK", "mine")):  # until it has its environment
        assert started.poll() is None
    assert found == [now]
    found[0].terminate()
    assert started.wait(30) == -signal.SIGTERM
