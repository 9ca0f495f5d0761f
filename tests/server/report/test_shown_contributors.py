"""Whom a page shows of very many."""

from __future__ import annotations

import json
import math

import pytest

from anml_fl.run.reading import load_run
from server.report import shown_contributors as module
from server.report.page import write_report
from server.report.shown_contributors import shown_contributors, standing_out
from server.report.tables import earned


@pytest.fixture
def sampled(small, run, tmp_path):
    """A run of six, of whom a round asked three."""
    run(small(strategies="anml", fraction_train=0.5, rounds=1), tmp_path)
    (line,) = (tmp_path / "anml" / "rounds.jsonl").read_text().splitlines()
    asked = [one["contributor"] for one in json.loads(line)["contributors"]]
    return tmp_path, asked


def test_of_few_everybody_is_shown(sampled):
    folder, asked = sampled
    found = load_run(folder)
    assert len(asked) == 3
    assert shown_contributors(found, found.lead) == list(found.summary.contributors)
    assert len(earned(found, {asked[0]: 5}).rows) == 6


def test_of_very_many_those_whom_a_round_asked(sampled, monkeypatch):
    folder, asked = sampled
    monkeypatch.setattr(module, "MOST", 5)
    found = load_run(folder)
    assert shown_contributors(found, found.lead) == asked
    rows = earned(found, {asked[0]: 5, asked[2]: 7}).rows
    assert [row[0] for row in rows] == [asked[2], asked[0], asked[1]]
    others = set(found.summary.contributors) - set(asked)
    few = write_report(folder).read_text(encoding="utf-8")
    monkeypatch.setattr(module, "MOST", 6)
    everybody = write_report(folder).read_text(encoding="utf-8")
    # Both pages have the round's note of who was not drawn.
    assert all(few.count(name) < everybody.count(name) for name in others)
    assert all(few.count(name) == everybody.count(name) for name in asked)


def test_who_stands_out_stands_once_and_nobody_without_a_number():
    # Means 1 to 9; the even ones swing by their own number.
    held = {str(k): [k - (k % 2 == 0) * k / 2, k + (k % 2 == 0) * k / 2] for k in range(1, 10)}
    bands = standing_out({**held, "none": [], "nan": [math.nan]}, each=2)
    assert bands == [["9", "8"], ["6", "4"], ["2", "1"]]


def test_of_fewer_than_the_bands_hold_everybody_is_in_one():
    assert standing_out({"a": [1.0], "b": [2.0], "c": [3.0]}, each=2) == [
        ["c", "b"],
        ["a"],
        [],
    ]
