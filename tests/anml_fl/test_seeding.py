"""Random streams: one seed, one stream a purpose, none that depends on another."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.seeding import stream


def test_a_stream_is_the_same_in_every_version():
    # Results that were published depend on it: a new value here is a new experiment.
    assert stream(7, "training", "contributor-0003", 2).integers(2**63) == 7541527306555676094


def test_a_stream_is_numpys_child_under_the_hash_of_its_purpose():
    digest = hashlib.sha256(b"8:training1:3").digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
    child = np.random.SeedSequence(7, spawn_key=words)
    expected = np.random.Generator(np.random.PCG64(child)).random(5)
    np.testing.assert_array_equal(stream(7, "training", 3).random(5), expected)


def test_what_was_drawn_before_plays_no_part():
    alone = stream(1, "b").random(4)
    first = stream(1, "a")
    first.random(1000)
    np.testing.assert_array_equal(stream(1, "b").random(4), alone)
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(stream(1, "b").random(4), alone)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@given(
    st.lists(
        st.lists(st.text("ab:1", max_size=3), max_size=3).map(tuple),
        min_size=2,
        max_size=6,
        unique=True,
    )
)
def test_different_purposes_have_different_streams(purposes):
    assert len({stream(0, *purpose).integers(2**63) for purpose in purposes}) == len(purposes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", "b"), ("b", "a")),
        (("a",), ("a", "")),
        (("a1:b",), ("a", "b")),
        ((1, 23), (12, 3)),
        ((), ("",)),
    ],
)
def test_parts_of_a_purpose_do_not_run_into_each_other(one, other):
    assert stream(0, *one).integers(2**63) != stream(0, *other).integers(2**63)


def test_a_number_and_its_text_are_the_same_purpose():
    # The round comes as a number from the server and as text from a message.
    assert stream(0, "a", 3).random() == stream(0, "a", "3").random()


def test_neighbouring_streams_are_uncorrelated():
    rounds = [stream(0, "training", r).random(4000) for r in range(8)]
    seeds = [stream(seed, "training", 0).random(4000) for seed in range(1, 9)]
    for one, other in pairwise(rounds + seeds):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(4000)


def test_first_draws_of_many_streams_are_uniform_and_distinct():
    firsts = np.array([stream(s, "x", i).random() for s in range(20) for i in range(50)])
    assert np.unique(firsts).size == 1000
    assert np.bincount((firsts * 10).astype(int), minlength=10).min() > 60  # 100 +- 9.5


@pytest.mark.parametrize("seed", [0, 2**63 - 1, 2**200])
def test_any_seed_from_0_on_is_taken(seed):
    assert stream(seed, "a").random() == stream(seed, "a").random()
    assert stream(seed, "a").random() != stream(seed + 1, "a").random()


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must be >= 0, got -1"):
        stream(-1, "split")
