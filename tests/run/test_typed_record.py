"""A record of the declared types is given as it is; any other as pydantic makes it."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest
from pydantic import TypeAdapter, ValidationError

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.run.typed_record import typed

PERSON = ContributorRecord("a", 1.0, 0.8, 0.5, 1.0, 0.4, 0.25, True)
RECORD = RoundRecord(1, "anml", "krum", 0.1, math.nan, (PERSON,), refused=("one",), note="why")
ODD = [0, 1, True, None, "x", "1", 0.5, math.inf, [], {}, ("x",), b"x"]
# `from_json` makes these itself, of the right kind; of the tuples, not what is in them.
MADE, TUPLES = (
    {"contributors", "judgement", "measure"},
    {"refused", "buffers", "refused_credentials"},
)


def with_odd(one, name, value):
    return replace(one, **{name: (value,) if name in TUPLES else value})


def validated(record):
    return TypeAdapter(RoundRecord).validate_python(asdict(record))


def outcome(read, record):
    try:
        return repr(read(record))
    except ValidationError as error:
        return str(error)


def test_what_runs_write_is_not_copied():
    assert typed(RECORD) is RECORD


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "name", [n for n in RoundRecord.__dataclass_fields__ if n not in MADE]
)
def test_any_value_in_a_round_is_taken_as_pydantic_takes_it(name, value):
    record = with_odd(RECORD, name, value)
    assert outcome(typed, record) == outcome(validated, record)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "name", [n for n in ContributorRecord.__dataclass_fields__ if n not in MADE]
)
def test_any_value_of_a_contributor_is_taken_as_pydantic_takes_it(name, value):
    record = replace(RECORD, contributors=(PERSON, with_odd(PERSON, name, value)))
    assert outcome(typed, record) == outcome(validated, record)
