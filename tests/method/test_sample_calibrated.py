"""`calibrated` for samples: no purchase, evidence by hand, worth that must be borne out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import rankdata

from anml_fl.method.sample_calibrated.calibrated import BOUND, calibrated, decide
from anml_fl.method.sample_calibrated.margin import (
    LEAST,
    MOST,
    base_rate,
    confident_margin,
    simplest,
)
from anml_fl.method.sample_calibrated.worth import learned_worth, rank_neighbours

number = st.floats(-1e6, 1e6, allow_nan=False)


def world(seed, n=120, bad=0.3, classes=3, sharpness=1.0):
    """Labels, some wrong; what a good model would say of them; and who is wrong."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % classes
    wrong = rng.permutation(n) < round(bad * n)
    labels = np.where(wrong, (truth + rng.integers(1, classes, n)) % classes, truth)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), truth] += 2 * sharpness
    p = np.exp(logits)
    return labels, p / p.sum(axis=1, keepdims=True), wrong


@settings(max_examples=300)
@given(st.lists(st.tuples(number, number), min_size=1), st.floats(0, 50))
def test_no_worth_buys_what_the_evidence_refuses(pairs, bound):
    evidence, worth = np.array(pairs).T
    kept = decide(evidence, worth, bound)
    assert not kept[evidence <= -bound].any()
    assert kept[evidence > bound].all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["any", "same", "attackers", "honest", "steps"]),
    st.floats(0, 6),
)
def test_no_credentials_buy_a_decision_beyond_the_bound(seed, shown, bound):
    labels, p, wrong = world(seed)
    rng = np.random.default_rng(seed)
    v = {
        "any": rng.random(labels.size),
        "same": np.full(labels.size, 0.5),
        "attackers": wrong.astype(float),
        "honest": (~wrong).astype(float),
        "steps": rng.integers(0, 3, labels.size) / 2,
    }[shown]
    # Believing otherwise must not change what the models say here: then nothing but the
    # thresholds of the evidence is left to credentials.
    found = calibrated(labels, lambda weights: [p], v, rng.random(labels.size), bound=bound)
    assert np.abs(found.worth).max() <= bound
    assert not found.kept[found.evidence <= -bound].any()
    assert found.kept[found.evidence > bound].all()
    np.testing.assert_allclose(found.posterior, expit(found.evidence + found.worth))


def test_evidence_never_sees_credentials_when_the_models_are_fitted_once():
    labels, p, wrong = world(3)
    alone = calibrated(labels, lambda weights: [p], fits=1)
    bought = calibrated(labels, lambda weights: [p], wrong * 0.9, wrong * 0.9, fits=1)
    np.testing.assert_array_equal(alone.evidence, bought.evidence)
    assert alone.worth_share == 0


def test_margin_is_the_formula_written_out():
    labels, p, _ = world(1, n=30)
    w = np.random.default_rng(2).random(30)
    for i, found in enumerate(confident_margin(p, labels, w)):
        t = [
            sum(w[j] * p[j, c] for j in range(30) if labels[j] == c)
            / sum(w[j] for j in range(30) if labels[j] == c)
            for c in range(3)
        ]
        ratios = [math.log(p[i, c] / t[c]) for c in range(3)]
        other = max(ratios[c] for c in range(3) if c != labels[i])
        assert found == pytest.approx(min(max(ratios[labels[i]] - other, LEAST), MOST))


@pytest.mark.parametrize(
    ("labels", "p", "expected"),
    [
        ([0, 0], [[1.0], [1.0]], [MOST, MOST]),  # nothing else that it could be
        ([0, 0], [[0.5, 0.5], [0.4, 0.6]], [MOST, MOST]),  # nobody names the other class
        ([0, 1], [[0.0, 1.0], [1.0, 0.0]], [LEAST, LEAST]),
    ],
)
def test_margin_stays_finite_at_the_edges(labels, p, expected):
    found = confident_margin(np.array(p), np.array(labels), np.ones(2))
    assert found.tolist() == expected


def test_a_class_of_which_nothing_is_believed_has_a_margin():
    p = np.array([[0.6, 0.4], [0.3, 0.7]])
    assert np.isfinite(confident_margin(p, np.array([0, 1]), np.array([1.0, 0.0]))).all()


@given(st.lists(st.floats(LEAST, MOST), min_size=1, max_size=50))
def test_the_base_rate_is_a_fixed_point_and_silent_where_a_fifth_is_bad(margin):
    given_margin = np.array(margin)
    base = base_rate(given_margin)
    assert 0 <= base <= 2
    if expit(given_margin).mean() <= 0.8:
        assert base == 0
    assert base_rate(given_margin - 20) == 0


