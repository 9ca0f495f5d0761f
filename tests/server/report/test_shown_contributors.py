"""Whom a page shows of very many."""

from __future__ import annotations

import json

import pytest

from anml_fl.run.reading import load_run
from server.report import shown_contributors as module
from server.report.page import write_report
from server.report.shown_contributors import shown_contributors
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
