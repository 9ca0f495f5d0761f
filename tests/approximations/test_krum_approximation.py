"""Approximations of Krum scores: exact where they have all, near where they don't."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from anml_fl.approximations.krum_approximation import (
    checkpoint_scores,
    exact_scores,
    landmark_scores,
    minibatch_scores,
    projected_scores,
)
from anml_fl.approximations.random_projection import projected
from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import consistency

APPROXIMATE = [landmark_scores, minibatch_scores, projected_scores, checkpoint_scores]


def on_a_line(places):
    """Gradients at given places: with w = 0 and x = 1/2 that of (w x - y)^2 is -y."""
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(model.weight)
    x = np.full((len(places), 1), 0.5)
    return sample_gradients(model, x, -np.asarray(places, float), loss="squared")


def classifier(n=400, seed=0):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 3)).double()
    return sample_gradients(model, rng.normal(size=(n, 6)), rng.integers(3, size=n))


def score(function, fits, k, budget, seed=0):
    return function(fits, n_neighbours=k, budget=budget, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("k", [1, 20, 278])
@pytest.mark.parametrize("function", [landmark_scores, minibatch_scores])
@pytest.mark.parametrize("budget", [400, 5000])
def test_with_every_sample_scores_are_exact(function, k, budget):
    fit = classifier()
    np.testing.assert_allclose(
        score(function, [fit], k, budget), score(exact_scores, [fit], k, 0), rtol=1e-10
    )


@pytest.mark.parametrize(("k", "of_landmarks", "of_others"), [(6, 2, 3), (2, 1, 1), (4, 1, 2)])
def test_landmarks_count_by_their_share(k, of_landmarks, of_others):
    # k m / (n - 1) = 3, 1, 2 for others and 2, 2/3, 4/3 for landmarks, which have m - 1.
    places = np.array([0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0])
    found = score(landmark_scores, [on_a_line(places)], k, budget=3)
    squares = (places[:, None] - places[None]) ** 2

    def expected(landmarks):
        for i in range(7):
            others = np.sort(squares[i, [one for one in landmarks if one != i]])
            counted = of_landmarks if i in landmarks else of_others
            yield k * others[:counted].mean()

    fitting = [
        set_ for set_ in combinations(range(7), 3) if np.allclose(list(expected(set_)), found)
    ]
    assert len(fitting) == 1


def test_landmarks_differ_with_the_source_of_randomness_alone():
    fit = classifier()
    one, same, other = (score(landmark_scores, [fit], 200, 20, seed) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_more_than_a_tile_of_samples_and_landmarks():
    # 1,000 samples and 800 landmarks: several tiles either way, the last ones short.
    fit = classifier(1000)
    near = score(landmark_scores, [fit], 700, 800)
    exact = score(exact_scores, [fit], 700, 0)
    np.testing.assert_allclose(near, exact, rtol=0.15)
    assert spearmanr(near, exact).statistic > 0.999


class Orders:
    """Permutations as they are told, again and again."""

    def __init__(self, *orders):
        self.orders = list(orders)

    def permutation(self, n):
        self.orders.append(self.orders.pop(0))
        return np.array(self.orders[-1])


def test_minibatches_are_the_mean_over_partitions():
    orders = Orders([0, 1, 2, 3, 4, 5], [0, 2, 4, 1, 3, 5])
    fit = on_a_line([0.0, 1.0, 3.0, 7.0, 15.0, 31.0])
    scores = minibatch_scores([fit], n_neighbours=5, budget=3, rng=orders)
    # k = n - 1, so that both others count, as 5 / 2. Sample 0 is with 1 and 3, then 3 and 15.
    assert scores[0] == pytest.approx(((1 + 9) + (9 + 225)) / 2 * 5 / 2)
    # Sample at 7: with 15 and 31, then with 1 and 31.
    assert scores[3] == pytest.approx(((64 + 576) + (36 + 576)) / 2 * 5 / 2)


def test_no_sample_is_left_alone_in_a_minibatch():
    orders = Orders([0, 1, 2, 3, 4])
    fit = on_a_line([0.0, 1.0, 3.0, 7.0, 15.0])
    scores = minibatch_scores([fit], n_neighbours=1, budget=2, rng=orders)
    assert scores.tolist() == [1, 1, 4, 64, 64]  # of three and of two


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_projection_keeps_distances_on_average(kind):
    rng = np.random.default_rng(3)
    torch.manual_seed(3)
    if kind == "dense":
        fit = classifier(12)
    else:
        layers = [nn.Conv1d(8, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 4)]
        model = nn.Sequential(*layers).double()
        fit = sample_gradients(model, rng.normal(size=(12, 8, 4)), rng.integers(4, size=12))
        assert fit.factors[0].deltas.shape[1] == 2  # positions
    small = projected(fit, 20_000, rng)
    every = np.arange(12)
    pairs = np.triu_indices(12, 1)
    exact = fit.squared_distances(every, every).numpy()[pairs]
    near = small.squared_distances(every, every).numpy()[pairs]
    # A term's variance is at most eight times its squared mean: three layers' worth of slack.
    np.testing.assert_allclose(near, exact, rtol=0.12)
    np.testing.assert_allclose(small.squared_norms, fit.squared_norms, rtol=0.12)
    assert (small.losses == fit.losses).all()


def test_a_projection_has_the_dimensions_it_says():
    small = projected(classifier(10), 7, np.random.default_rng(0))
    assert small.explicit.shape == (10, 7)
    assert small.factors == ()
    with pytest.raises(ValueError, match="dimensions must be >= 1, got 0"):
        projected(classifier(10), 0, np.random.default_rng(0))


def test_a_good_budget_ranks_almost_as_the_exact_scores_do():
    fit = classifier()
    exact = score(exact_scores, [fit], 278, 0)
    for function, budget in zip(APPROXIMATE[:3], (150, 150, 512), strict=True):
        assert spearmanr(score(function, [fit], 278, budget), exact).statistic > 0.97


def test_checkpoints_are_spread_and_end_with_the_last():
    fits = [classifier(50, seed) for seed in range(5)]
    q = [consistency(score(exact_scores, [fit], 33, 0)) for fit in fits]
    for budget, kept in [(1, [4]), (2, [0, 4]), (3, [0, 2, 4]), (5, range(5)), (9, range(5))]:
        expected = 1 - sum(q[at] for at in kept) / len(kept)
        np.testing.assert_allclose(score(checkpoint_scores, fits, 33, budget), expected)


@pytest.mark.parametrize("function", [exact_scores, *APPROXIMATE[:3]])
def test_only_the_last_fit_counts(function):
    first, last = classifier(40, 1), classifier(40, 2)
    alone, both = score(function, [last], 20, 8), score(function, [first, last], 20, 8)
    assert (alone == both).all()


@pytest.mark.parametrize("function", [exact_scores, *APPROXIMATE])
def test_one_sample_has_score_zero(function):
    assert score(function, [on_a_line([3.0])], 1, 2).tolist() == [0.0]


@pytest.mark.parametrize(
    ("function", "budget", "least"),
    [
        (landmark_scores, 1, 2),
        (minibatch_scores, 1, 2),
        (projected_scores, 0, 1),
        (checkpoint_scores, 0, 1),
    ],
)
def test_a_budget_that_buys_nothing_is_refused(function, budget, least):
    with pytest.raises(ValueError, match=f"budget must be >= {least}, got {budget}"):
        score(function, [on_a_line([0.0, 1.0, 2.0])], 1, budget)


@pytest.mark.parametrize("function", [exact_scores, *APPROXIMATE])
def test_no_fits_are_refused(function):
    with pytest.raises(ValueError, match="fits must hold at least one"):
        score(function, [], 1, 2)


def test_checkpoints_of_different_samples_are_refused():
    with pytest.raises(ValueError, match=r"fits must be of the same samples, got \[3, 2\]"):
        score(checkpoint_scores, [on_a_line([0.0, 1.0, 2.0]), on_a_line([0.0, 1.0])], 1, 2)
