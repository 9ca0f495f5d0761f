"""Many streams at once are the ones that are opened one by one."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.seeding import stream
from anml_fl.streams import streams

PURPOSES = [("split",), ("training", "contributor-07", 3), ("a1:b",), (), ("",), (12, 3)]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**63 + 11, 2**128, 2**200 + 5])
def test_each_begins_where_the_one_of_its_purpose_does(seed):
    found = streams(seed, PURPOSES)
    for one, purpose in zip(found, PURPOSES, strict=True):
        other = stream(seed, *purpose)
        assert one.bit_generator.state == other.bit_generator.state
        np.testing.assert_array_equal(one.permutation(30), other.permutation(30))


def test_streams_beside_them_are_the_same_too():
    found = streams(5, PURPOSES)
    for one, purpose in zip(found, PURPOSES, strict=True):
        other = stream(5, *purpose)
        for _ in range(2):
            mine, theirs = one.spawn(2), other.spawn(2)
            assert [g.random() for g in mine] == [g.random() for g in theirs]


def test_other_words_of_their_sequence_are_the_same_too():
    (one,) = streams(5, [("split",)])
    sequence, other = one.bit_generator.seed_seq, stream(5, "split").bit_generator.seed_seq
    for words, kind in ((4, np.uint32), (4, np.uint64), (7, np.uint64)):
        np.testing.assert_array_equal(
            sequence.generate_state(words, kind), other.generate_state(words, kind)
        )


def test_of_no_purpose_there_is_no_stream():
    assert streams(3, []) == []


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must be >= 0, got -1"):
        streams(-1, [("split",)])
