"""Which rounds are held: the test by which one does harm, and how often it errs."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.ledger.holding import Holding, held_words

shares = st.lists(st.integers(1, 1000), min_size=1, max_size=8)


def people(amounts):
    return {f"c{i}": one for i, one in enumerate(amounts)}


@pytest.mark.parametrize("paid", [1, 2, 10])
def test_one_is_harmful_where_its_p_value_is_below_the_level_over_all_who_are_paid(paid):
    holding = Holding(0.01, level=0.02, slack=0)
    for z in np.linspace(0.5, 5, 40):
        values, errors = [-z * 0.03] + [0.5] * (paid - 1), [0.03] * paid
        p = erfc(z / sqrt(2)) / 2
        held = holding.judge(people([1000 // paid] * paid), values, errors)
        assert (held is not None) == (p < 0.02 / paid)


@given(shares, st.data())
def test_nobody_who_helps_is_held_against(amounts, data):
    some = st.floats(0, 1)
    values = data.draw(st.lists(some, min_size=len(amounts), max_size=len(amounts)))
    errors = data.draw(st.lists(st.floats(0, 1), min_size=len(amounts), max_size=len(amounts)))
    assert Holding(1e-6).judge(people(amounts), values, errors) is None


@given(shares, st.data())
def test_the_share_is_that_of_the_harmful_and_the_bound_decides(amounts, data):
    harm = data.draw(st.lists(st.booleans(), min_size=len(amounts), max_size=len(amounts)))
    values = [-1.0 if one else 1.0 for one in harm]
    wrong = sum(one for one, bad in zip(amounts, harm, strict=True) if bad)
    for bound in (0.01, 0.3, 0.99):
        held = Holding(bound).judge(people(amounts), values, [0.01] * len(amounts))
        assert (held is not None) == (wrong > bound * sum(amounts))
        if held is not None:
            assert held["pool"] == sum(amounts)
            assert held["share"] == pytest.approx(wrong / sum(amounts))
            assert sum(one["share"] for one in held["harmful"]) == pytest.approx(held["share"])


def test_while_all_who_are_paid_are_worth_nothing_the_level_is_how_often_it_errs():
    # The hardest case: a value of 0 is no harm yet. 20,000 rounds of seven that are paid.
    rng = np.random.default_rng(0)
    holding = Holding(0.05, level=0.05, slack=0)
    errors = rng.uniform(0.005, 0.05, 7)
    held = sum(
        holding.judge(people([100] * 7), rng.normal(0, errors).tolist(), errors.tolist())
        is not None
        for _ in range(20_000)
    )
    # 1 - (1 - .05/7)^7 = .0489; its standard error over 20,000 is .0015.
    assert held / 20_000 == pytest.approx(0.0489, abs=0.006)


@pytest.mark.parametrize("names", [1, 2, 5])
def test_harm_under_several_names_counts_together(names):
    values = [-0.05 / names] * names
    for slack, held in ((0.04, True), (0.06, False)):
        found = Holding(0.05, slack=slack).judge(people([10] * names), values, [0.001] * names)
        assert (found is not None) == held


def test_noise_of_the_last_digits_is_no_harm():
    assert Holding(0.05, slack=0).judge({"a": 1}, [-1e-15], [0.0]) is None


@pytest.mark.parametrize(
    ("bound", "level"), [(0, 0.01), (1, 0.01), (-1, 0.01), (float("nan"), 0.01), (0.1, 0.5)]
)
def test_settings_out_of_range_are_refused(bound, level):
    with pytest.raises(ValueError, match="must lie"):
        Holding(bound, level)


@pytest.mark.parametrize("slack", [-0.1, 1, float("inf")])
def test_a_slack_is_a_share_of_the_score(slack):
    with pytest.raises(ValueError, match="slack must"):
        Holding(0.05, slack=slack)


def test_of_many_the_worst_are_named():
    one = {"share": 0.1, "worth": -0.02, "error": 0.001}
    harmful = [{"contributor": f"c{i}", **one} for i in range(5)]
    words = held_words({"harmful": harmful, "pool": 10, "share": 0.5})
    assert words.startswith(
        "50.0 % of the pool would go to 5 contributors whose updates lower"
    )
    assert words.endswith("c2 (10.0 % for -2.00 points, standard error 0.10) and 2 more")
