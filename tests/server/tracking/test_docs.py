"""What docs/trackers.md shows works as it stands there, and it names every number."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from anml_fl.plugins import TRACKERS
from server.tracking.strategy_rounds import StrategyRounds
from server.tracking.tracked_run import read_run

PAGE = Path(__file__).parents[3] / "docs" / "trackers.md"

pytestmark = pytest.mark.checkout


def test_every_tracker_and_every_number_stands_there(finished):
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in TRACKERS.names)
    rounds = StrategyRounds(read_run(finished), "calibrated")
    rounds.catch_up()
    one = rounds.tracked(2)
    names = {f"`{name}/NAME`" for of in one.people.values() for name in of}
    assert names
    assert all(name in text for name in names)
    plain = {name.rpartition("/")[2] for name in one.numbers}
    assert all(re.search(rf"`/?(judgement/)?{name}`", text) for name in plain), plain


@pytest.mark.slow
def test_a_tracker_of_ones_own_is_told_every_round_once(tmp_path):
    _, _, own = PAGE.read_text(encoding="utf-8").partition("## A tracker of your own")
    code, command = re.findall(r"```(?:python|sh)\n(.*?)```", own, re.DOTALL)
    (tmp_path / "my_tracker.py").write_text(code)
    name, *given = shlex.split(command)
    anml = str(Path(sys.executable).with_name(name))
    again = ["track", "run", "--to", given[-1]]
    for arguments in ([*given, "--out", "run"], again):
        done = subprocess.run(
            [anml, *arguments],
            cwd=tmp_path,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    lines = (tmp_path / "run" / "tracking" / "rounds.txt").read_text().splitlines()
    told = [line.split(" ")[:2] for line in lines]
    strategies = dict.fromkeys(strategy for strategy, _ in told)
    assert told == [[name, number] for name in strategies for number in ("1", "2")]
    assert len(strategies) == 5
