"""The start of a run: whoever is simulated may need minutes for it, and silence has a name."""

from __future__ import annotations

import pytest

from server.engines.inline_grid import InlineGrid
from strategies.protocol import ENROL


class SlowStart(InlineGrid):
    """Starts its nodes' processes when they are first asked something, as Flower does."""

    startup = 300.0

    def send_and_receive(self, messages, *, timeout=None):
        messages = list(messages)
        enrol = any(ENROL in one.content["config"] for one in messages)
        if enrol and timeout is not None and timeout < self.startup:
            return []
        return super().send_and_receive(messages, timeout=timeout)


class Silent(SlowStart):
    """Never gets them started."""

    startup = float("inf")


def test_processes_may_take_longer_to_start_than_a_round_may_last(small, run, tmp_path):
    summary = run(small(strategies="anml", timeout=5.0), tmp_path, SlowStart)
    assert summary["strategies"]["anml"]["excluded"] == 0


def test_silence_of_all_is_an_error_that_says_so(small, run, tmp_path):
    with pytest.raises(RuntimeError, match=r"none of the 6 nodes.*\(no reply in time\)"):
        run(small(strategies="anml"), tmp_path, Silent)
