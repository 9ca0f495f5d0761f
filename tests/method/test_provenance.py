"""Verification, reputation, decay and chains: the paper's tables and equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.provenance import (
    DECAY_RATES,
    Reputation,
    Verification,
    chain_weight,
    contextual_decay,
    exploration_bonus,
    temporal_decay,
)

non_negative = st.floats(0, allow_nan=False, allow_infinity=False)


def test_verification_is_table_2():
    assert {level.name: (level.low, level.high, level.middle) for level in Verification} == {
        "PEER_REVIEWED": (0.80, 0.90, 0.85),
        "INSTITUTION_VERIFIED": (0.60, 0.70, 0.65),
        "SELF_ATTESTED": (0.20, 0.30, 0.25),
        "INDEPENDENTLY_REPRODUCED": (0.90, 0.95, 0.925),
        "FLAGGED_OR_RETRACTED": (0.05, 0.10, 0.075),
    }


def test_reputation_is_table_3():
    assert {level.name: (level.low, level.high, level.middle) for level in Reputation} == {
        "NEW": (0.30, 0.50, 0.4),
        "ESTABLISHED": (0.70, 0.90, 0.8),
        "TOP_OF_DOMAIN": (0.90, 0.95, 0.925),
        "POOR_RECORD": (0.10, 0.30, 0.2),
    }


def test_decay_rates_are_table_4():
    assert dict(DECAY_RATES) == {
        "theory": 0.001,
        "established science": 0.01,
        "fast-moving research": 0.1,
        "news": 0.5,
    }


@pytest.mark.parametrize(
    ("r", "made", "raised"),
    [(0.1, 0, 0.4), (0.1, 9, 0.4), (0.1, 10, 0.1), (0.7, 0, 0.7), (0.7, 99, 0.7), (0, 3, 0.4)],
)
def test_a_newcomer_has_at_least_0_4_for_ten_contributions(r, made, raised):
    assert exploration_bonus(r, made) == raised


def test_length_and_floor_of_the_bonus_can_be_set():
    assert exploration_bonus(0.1, 2, newcomer=3, r_min=0.6) == 0.6
    assert exploration_bonus(0.1, 3, newcomer=3, r_min=0.6) == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"r": 1.5, "contributions": 0}, r"^r must .* r = 1.5"),
        ({"r": math.nan, "contributions": 99}, r"^r must .* r = nan"),
        ({"r": 0.5, "contributions": -1}, r"^contributions must be >= 0 and whole, got -1"),
        ({"r": 0.5, "contributions": 0, "r_min": -0.5}, r"^r_min must .* -0.5"),
    ],
)
def test_a_bonus_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        exploration_bonus(**arguments)


def test_decay_is_equation_4():
    ages = [0.0, 1.0, 2.5, 10.0]
    expected = [math.exp(-0.1 * age) for age in ages]
    np.testing.assert_allclose(temporal_decay(ages, 0.1), expected, rtol=1e-15)
    assert float(temporal_decay(math.log(2), 1.0)) == pytest.approx(0.5, rel=1e-15)


def test_decay_takes_a_rate_for_each_age():
    decays = temporal_decay([[1.0], [2.0]], [0.1, 0.5])
    expected = [[math.exp(-0.1), math.exp(-0.5)], [math.exp(-0.2), math.exp(-1.0)]]
    np.testing.assert_allclose(decays, expected, rtol=1e-15)


@settings(max_examples=300)
@given(non_negative, non_negative)
def test_decay_of_any_age_at_any_rate_is_a_signal(age, rate):
    assert 0.0 <= float(temporal_decay(age, rate)) <= 1.0
    assert 0.0 <= temporal_decay([age], [rate])[0] <= 1.0


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["age", "rate"])
def test_a_decay_argument_out_of_range_is_named(name, bad):
    arguments = {"age": 1.0, "rate": 0.1}
    with pytest.raises(ValueError, match=rf"^{name} must .* {bad}$"):
        temporal_decay(**(arguments | {name: bad}))
    with pytest.raises(ValueError, match=rf"^{name} must .* {name}\[1\] = {bad}$"):
        temporal_decay(**(arguments | {name: [1.0, bad]}))


def test_contextual_decay_is_equation_5():
    decays = contextual_decay([0.0, 3.0], rates=[0.1, 0.01, 0.5], weights=[0.5, 0.3, 0.2])
    late = 0.5 * math.exp(-0.3) + 0.3 * math.exp(-0.03) + 0.2 * math.exp(-1.5)
    np.testing.assert_allclose(decays, [1.0, late], rtol=1e-15)


@given(st.floats(0, 100), st.lists(st.floats(0, 5), min_size=3, max_size=3))
def test_contextual_decay_lies_between_its_parts(age, rates):
    mixed = float(contextual_decay(age, rates, [0.33, 0.56, 0.11]))
    parts = [math.exp(-rate * age) for rate in rates]
    assert min(parts) - 1e-12 <= mixed <= max(parts) + 1e-12


def test_fresh_data_never_weigh_more_than_1():
    # 0.33 + 0.56 + 0.11 is 1.0000000000000002: as T it would be refused.
    assert contextual_decay(0.0, [0.1, 0.2, 0.3], [0.33, 0.56, 0.11]) <= 1.0


@pytest.mark.parametrize(
    ("rates", "weights", "message"),
    [
        ([0.1, 0.2], [1.0], "one entry a domain, got 2 and 1"),
        ([], [], "one entry a domain, got 0 and 0"),
        ([0.1, 0.2], [0.5, 0.6], "weights must sum to 1, got 1.1"),
        ([0.1, 0.2], [0.5, 0.5 - 1e-6], "weights must sum to 1"),
        ([0.1, 0.2], [1.5, -0.5], r"weights\[1\] = -0.5"),
        ([0.1, 0.2], [1.0, math.nan], r"weights\[1\] = nan"),
        ([0.1, 0.2], [1e308, 1e308], "weights must sum to 1"),
        ([0.1, -0.2], [0.5, 0.5], r"rates?.* -0.2"),
        ([0.1, math.nan], [0.5, 0.5], r"rates?.* nan"),
    ],
)
def test_domains_that_do_not_mix_are_refused(rates, weights, message):
    with pytest.raises(ValueError, match=message):
        contextual_decay(1.0, rates, weights)


def test_age_is_checked_across_domains_too():
    with pytest.raises(ValueError, match=r"^age must"):
        contextual_decay(-1.0, [0.1], [1.0])


def test_chain_of_three_is_the_papers_figure():
    assert chain_weight([0.1 * 0.15] * 3) == pytest.approx(3.375e-6, rel=1e-12)


def test_chain_without_links_weighs_1():
    assert chain_weight([]) == 1.0


@given(st.lists(st.floats(0, 1), max_size=20))
def test_a_chain_is_never_heavier_than_its_weakest_link(factors):
    assert 0.0 <= chain_weight(factors) <= min(factors, default=1.0)
    assert chain_weight(factors) == pytest.approx(math.prod(factors), rel=1e-12)


@pytest.mark.parametrize("bad", [1.01, -0.01, math.nan])
def test_a_link_out_of_range_is_named(bad):
    with pytest.raises(ValueError, match=rf"factors\[1\] = {bad}"):
        chain_weight([0.5, bad])
