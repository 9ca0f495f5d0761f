"""A short entry is the whole one without its contributors, whatever texts stand in it."""

from __future__ import annotations

import json

import pytest
import rfc8785

from anml_fl.ledger.short_entry import without_people

TRAPS = ['","contributors":["', '],"kind":"round","record":"', '\\",\\"contributors\\":[', "a"]


def entry(text, **more):
    people = [{"contributor": text, "payout": 1, "reason": text}]
    return {
        "at": 0.5,
        "branch": text,
        "contributors": people,
        "kind": "round",
        "number": 1,
        "run": text,
        **more,
    }


@pytest.mark.parametrize("text", TRAPS)
def test_a_bound_round_loses_its_contributors_alone(text):
    whole = entry(text, record="sha256:00")
    assert without_people(rfc8785.dumps(whole) + b"\n") == {**whole, "contributors": []}


@pytest.mark.parametrize("text", TRAPS)
def test_an_older_round_is_whole(text):
    whole = entry(text)
    assert without_people(rfc8785.dumps(whole) + b"\n") == whole


def test_open_and_close_are_whole():
    for other in ({"contributors": 9, "kind": "open"}, {"kind": "close", "totals": {"a": 1}}):
        assert without_people(json.dumps(other).encode()) == other
