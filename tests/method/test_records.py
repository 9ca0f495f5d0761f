"""Round records: one line of JSON, the same for the same decisions, and back."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.records import ContributorRecord, RoundRecord

signal = st.one_of(st.floats(0, 1), st.just(math.nan))
contributors = st.builds(
    ContributorRecord,
    contributor=st.text(),
    q=signal,
    v=signal,
    r=signal,
    T=signal,
    s=signal,
    weight=signal,
    selected=st.booleans(),
    reason=st.none() | st.text(),
    refused_credentials=st.lists(st.text(), max_size=3).map(tuple),
)
records = st.builds(
    RoundRecord,
    round=st.integers(1),
    strategy=st.text(),
    branch=st.sampled_from([None, "uniform", "blend", "krum", "multiplicative"]),
    rho_c=st.one_of(st.floats(-1, 1), st.just(math.nan)),
    min_s=signal,
    contributors=st.lists(contributors, max_size=4).map(tuple),
    refused=st.lists(st.text(), max_size=3).map(tuple),
    note=st.none() | st.text(),
    bytes_sent=st.integers(0),
    bytes_received=st.integers(0),
    at=st.floats(-1e4, 1e4),
    test_error=signal,
    seconds=st.floats(0, 1e6),
)

ANNA = ContributorRecord("anna", 1.0, 0.85, 0.4, 0.5, 0.34, 1.0, True)
BOB = ContributorRecord("bob", math.nan, 0.25, 0.4, 1.0, 0.1, 0.0, False, "no reply")
ROUND = RoundRecord(
    3, "anml", "krum", math.nan, 0.1, (ANNA, BOB), refused=("forged",), seconds=2.5
)


def same(one, other):
    return all(
        (type(a), a) == (type(b), b) or [str(a), str(b)] == ["nan", "nan"]
        for a, b in zip(one, other, strict=True)
    )


@given(records)
def test_a_record_comes_back_as_it_was_but_for_its_seconds(record):
    line = record.to_json()
    back = RoundRecord.from_json(line)
    assert "\n" not in line
    assert line.isascii()
    assert math.isnan(back.seconds)
    names = {field.name for field in dataclasses.fields(record)} - {"seconds", "contributors"}
    assert same([getattr(back, n) for n in names], [getattr(record, n) for n in names])
    for one, other in zip(back.contributors, record.contributors, strict=True):
        assert same(dataclasses.astuple(one), dataclasses.astuple(other))
    assert back.to_json() == line


def test_the_line_says_when_the_registry_was_asked_and_what_it_refused():
    shown = dataclasses.replace(ANNA, refused_credentials=("expired 2025", "forged"))
    record = dataclasses.replace(ROUND, contributors=(shown, BOB), at=56.123456789012345)
    fields = json.loads(record.to_json())
    assert fields["at"] == 56.123456789012345
    people = [one["refused_credentials"] for one in fields["contributors"]]
    assert people == [["expired 2025", "forged"], []]
    # A refused credential does not leave an update out.
    assert record.excluded == ROUND.excluded


def test_nan_is_null_and_the_line_is_plain_json():
    def refuse(constant):
        raise AssertionError(constant)

    fields = json.loads(ROUND.to_json(), parse_constant=refuse)
    assert fields["rho_c"] is None
    assert fields["test_error"] is None
    assert fields["contributors"][1]["q"] is None
    assert fields["contributors"][0]["q"] == 1.0
    assert fields["contributors"][1]["reason"] == "no reply"


def test_the_line_is_sorted_compact_and_without_the_clock():
    line = ROUND.to_json()
    fields = json.loads(line)
    assert list(fields) == sorted(fields)
    assert "seconds" not in fields
    assert line == json.dumps(fields, sort_keys=True, separators=(",", ":"))
    assert line == dataclasses.replace(ROUND, seconds=99.0).to_json()
    assert line != dataclasses.replace(ROUND, note="too few replies").to_json()


def test_floats_of_numpy_are_written_as_pythons():
    record = dataclasses.replace(ROUND, rho_c=np.float64(0.1), min_s=np.float64("nan"))
    assert RoundRecord.from_json(record.to_json()).rho_c == 0.1
    assert math.isnan(RoundRecord.from_json(record.to_json()).min_s)


def test_excluded_counts_those_with_a_reason_and_those_of_nobody():
    assert ROUND.excluded == 2
    assert dataclasses.replace(ROUND, refused=()).excluded == 1
    left_out = dataclasses.replace(ANNA, selected=False)  # not among the top 70 %: no fault
    assert dataclasses.replace(ROUND, contributors=(left_out,), refused=()).excluded == 0


def without(key):
    fields = json.loads(ROUND.to_json())
    del fields[key]
    return json.dumps(fields)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "3",
        "[]",
        "{}",
        without("round"),
        without("contributors"),
        without("refused"),
        ROUND.to_json()[:-1] + ',"surprise":1}',
        ROUND.to_json().replace('"contributors":[', '"contributors":["anna",'),
        ROUND.to_json().replace('"contributor":"bob",', ""),
    ],
)
def test_what_is_not_a_record_is_refused(line):
    with pytest.raises(ValueError):  # noqa: PT011 (json has words of its own)
        RoundRecord.from_json(line)


def test_records_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ROUND.round = 4
