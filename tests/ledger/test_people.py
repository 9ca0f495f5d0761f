"""A round's contributors as text: letter by letter what RFC 8785's writer makes of fields."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import round_fields, round_parts, sign
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.people import people_text
from anml_fl.method.records import ContributorRecord, RoundRecord

small = st.floats(0.0, 1.0) | st.floats(0.0, 2e-4) | st.floats(0.0, 2e-6)
signal = small | st.sampled_from([0.0, -0.0, 1.0, 1e-4, 1e-6, 1e-7, 5e-324, math.nan])
text = st.text() | st.sampled_from(['"', "Zoë", "\ud800", "\\", "\x00\x7f\u2028", "😀", ""])
people = st.builds(
    ContributorRecord,
    contributor=text,
    q=signal,
    v=signal | signal.map(np.float64),
    r=signal | st.just(True) | st.integers(0, 1),
    T=signal,
    s=signal,
    weight=signal,
    selected=st.booleans(),
    reason=st.none() | text,
    egress=st.none() | st.just("ab" * 32),
)


@given(st.lists(people, max_size=4), st.none() | text)
def test_an_entry_has_the_bytes_that_the_canonical_writer_makes(key, model, those, branch):
    record = RoundRecord(1, "anml", branch, 0.5, 0.3, tuple(those), at=56.25)
    fields = round_fields('r","contributors":[]', record, model, 1000)
    parts, written = round_parts('r","contributors":[]', record, model, 1000)
    assert rfc8785.dumps(fields["contributors"]) == b"[%b]" % written
    assert parts == {**fields, "contributors": []}
    previous = b"0" * 64
    assert sign(parts, 1, previous, key, written) == sign(fields, 1, previous, key)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_signal_is_settled_nowhere(key, record, model, tmp_path, value):
    one = record(1, (1.0,))
    odd = replace(one, contributors=(replace(one.contributors[0], v=value),))
    with pytest.raises(ValueError, match="inf"):
        people_text(odd.contributors, [1])
    ledger = FileLedger(tmp_path / "ledger.jsonl", key)
    ledger.open("default", "anml", 10)
    with pytest.raises(LedgerError, match="round 1 cannot be settled"):
        ledger.append(odd, model)
    assert ledger.rounds == 0


def test_every_contributor_has_a_payout(record):
    with pytest.raises(ValueError, match="shorter"):
        people_text(record(1).contributors, [1, 2])
