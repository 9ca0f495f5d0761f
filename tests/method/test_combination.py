"""Combinations: weights, branches, what is recorded, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import pearsonr

from anml_fl.method.checks import signal_vectors, unit_interval
from anml_fl.method.combination import multiplicative, pearson, softmax_blend, two_stage

unit = st.floats(0, 1)


def vectors(count, elements=unit):
    """`count` vectors of one length, 1 to 12."""
    return st.integers(1, 12).flatmap(
        lambda n: st.tuples(*[st.lists(elements, min_size=n, max_size=n)] * count)
    )


def combine_all(q, s, T, tau=1.0):
    ones = np.ones(len(q))
    return [
        multiplicative(q, s, ones, T),
        softmax_blend(q, s, T, tau=tau),
        two_stage(q, s, T, tau=tau),
        two_stage(q, s, T, tau_h=1.0, tau_c=-1.0, tau=tau),
    ]


Q = np.array([1.0, 0.2, 0.7, 0.0, 0.9])
GOOD = np.array([0.8, 0.1, 0.6, 0.05, 0.7])  # goes with Q
BAD = np.array([0.1, 0.5, 0.3, 0.4, 0.05])  # goes against it
T = np.array([1.0, 0.5, 0.25, 0.1, 0.8])


def test_multiplicative_is_the_share_of_the_product():
    v, r = GOOD, np.array([0.5, 0.4, 0.3, 0.2, 0.1])
    weighting = multiplicative(Q, v, r, T)
    raw = [q * a * b * t for q, a, b, t in zip(Q, v, r, T, strict=True)]
    np.testing.assert_allclose(weighting.weights, np.array(raw) / sum(raw), rtol=1e-14)
    assert weighting.branch == "multiplicative"
    assert weighting.select
    assert weighting.reason is None
    assert weighting.min_s == pytest.approx(0.05 * 0.2)
    assert weighting.rho_c == pytest.approx(pearsonr(Q, v * r).statistic)


@given(vectors(1))
def test_multiplicative_with_nothing_known_ranks_as_krum(signals):
    (q,) = map(np.array, signals)
    assume(q.max() > 0)
    ones = np.ones_like(q)
    weights = multiplicative(q, ones, ones).weights
    for i in range(len(q)):
        # Division may tie neighbouring floats, and never swaps any two.
        assert (weights[q < q[i]] <= weights[i]).all()
        if q[i] > 1e-300:  # what is nearly no float at all may divide to 0
            assert (weights[q < q[i] * (1 - 1e-15)] < weights[i]).all()
        assert (weights[q == q[i]] == weights[i]).all()


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("tau", [0.05, 1.0, 20.0])
def test_blend_is_algorithm_2(alpha, tau):
    weighting = softmax_blend(Q, GOOD, T, alpha=alpha, tau=tau)
    raw = (alpha * softmax(Q / tau) + (1 - alpha) * softmax(GOOD / tau)) * T
    np.testing.assert_allclose(weighting.weights, raw / raw.sum(), rtol=1e-13)
    assert weighting.branch == "blend"
    assert weighting.select
    assert weighting.min_s == 0.05
    assert weighting.rho_c == pytest.approx(pearsonr(Q, GOOD).statistic)


@pytest.mark.parametrize("tau", [5e-324, 1e-300, 1e-5])
def test_tiny_temperature_leaves_the_best_of_each(tau):
    weighting = softmax_blend([0.2, 1.0, 0.5], [0.9, 0.2, 0.5], tau=tau, alpha=0.25)
    np.testing.assert_allclose(weighting.weights, [0.75, 0.25, 0.0], atol=1e-15)


def test_huge_temperature_leaves_equal_weights():
    weights = softmax_blend(Q, GOOD, tau=1.7e308).weights
    np.testing.assert_allclose(weights, 0.2, rtol=1e-15)


def test_defaults_are_the_papers():
    assert two_stage(Q, [0.36] * 5).branch == "uniform"
    assert two_stage(Q, [0.35] + [0.5] * 4).branch != "uniform"
    np.testing.assert_array_equal(
        two_stage(Q, GOOD).weights, softmax_blend(Q, GOOD, 1.0, alpha=0.5, tau=1.0).weights
    )
    # Correlations on either side of tau_c = 0.3.
    s = np.array([0.1, 0.2, 0.0, 0.05])
    assert two_stage([1.0, 0.4, 0.06, 0.6], s).branch == "krum"
    assert pearsonr([1.0, 0.4, 0.06, 0.6], s).statistic == pytest.approx(0.29571, abs=1e-5)
    assert two_stage([1.0, 0.4, 0.04, 0.6], s).branch == "blend"
    assert pearsonr([1.0, 0.4, 0.04, 0.6], s).statistic == pytest.approx(0.30702, abs=1e-5)


def test_uniform_branch_turns_selection_off_and_still_decays():
    weighting = two_stage(Q, GOOD + 0.2, T, tau_h=0.2)
    np.testing.assert_allclose(weighting.weights, T / T.sum(), rtol=1e-15)
    assert weighting.branch == "uniform"
    assert not weighting.select
    assert weighting.min_s == 0.25


def test_blend_branch_is_the_softmax_blend():
    weighting = two_stage(Q, GOOD, T, alpha=0.3, tau=0.2)
    alone = softmax_blend(Q, GOOD, T, alpha=0.3, tau=0.2)
    np.testing.assert_array_equal(weighting.weights, alone.weights)
    assert weighting.branch == "blend"
    assert weighting.select


def test_krum_branch_is_q_with_decay():
    weighting = two_stage(Q, BAD, T)
    np.testing.assert_allclose(weighting.weights, Q * T / (Q @ T), rtol=1e-15)
    assert weighting.branch == "krum"
    assert weighting.select
    assert weighting.rho_c == pytest.approx(pearsonr(Q, BAD).statistic)


@pytest.mark.parametrize("q", [[0.4] * 5, [0.0] * 5, [1.0] * 5])
def test_constant_q_is_never_trusted(q):
    weighting = two_stage(q, GOOD, tau_c=-1.0)
    assert weighting.branch == "krum"
    assert np.isnan(weighting.rho_c)
    np.testing.assert_allclose(weighting.weights, 0.2)


@pytest.mark.parametrize("s", [0.1 + 0.2, 0.0, 0.35])
def test_constant_s_is_never_trusted(s):
    weighting = two_stage(Q, [s] * 5, tau_c=-1.0)
    assert weighting.branch == "krum"
    assert np.isnan(weighting.rho_c)


def test_thresholds_must_be_exceeded():
    assert two_stage([1.0, 0.0], [0.5, 0.25], tau_h=0.25).branch == "blend"
    assert two_stage([1.0, 0.0], [0.5, 0.25], tau_c=1.0).branch == "krum"


@settings(max_examples=400)
@given(vectors(2), unit, st.floats(-1, 1))
def test_branch_follows_algorithm_1_for_all_inputs(signals, tau_h, tau_c):
    q, s = signals
    exact_q, exact_s = ([Fraction(x) for x in signal] for signal in (q, s))
    n = len(q)
    a = [x - sum(exact_q) / n for x in exact_q]
    b = [x - sum(exact_s) / n for x in exact_s]
    lengths = sum(x * x for x in a) * sum(x * x for x in b)
    product = sum(x * y for x, y in zip(a, b, strict=True))
    rho = None
    if lengths:
        rho = (1 if product > 0 else -1) * float(product**2 / lengths) ** 0.5
        assume(abs(rho - tau_c) > 1e-6)
    weighting = two_stage(q, s, tau_h=tau_h, tau_c=tau_c)
    if min(s) > tau_h:
        assert weighting.branch == "uniform"
    elif rho is not None and rho > tau_c:
        assert weighting.branch == "blend"
    else:
        assert weighting.branch == "krum"
    assert weighting.select == (weighting.branch != "uniform")
    assert weighting.min_s == min(s)
    assert np.isnan(weighting.rho_c) if rho is None else abs(weighting.rho_c - rho) < 1e-6


@settings(max_examples=300)
@given(vectors(3), st.floats(0, 1e308, exclude_min=True))
def test_weights_are_shares_whatever_comes_in(signals, tau):
    for weighting in combine_all(*signals, tau=tau):
        assert (weighting.weights >= 0).all()
        assert abs(weighting.weights.sum() - 1) <= 1e-12
        assert np.isnan(weighting.rho_c) or -1 <= weighting.rho_c <= 1


@given(vectors(3, st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0])), st.randoms())
def test_weights_follow_their_contributors(signals, random):
    order = list(range(len(signals[0])))
    random.shuffle(order)
    shuffled = [[signal[i] for i in order] for signal in signals]
    before, after = combine_all(*signals), combine_all(*shuffled)
    for one, other in zip(before[:3], after[:3], strict=True):
        assume(np.isnan(one.rho_c) or abs(one.rho_c - 0.3) > 1e-9)
        assert one.branch == other.branch
        assert one.select == other.select
        np.testing.assert_allclose(other.weights, one.weights[order], rtol=1e-12)


@given(vectors(2), vectors(1, st.floats(0.01, 1)))
def test_decay_multiplies_in_every_branch(signals, decays):
    n = min(len(signals[0]), len(decays[0]))
    q, s, t = (np.array(x[:n]) for x in (*signals, decays[0]))
    assume(q.max() > 0.01 and (q * s).max() > 0.01)
    fresh = combine_all(q, s, 1.0)
    assume(all((w.weights * t).max() > 1e-6 for w in fresh))
    for without, decayed in zip(fresh, combine_all(q, s, t), strict=True):
        expected = without.weights * t
        np.testing.assert_allclose(decayed.weights, expected / expected.sum(), 1e-12, 1e-300)
        assert decayed.branch == without.branch


@pytest.mark.parametrize("kind", range(4))
def test_all_zero_weights_become_uniform_and_say_so(kind):
    weighting = combine_all([1.0, 0.0, 0.5], [0.9, 0.2, 0.5], np.zeros(3))[kind]
    np.testing.assert_allclose(weighting.weights, 1 / 3, rtol=1e-15)
    assert "zero" in weighting.reason
    assert combine_all([1.0, 0.0, 0.5], [0.9, 0.2, 0.5], np.ones(3))[kind].reason is None


def test_a_scalar_decay_changes_nothing():
    np.testing.assert_allclose(
        two_stage(Q, BAD, 0.25).weights, two_stage(Q, BAD).weights, rtol=1e-15
    )


def test_signals_are_not_modified():
    q, s, t = Q.copy(), GOOD.copy(), T.copy()
    combine_all(q, s, t)
    for signal, before in ((q, Q), (s, GOOD), (t, T)):
        np.testing.assert_array_equal(signal, before)


CALLS = [
    (multiplicative, ["q", "v", "r", "T"]),
    (softmax_blend, ["q", "s", "T"]),
    (two_stage, ["q", "s", "T"]),
]
CASES = [(function, names, name) for function, names in CALLS for name in names]


@pytest.mark.parametrize("value", [1.5, -0.1, np.nan, np.inf, -np.inf, -5e-324])
@pytest.mark.parametrize(("function", "names", "name"), CASES)
def test_first_bad_signal_is_named_with_its_value(function, names, name, value):
    signals = {other: [0.5, 0.4, 0.3] for other in names}
    signals[name] = [0.5, value, 2.0]
    with pytest.raises(ValueError, match=rf"^{name} must .* {name}\[1\] = {value}$"):
        function(**signals)


@pytest.mark.parametrize(("function", "names", "name"), CASES)
def test_a_signal_of_another_length_is_named(function, names, name):
    signals = {other: [0.5, 0.4, 0.3] for other in names}
    signals[name] = [0.5, 0.4]
    # The first sets the length, so that the second is the one that differs from it.
    blamed = name if name != names[0] else names[1]
    with pytest.raises(ValueError, match=rf"^{blamed} must have the length of {names[0]}"):
        function(**signals)


@pytest.mark.parametrize("function", [softmax_blend, two_stage])
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("alpha", -0.1),
        ("alpha", 1.1),
        ("alpha", np.nan),
        ("tau", 0.0),
        ("tau", -1.0),
        ("tau", np.inf),
        ("tau", np.nan),
    ],
)
def test_a_setting_out_of_range_is_named(function, setting, value):
    with pytest.raises(ValueError, match=rf"{setting} must .* {value}$"):
        function(Q, GOOD, **{setting: value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("tau_h", 1.1),
        ("tau_h", -0.1),
        ("tau_h", np.nan),
        ("tau_c", 1.1),
        ("tau_c", -1.1),
        ("tau_c", np.nan),
        ("alpha", 2.0),
        ("tau", 0.0),
    ],
)
def test_a_setting_is_checked_in_every_branch(setting, value):
    for s in (GOOD, BAD, np.ones(5)):
        with pytest.raises(ValueError, match=rf"{setting} must .* {value}$"):
            two_stage(Q, s, **{setting: value})


@given(vectors(2, st.floats(0, 1).map(lambda x: round(x, 3))))
def test_pearson_agrees_with_scipy(signals):
    a, b = map(np.array, signals)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        assert np.isnan(pearson(a, b))
    else:
        assert pearson(a, b) == pytest.approx(pearsonr(a, b).statistic, abs=1e-9)


def test_pearson_of_opposites_is_not_below_minus_1():
    # Without a limit the quotient rounds to -1.0000000000000002.
    assert pearson(np.array([0.7, 0.5, 0.2, 0.3]), np.array([0.3, 0.5, 0.8, 0.7])) == -1.0


def test_pearson_of_tiny_spreads_keeps_its_digits():
    a, b = np.array([0.0, 1.0, 2.0, 5.0]), np.array([3.0, 1.0, 0.0, 0.5])
    expected = pearsonr(a, b).statistic
    assert pearson(a * 1e-200, b * 1e-300) == pytest.approx(expected, rel=1e-12)


def test_pearson_of_signals_one_ulp_apart():
    # The mean of thirty 0.1 is an ulp or more off: shift to zero before taking it.
    a, b = np.full(30, 0.1), np.full(30, 0.1)
    a[0] = b[1] = np.nextafter(0.1, 1)
    assert pearson(a, b) == pytest.approx(-1 / 29, rel=1e-9)


def test_checks_return_float64_copies_of_one_length():
    q = np.array([0.1, 0.2], dtype=np.float32)
    first, second = signal_vectors(q=q, T=0.5)
    assert first.dtype == second.dtype == np.float64
    assert second.tolist() == [0.5, 0.5]
    second[0] = 0.0
    assert second.tolist() == [0.0, 0.5]
    first[0] = 0.0
    assert q[0] == np.float32(0.1)


def test_checks_accept_both_ends():
    assert unit_interval("q", [0, 1, -0.0]).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("value", [-0.5, 1.5, np.nan])
def test_checks_name_a_scalar_without_an_index(value):
    with pytest.raises(ValueError, match=rf"^v must lie in \[0, 1\], got v = {value}$"):
        unit_interval("v", value)


@pytest.mark.parametrize("q", [0.5, [], [[0.5]]])
def test_checks_want_a_vector_first(q):
    with pytest.raises(ValueError, match="q must be a non-empty vector"):
        signal_vectors(q=q, s=[0.5])
