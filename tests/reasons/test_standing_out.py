"""Who stands out: at most half of what is usual, and never most of them."""

from __future__ import annotations

from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from anml_fl.reasons.over_rounds import OverRounds
from anml_fl.reasons.standing_out import standing_out


def people(*weights, equal=0.2):
    return [
        OverRounds(
            contributor=f"c{i}", strategy="anml", rounds=3, new_models=3, weight=w, equal=equal
        )
        for i, w in enumerate(weights)
    ]


def names(found):
    return [one.contributor for one in found]


def test_whoever_got_half_or_less_of_the_median_stands_out_the_least_first():
    assert names(standing_out(people(0.1, 0.3, 0.2, 0.0, 0.4))) == ["c3", "c0"]
    assert names(standing_out(people(0.11, 0.3, 0.2, 0.21, 0.18))) == []


def test_a_share_is_set_against_its_own_equal_one():
    some = people(0.2, 0.2, 0.2) + people(0.2, equal=0.5)[:1]
    some[3] = OverRounds(contributor="big", strategy="anml", rounds=1, new_models=1,
                         weight=0.2, equal=0.5)  # fmt: skip
    assert names(standing_out(some)) == ["big"]


def test_where_half_got_nothing_or_nobody_has_a_share_nobody_does():
    assert standing_out(people(0.0, 0.0, 0.0, 1.0)) == []
    assert standing_out(people(None, None)) == []
    assert standing_out([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_fewer_than_half_stand_out_and_all_are_below_half_the_median(weights):
    found = standing_out(people(*weights))
    assert 2 * len(found) <= len(weights)
    assert all(one.weight <= median(weights) / 2 * (1 + 1e-12) for one in found)