def test_the_simplest_of_about_equals_is_chosen():
    labels, p, _ = world(5, bad=0.0)
    worse = np.full_like(p, 1 / 3)
    # As good but for a scatter, of which the mean is a fourth of its standard error.
    nearly = 0.9 * p * np.exp(0.05 * (-1.0) ** np.arange(labels.size) - 0.001)[:, None]
    p = 0.9 * p
    assert simplest([worse, nearly, p], labels, np.ones(labels.size)) == 1
    assert simplest([worse, p], labels, np.ones(labels.size)) == 1
    # Whoever is not believed has no say: of the believed half the second model is the better.
    half = np.arange(labels.size) < labels.size // 2
    mixed = np.where(half[:, None], 0.1 * p, 10 * p / 9)
    assert simplest([mixed, p], labels, half.astype(float)) == 1
    assert simplest([mixed, p], labels, (~half).astype(float)) == 0


def test_neighbours_are_the_nearest_in_rank_by_brute_force():
    rng = np.random.default_rng(0)
    v, r = rng.random((2, 60))
    a, b = rankdata(v), rankdata(r)
    found = rank_neighbours(v, r, 5)
    for i in range(60):
        order = sorted(
            set(range(60)) - {i}, key=lambda j: (a[i] - a[j]) ** 2 + (b[i] - b[j]) ** 2
        )
        reach = max((a[i] - a[j]) ** 2 + (b[i] - b[j]) ** 2 for j in order[:5])
        assert i not in found[i]
        assert len(set(found[i].tolist())) == 5
        assert all((a[i] - a[j]) ** 2 + (b[i] - b[j]) ** 2 <= reach for j in found[i])


@given(st.integers(2, 40), st.sampled_from([0.0, 0.5]))
def test_neighbours_of_those_who_are_all_alike_are_others(n, value):
    found = rank_neighbours(np.full(n, value), np.full(n, value), 25)
    assert found.shape == (n, min(25, n - 1))
    assert not (found == np.arange(n)[:, None]).any()


def test_only_ranks_of_credentials_count():
    rng = np.random.default_rng(1)
    v, r = rng.random((2, 50))
    near = np.sort(rank_neighbours(v, r, 6), axis=1)
    np.testing.assert_array_equal(near, np.sort(rank_neighbours(v**3, r / 2, 6), axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_credentials_that_tell_nothing_are_worth_little_and_good_ones_much(seed):
    rng = np.random.default_rng(seed)
    good = rng.random(400) < 0.7
    evidence = np.where(good, 1.5, -1.5) + rng.normal(size=400)
    nothing = learned_worth(evidence, rank_neighbours(*rng.random((2, 400))), BOUND)
    telling = rng.random((2, 400)) * 0.4 + 0.5 * good
    much = learned_worth(evidence, rank_neighbours(*telling), BOUND)
    assert np.abs(nothing.values).mean() < 0.25
    assert much.values[good].mean() > 0.5
    assert much.values[~good].mean() < -1.0


def test_better_credentials_that_only_attackers_buy_count_against_them():
    labels, p, wrong = world(7, n=600)
    rng = np.random.default_rng(8)
    v, r = 0.3 * rng.random((2, 600)) + 0.3 + 0.3 * wrong
    found = calibrated(labels, lambda weights: [p], v, r)
    alone = calibrated(labels, lambda weights: [p])
    assert found.worth[wrong].mean() < -1
    assert found.kept[wrong].mean() < alone.kept[wrong].mean()
    assert found.kept[~wrong].mean() > alone.kept[~wrong].mean()


def test_models_are_fitted_with_what_is_believed():
    labels, p, wrong = world(11)
    seen = []

    def cross_fit(weights):
        seen.append(weights.copy())
        return [p]

    found = calibrated(labels, cross_fit, fits=3)
    assert len(seen) == 3
    assert (seen[0] == 1).all()
    assert seen[1][wrong].mean() < 0.5 < seen[1][~wrong].mean()
    np.testing.assert_array_equal(seen[2], calibrated(labels, lambda w: [p], fits=2).posterior)
    assert found.kept.dtype == bool


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": np.array([0.5, 1.0])}, "labels must be a vector of two or more whole"),
        ({"labels": np.array([0, -1])}, "whole numbers >= 0"),
        ({"v": np.array([0.1, 0.2])}, "v and r must both be given"),
        ({"v": np.full(3, 0.5), "r": np.full(3, 0.5)}, "a value a label, 2, got 3"),
        ({"v": np.full(2, 1.5), "r": np.full(2, 0.5)}, r"v\[0\]"),
        ({"bound": -1.0}, r"bound must lie in \[0, "),
        ({"fits": 0}, "fits must be >= 1, got 0"),
        ({"cross_fit": lambda w: []}, "at least one candidate"),
        ({"cross_fit": lambda w: [np.ones((2, 1))]}, r"got shape \(2, 1\)"),
        ({"cross_fit": lambda w: [np.full((2, 2), np.nan)]}, "probabilities in"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    given = {"labels": np.array([0, 1]), "cross_fit": lambda w: [np.full((2, 2), 0.5)]}
    with pytest.raises(ValueError, match=message):
        calibrated(**(given | changed))
