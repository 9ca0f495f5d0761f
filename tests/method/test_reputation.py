"""Reputation earned: the Beta rule against sums worked out one by one, and its promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.provenance import Reputation
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.method.reputation import Evidence, ReputationRule, conduct

GOOD, BAD, NEITHER = 1.0, -1.0, 0.0
outcomes = st.lists(st.sampled_from([GOOD, GOOD / 2, NEITHER, BAD / 2, BAD]), max_size=60)


def lived(history, rule=None, start=None):
    """Reputation after each round of one contributor that always took part."""
    rule = rule or ReputationRule()
    evidence = start or Evidence.none(1)
    curve = []
    for outcome in history:
        evidence = rule.after(evidence, [outcome], [True])
        curve.append(float(rule.reputation(evidence)[0]))
    return curve


def by_hand(history, forgetting=0.8, newcomer=10, r_min=0.4):
    """The mean of Beta(0.8 + sum of good, 1.2 + sum of bad), each term aged by itself."""
    n = len(history)
    good = sum(one * forgetting ** (n - 1 - i) for i, one in enumerate(history) if one > 0)
    bad = sum(-one * forgetting ** (n - 1 - i) for i, one in enumerate(history) if one < 0)
    alpha, beta = 0.8 + good, 1.2 + bad
    r = min(max(alpha / (alpha + beta), 0.10), 0.95)
    return max(r, r_min) if n < newcomer else r


@given(outcomes.filter(bool), st.floats(0, 1), st.integers(0, 20), st.floats(0, 1))
def test_it_is_the_beta_mean_of_what_was_not_forgotten(history, forgetting, newcomer, r_min):
    rule = ReputationRule(forgetting, newcomer, r_min)
    expected = by_hand(history, forgetting, newcomer, r_min)
    assert lived(history, rule)[-1] == pytest.approx(expected, rel=1e-9)


@given(outcomes)
def test_it_stays_within_table_3_and_at_least_r_min_in_the_first_ten(history):
    curve = lived(history)
    assert all(0.10 <= r <= 0.95 for r in curve)
    assert all(r >= 0.4 for r in curve[:9])


@given(outcomes.filter(bool), st.data())
def test_one_more_good_round_never_lowers_it(history, data):
    place = data.draw(st.integers(0, len(history) - 1))
    better = [GOOD if i == place else one for i, one in enumerate(history)]
    worse = [BAD if i == place else one for i, one in enumerate(history)]
    middle = lived(history)[-1]
    assert lived(worse)[-1] <= middle + 1e-12
    assert middle <= lived(better)[-1] + 1e-12


def test_who_turns_bad_loses_half_within_five_rounds():
    curve = lived([GOOD] * 19 + [BAD] * 5)
    assert curve[23] < curve[18] / 2
    assert curve[21] > curve[18] / 2  # not at the first slip


def test_newcomer_reaches_the_established_within_the_exploration_window():
    established = lived([GOOD] * 100)[-1]
    assert lived([GOOD] * 10)[-1] >= 0.95 * established
    assert Reputation.ESTABLISHED.low <= established <= Reputation.ESTABLISHED.high


@pytest.mark.parametrize("cycles", [1, 2, 5])
def test_on_off_attacker_is_below_an_honest_one_from_its_first_lapse_on(cycles):
    on_off = lived(([GOOD] * 10 + [BAD] * 2) * cycles + [GOOD] * 10)
    honest = lived([GOOD] * len(on_off))
    assert all(a < b for a, b in zip(on_off[10:], honest[10:], strict=True))


def test_honest_and_never_selected_stays_established():
    # Half a round's good evidence each time: 0.8 + 2.5 of 2 + 2.5.
    r = lived([GOOD / 2] * 50)[-1]
    assert r == pytest.approx(3.3 / 4.5, abs=1e-4)
    assert r >= Reputation.ESTABLISHED.low


def test_persistent_poor_conduct_ends_in_the_range_of_a_poor_record():
    r = lived([BAD] * 30)[-1]
    assert Reputation.POOR_RECORD.low <= r <= Reputation.POOR_RECORD.high


def test_bonus_ends_with_the_tenth_contribution():
    curve = lived([BAD] * 10)
    assert curve[8] == 0.4
    assert curve[9] < 0.4


def test_who_took_no_part_keeps_its_evidence_and_its_bonus():
    rule = ReputationRule()
    before = Evidence(np.array([2.0, 2.0]), np.array([1.0, 1.0]), np.array([3, 3]))
    after = rule.after(before, [NEITHER, NEITHER], [True, False])
    assert after.good.tolist() == [1.6, 2.0]
    assert after.contributions.tolist() == [4, 3]


@given(st.floats(0.0, 1.0))
def test_a_reputation_is_worth_the_evidence_that_comes_nearest_to_it(r):
    rule = ReputationRule()
    # Five rounds' worth, all bad or all good: 0.8 / 7 and 5.8 / 7.
    expected = min(max(r, 0.8 / 7), 5.8 / 7)
    assert rule.reputation(rule.worth([r])).item() == pytest.approx(expected, abs=1e-12)


def test_many_contributors_at_once_are_each_as_alone():
    rng = np.random.default_rng(3)
    history = rng.choice([GOOD, BAD, NEITHER], size=(15, 40))
    rule, evidence = ReputationRule(), Evidence.none(40)
    for row in history:
        evidence = rule.after(evidence, row, np.ones(40, dtype=bool))
    together = rule.reputation(evidence)
    alone = [lived(column)[-1] for column in history.T]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"forgetting": 1.5}, r"forgetting must lie in \[0, 1\], got forgetting = 1.5"),
        ({"newcomer": -1}, "newcomer must be >= 0 and whole, got -1"),
        ({"r_min": math.nan}, r"r_min must lie in \[0, 1\], got r_min = nan"),
    ],
)
def test_bad_parameters_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        ReputationRule(**settings)


@pytest.mark.parametrize("outcome", [2.0, -1.5, math.nan, math.inf])
def test_an_outcome_is_at_most_one_round_for_or_against(outcome):
    with pytest.raises(ValueError, match="outcomes"):
        ReputationRule().after(Evidence.none(1), [outcome], [True])


def round_of(*people, branch="krum"):
    return RoundRecord(1, "anml", branch, 0.5, 0.2, tuple(people))


def person(name, q, *, selected, reason=None):
    return ContributorRecord(name, q, 0.8, 0.8, 1.0, 0.64, 0.1, selected, reason)


def rounds_of(qs, selected, **more):
    people = [
        person(str(i), q, selected=chosen)
        for i, (q, chosen) in enumerate(zip(qs, selected, strict=True))
    ]
    return round_of(*people, **more)


def test_q_gives_the_sign_and_selection_the_strength():
    qs = [1.0, 0.95, 0.9, 0.9, 0.85, 0.1, 0.1]
    seen, _ = conduct(rounds_of(qs, [True, False, True, True, True, True, False]))
    # The median is 0.9 and the median absolute deviation 0.05: below 0.45 is far.
    assert seen.tolist() == [1.0, 0.5, 1.0, 1.0, 1.0, -0.5, -1.0]


def test_the_farthest_of_evenly_spread_contributors_is_not_far():
    qs = np.linspace(0, 1, 10)
    seen, _ = conduct(rounds_of(qs, qs > 0.25))
    assert seen.min() == 0.5


@given(st.lists(st.floats(0, 1), min_size=3, max_size=30), st.floats(0, 1))
def test_far_is_below_half_of_the_median_and_out_of_line_with_the_spread(qs, last):
    qs = [*qs, last]
    seen, _ = conduct(rounds_of(qs, [True] * len(qs)))
    ordered = sorted(qs)
    half = len(qs) // 2
    median = ordered[half] if len(qs) % 2 else (ordered[half - 1] + ordered[half]) / 2
    off = sorted(abs(q - median) for q in qs)
    mad = off[half] if len(qs) % 2 else (off[half - 1] + off[half]) / 2
    for q, outcome in zip(qs, seen, strict=True):
        edge = min(0.5 * median, median - 2.5 * 1.4826 * mad)
        if abs(q - edge) > 1e-9:
            assert (outcome < 0) == (q < edge)


def test_where_nobody_is_selected_in_particular_q_alone_tells():
    seen, _ = conduct(rounds_of([1.0, 0.9, 0.95, 0.1], [True] * 4, branch="uniform"))
    assert seen.tolist() == [1.0, 1.0, 1.0, -1.0]


def test_a_reply_that_did_not_count_is_no_evidence():
    seen, reasons = conduct(
        round_of(
            *(person(name, 1.0, selected=True) for name in "acde"),
            person("b", math.nan, selected=False, reason="no reply in time"),
        )
    )
    assert seen.tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]
    assert reasons[-1] == "not observed: no reply in time"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_where_nothing_was_compared_a_q_of_1_is_no_praise(n):
    seen, reasons = conduct(rounds_of([1.0] * n, [True] * n))
    assert seen.tolist() == [0.0] * n
    assert reasons[0] == f"not observed: {n} valid updates are too few to compare"


def test_a_round_without_a_valid_reply_moves_nobody():
    seen, _ = conduct(round_of(person("a", math.nan, selected=False, reason="late")))
    assert seen.tolist() == [0.0]


def test_the_reason_says_what_was_seen():
    _, reasons = conduct(rounds_of([0.75, 0.8, 0.7, 0.1], [True, False, True, False]))
    assert reasons == [
        "good: q 0.750 is not far from the median 0.725, selected",
        "rather good: q 0.800 is not far from the median 0.725, not selected",
        "good: q 0.700 is not far from the median 0.725, selected",
        "bad: q 0.100 is far below the median 0.725, not selected",
    ]
