"""Many streams at once are those that are opened one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anml_fl.seeding import stream
from anml_fl.streams import streams

PURPOSES = st.lists(
    st.lists(st.text(max_size=5) | st.integers(0, 10**9), max_size=3).map(tuple), max_size=5
)


@given(st.integers(0, 2**200), PURPOSES)
@example(0, [("a",)])
@example(2**32 - 1, [("a",)])
@example(2**32, [("a",)])
@example(2**128, [("a", 1), ()])
def test_each_is_the_stream_of_its_purpose(seed, purposes):
    found = streams(seed, purposes)
    assert len(found) == len(purposes)
    for one, purpose in zip(found, purposes, strict=True):
        assert one.bit_generator.state == stream(seed, *purpose).bit_generator.state


def test_none_depends_on_how_many_stand_beside_it():
    purposes = [("training", f"contributor-{i:04d}", 3) for i in range(400)]
    many, (alone,) = streams(5, purposes), streams(5, purposes[399:])
    np.testing.assert_array_equal(many[399].permutation(50), alone.permutation(50))
    assert len({one.integers(2**63) for one in many}) == 400


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must be >= 0, got -1"):
        streams(-1, [("split",)])
