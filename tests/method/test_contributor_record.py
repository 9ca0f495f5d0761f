"""A record's line: letter by letter what JSON's own writer makes of a copy of the record."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure
from anml_fl.method.records import ContributorRecord, RoundRecord

number = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, 1, 1e22])
finite = st.floats(allow_nan=False, allow_infinity=False)
length = st.floats(0.0, allow_nan=False, allow_infinity=True)
kind = st.sampled_from(["company", "Root", "größe", 'a"b', "c\u2028"]).filter(str.isprintable)
text = st.text() | st.sampled_from(['"', "Zoë", "\ud800", "\\", "\x00\x7f\u2028", "😀"])
judgements = st.builds(
    ContributorJudgement,
    evidence=st.dictionaries(kind, finite, max_size=4),
    l=finite,
    worth=finite,
    posterior=st.floats(0.0, 1.0),
    copies=st.floats(1.0, 1e6),
    norm=length,
    bound=length,
)
people = st.builds(
    ContributorRecord,
    contributor=text,
    q=number,
    v=number,
    r=number,
    T=number.map(np.float64),
    s=number,
    weight=number,
    selected=st.booleans(),
    reason=st.none() | text,
    refused_credentials=st.lists(text, max_size=2).map(tuple),
    egress=st.none() | text,
    judgement=st.none() | judgements,
    examples=st.none() | st.floats(1.0, 1e9),
    measured=st.none() | finite,
)
rounds = st.builds(
    RoundRecord,
    round=st.integers(1),
    strategy=text,
    branch=st.none() | text,
    rho_c=number,
    min_s=number,
    contributors=st.lists(people, max_size=3).map(tuple),
    refused=st.lists(text, max_size=2).map(tuple),
    note=st.none() | text,
    bytes_sent=st.integers(0),
    bytes_received=st.integers(0),
    at=finite,
    test_error=number,
    buffers=st.lists(text, max_size=2).map(tuple),
    test_score=number,
    judgement=st.none()
    | st.builds(
        RoundJudgement,
        root=st.just("80 rows of the server's"),
        base_rate=finite,
        c=st.floats(0.0, 1e9),
        slopes=st.dictionaries(st.sampled_from(["v", "r"]), st.floats(0.0, 9.0)),
        cap=length,
    ),
    measure=st.none() | st.builds(Measure, name=st.just("Krum score"), more=st.booleans()),
)


def by_copy(record):
    fields = asdict(record)
    del fields["seconds"]
    if not fields["buffers"]:
        del fields["buffers"]
    if not math.isfinite(fields["test_score"]):
        del fields["test_score"]
    for one in (fields, *fields["contributors"]):
        if one["judgement"] is None:
            del one["judgement"]
    if fields["measure"] is None:
        del fields["measure"]
    for one in fields["contributors"]:
        for name in ("egress", "examples", "measured"):
            if one[name] is None:
                del one[name]
    return json.dumps(plain(fields), sort_keys=True, separators=(",", ":"), allow_nan=False)


def plain(value):
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


@given(rounds)
def test_the_line_is_what_jsons_writer_makes_of_a_copy(record):
    assert record.to_json() == by_copy(record)


@pytest.mark.parametrize(
    "change",
    [{"selected": 1}, {"contributor": 5}, {"reason": ["a", math.nan]}, {"q": None, "T": True}],
)
def test_what_a_file_had_in_place_of_a_text_or_number_is_written_as_it_was_read(change):
    one = replace(ContributorRecord("a", 1, 0.5, 0.5, 1.0, 0.25, 1.0, False), **change)
    record = RoundRecord(1, "anml", None, 0, 0, (one, one))
    assert record.to_json() == by_copy(record)
