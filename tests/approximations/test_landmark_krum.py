"""Krum scores from landmarks: exact where they must be, near where they are estimated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from anml_fl.approximations import landmark_krum
from anml_fl.approximations.landmark_krum import Estimate, landmark_krum_scores
from anml_fl.method.krum import neighbours
from anml_fl.method.row_blocks import Stacked


def exact_scores(rows, n_byzantine=None):
    distances = cdist(rows.astype(float), rows.astype(float), "sqeuclidean")
    k = neighbours(len(rows), n_byzantine=n_byzantine)
    return np.sort(distances, axis=1)[:, 1 : k + 1].sum(axis=1)


def estimate(rows, landmarks, seed=0, n_byzantine=None):
    rng = np.random.default_rng(seed)
    return landmark_krum_scores(
        Stacked(rows), landmarks=landmarks, rng=rng, n_byzantine=n_byzantine
    )


def iid(rows):
    return rows


def offset(rows):
    return rows + 1e3


def attackers_far(rows):
    rows[::4] *= 1e4
    return rows


def attackers_alike(rows):
    rows[::4] = -3 * rows[0]
    return rows


def with_clones(rows):
    rows[: len(rows) // 2] = rows[0]
    return rows


def huge(rows):
    rows[5:9] *= np.float32(1e30)
    return rows


KINDS = [iid, offset, attackers_far, attackers_alike, with_clones, huge]


def round_of(kind, n=600, d=300):
    rng = np.random.default_rng(1)
    scale = rng.uniform(1, 1.5, (n, 1))
    return kind((rng.normal(size=(n, d)) * scale).astype(np.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_landmarks_know_their_exact_scores(kind, monkeypatch):
    monkeypatch.setattr(landmark_krum, "_ROWS", 250)  # three stripes
    rows = round_of(kind)
    found = estimate(rows, 60)
    assert np.unique(found.landmarks).size == 60
    truth = exact_scores(rows)[found.landmarks]
    np.testing.assert_allclose(found.exact, truth, rtol=3e-6, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_selected_is_nearly_who_exact_scores_select(kind):
    rows = round_of(kind)
    truth, found = exact_scores(rows), estimate(rows, 100)
    chosen = [set(np.argsort(s, kind="stable")[:420]) for s in (truth, found.scores)]
    picked = [np.sort(truth[sorted(one)]) for one in chosen]
    assert picked[1].sum() <= 1.003 * picked[0].sum()


def test_scores_are_in_the_unit_of_exact_ones_and_rank_as_they_do():
    rows = round_of(iid)
    truth, found = exact_scores(rows), estimate(rows, 100)
    assert spearmanr(truth, found.scores).statistic > 0.99
    np.testing.assert_allclose(found.scores, truth, rtol=0.05)


def test_all_but_one_as_landmarks_are_nearly_exact():
    rows = round_of(iid, n=60)
    np.testing.assert_allclose(estimate(rows, 59).scores, exact_scores(rows), rtol=0.02)


def test_attackers_to_bear_are_those_given():
    rows = round_of(iid, n=200)
    few, many = (estimate(rows, 50, n_byzantine=f).exact for f in (0, 90))
    np.testing.assert_allclose(
        many, exact_scores(rows, 90)[estimate(rows, 50).landmarks], rtol=1e-5
    )
    assert (many < few).all()


def test_one_seed_draws_one_set():
    rows = round_of(iid, n=200)
    one, same, other = (estimate(rows, 20, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.scores, same.scores)
    assert set(one.landmarks) != set(other.landmarks)


def test_agreement_is_spearmans_correlation():
    rng = np.random.default_rng(2)
    scores, chosen = rng.normal(size=30), np.arange(5, 25)
    exact = scores[chosen] + rng.normal(size=20)
    found = Estimate(scores, chosen, exact).agreement
    assert found == pytest.approx(spearmanr(exact, scores[chosen]).statistic)


@pytest.mark.parametrize("landmarks", [1, 60, 2.5])
def test_a_count_out_of_range_is_named(landmarks):
    with pytest.raises(ValueError, match=r"landmarks must .*got"):
        estimate(round_of(iid, n=60), landmarks)
