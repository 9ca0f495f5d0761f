"""Means by contributor, shrunk as a random-effects model has it."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.method.contributors import contributor_means


def drawn(between: float, within: float, sizes: np.ndarray, seed: int = 0):
    rng = np.random.default_rng(seed)
    level = 0.6 + between * rng.normal(size=sizes.size)
    holder = np.repeat(np.arange(sizes.size), sizes)
    return level, level[holder] + within * rng.normal(size=holder.size), holder


def test_means_and_counts_are_those_of_a_loop() -> None:
    sizes = np.array([3, 0, 7, 1])
    _, scores, holder = drawn(0.1, 0.2, sizes)
    order = np.random.default_rng(1).permutation(scores.size)
    found = contributor_means(scores[order], holder[order], 4)
    assert found.counts.tolist() == [3, 0, 7, 1]
    for i in (0, 2, 3):
        assert found.means[i] == pytest.approx(scores[holder == i].mean())
    assert np.isnan(found.means[1])


def test_shrinking_is_that_of_the_true_variances() -> None:
    sizes = np.tile([2, 5, 20], 2000)
    level, scores, holder = drawn(0.2, 0.5, sizes)
    found = contributor_means(scores, holder, sizes.size)
    share = 0.2**2 / (0.2**2 + 0.5**2 / sizes)
    np.testing.assert_allclose(found.shrunk, 0.6 + share * (found.means - 0.6), atol=0.03)
    np.testing.assert_allclose(found.errors, 0.2 * np.sqrt(1 - share), atol=0.01)
    covered = np.abs(found.shrunk - level) <= 1.96 * found.errors
    for size in (2, 5, 20):
        assert covered[sizes == size].mean() == pytest.approx(0.95, abs=0.02)
    assert ((found.shrunk - level) ** 2).mean() < ((found.means - level) ** 2).mean()


def test_where_contributors_do_not_differ_all_get_the_mean_of_all() -> None:
    scores = np.tile([0.2, 0.8], 10)
    found = contributor_means(scores, np.repeat(np.arange(10), 2), 10)
    np.testing.assert_allclose(found.shrunk, 0.5)
    # Morris: sigma^2 / n (1 - (c - 1) / c (c - 3) / (c - 1)), with sigma^2 = 0.18.
    np.testing.assert_allclose(found.errors, np.sqrt(0.09 * (1 - 7 / 10)))


def test_intervals_cover_though_few_contributors_say_how_they_differ() -> None:
    covered = []
    for seed in range(300):
        level, scores, holder = drawn(0.1, 0.5, np.full(12, 5), seed)
        found = contributor_means(scores, holder, 12)
        covered.append(np.abs(found.shrunk - level) <= 1.96 * found.errors)
    assert np.mean(covered) > 0.9


def test_where_samples_agree_means_stay_as_they_are() -> None:
    found = contributor_means([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1], 2)
    np.testing.assert_allclose(found.shrunk, [0.1, 0.9])


def test_who_has_nothing_gets_the_mean_of_all_and_the_widest_error() -> None:
    found = contributor_means([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 3)
    assert found.shrunk[2] == pytest.approx(0.5)
    assert found.errors[2] == found.errors.max() > 0


@pytest.mark.parametrize(
    ("scores", "holder", "said"),
    [
        ([0.5], [0, 1], r"holder must be \(1,\)"),
        ([0.5], [2], r"in \[0, 1\]"),
        ([0.5], [-1], r"in \[0, 1\]"),
        ([], [], "one a sample"),
        ([np.nan], [0], r"finite, got scores\[0\] = nan"),
        ([0.5], [0.0], "whole numbers, got float64"),
    ],
)
def test_places_that_do_not_fit_are_refused(scores, holder, said) -> None:
    with pytest.raises(ValueError, match=said):
        contributor_means(scores, holder, 2)


def test_a_sample_each_tells_nobody_apart() -> None:
    found = contributor_means([0.3, 0.9, 0.1], [0, 1, 2], 3)
    np.testing.assert_allclose(found.shrunk, np.mean([0.3, 0.9, 0.1]))
    assert (found.errors > 0.1).all()
    assert contributor_means([0.3], [0], 1).errors[0] == np.inf
