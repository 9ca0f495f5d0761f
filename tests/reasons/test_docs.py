"""What docs/reasons.md says is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from anml_fl.reasons.over_rounds import OverRounds
from anml_fl.reasons.reason import Reason
from anml_fl.reasons.taken import ALTERNATIVES

TEXT = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.checkout


def test_its_example_prints_what_stands_there(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = [line[2:] for line in code.splitlines() if line.startswith("# ")]
    assert done.stdout.splitlines() == shown


def test_what_it_works_out_by_hand_is_so():
    q = ((1 / 4 - 1 / 3) + (2 / 5 - 1 / 2)) / 2
    examples = ((1 / 2 - 1 / 3) + (2 / 5 - 1 / 4)) / 2
    assert f"{{'q': {q:.4f}, 'examples': {examples:.4f}}}" in TEXT
    assert q + examples == pytest.approx(2 / 5 - 1 / 3)


@pytest.mark.parametrize(("kind", "place"), [(OverRounds, 0), (Reason, 1)])
def test_its_tables_have_each_field_of_json(kind, place):
    tables = re.findall(r"\| field \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT)
    told = [
        name
        for row in tables[place].splitlines()
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    named = [one.name for one in fields(kind)]
    assert sorted(told) == sorted([*named, "because", "words"])


def test_it_names_the_strategies_that_are_compared():
    listed = re.search(r"`under` another strategy \((.*?)\)", TEXT)[1]
    assert re.findall(r"`(\w+)`", listed) == [*ALTERNATIVES]
