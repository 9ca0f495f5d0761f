"""Dealing out: every sample to one contributor, nobody short, as skewed as asked."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from anml_fl.datasets.partition import deal_dirichlet, deal_iid


@st.composite
def federations(draw, most=120):
    labels = draw(st.lists(st.integers(0, 4), min_size=2, max_size=most))
    return np.array(labels), draw(st.integers(1, len(labels) // 2))


def assert_dealt_out(parts, labels, contributors):
    assert len(parts) == contributors
    assert np.sort(np.concatenate(parts)).tolist() == list(range(labels.size))
    assert min(part.size for part in parts) >= 2
    for part in parts:
        assert np.issubdtype(part.dtype, np.integer)
        assert (np.diff(part) > 0).all()


@given(federations(), st.integers(0, 2**32))
def test_iid_gives_every_sample_once_in_parts_as_equal_as_can_be(federation, seed):
    labels, contributors = federation
    parts = deal_iid(labels, contributors, np.random.default_rng(seed))
    assert_dealt_out(parts, labels, contributors)
    sizes = {part.size for part in parts}
    assert sizes <= {labels.size // contributors, -(-labels.size // contributors)}


@settings(max_examples=40)
@given(federations(most=40), st.sampled_from([1e-3, 0.1, 0.5, 5.0, 1e4]), st.integers(0, 99))
def test_dirichlet_gives_every_sample_once_and_two_at_least(federation, alpha, seed):
    labels, contributors = federation
    parts = deal_dirichlet(labels, contributors, alpha, np.random.default_rng(seed))
    assert_dealt_out(parts, labels, contributors)


def test_iid_is_a_uniformly_random_deal():
    # Each of 6 samples lies in the first of three parts a third of the time.
    rng = np.random.default_rng(0)
    times = sum(
        np.isin(np.arange(6), deal_iid(np.zeros(6), 3, rng)[0]).astype(int)
        for _ in range(3000)
    )
    # Binomial(3000, 1/3): mean 1000, standard deviation 26.
    assert np.abs(times - 1000).max() < 4.5 * 26


def skew(alpha):
    """Mean distance, in total variation, of a contributor's labels from everybody's."""
    labels = np.repeat(np.arange(5), 200)
    distances = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        parts = deal_iid(labels, 8, rng) if alpha is None else None
        for part in parts or deal_dirichlet(labels, 8, alpha, rng):
            share = np.bincount(labels[part], minlength=5) / part.size
            distances.append(np.abs(share - 0.2).sum() / 2)
    return np.mean(distances)


def test_skew_falls_as_alpha_rises_down_to_none():
    falling = [skew(alpha) for alpha in (0.05, 0.3, 1.0, 10.0, 1e6)]
    assert all(a > b + 0.05 for a, b in pairwise(falling))
    assert falling[0] > 0.6
    assert falling[-1] < skew(None) < 0.1


def test_shares_of_a_class_have_the_variance_of_dirichlet():
    k, alpha, n = 5, 2.0, 4000
    shares = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        parts = deal_dirichlet(np.zeros(n, dtype=int), k, alpha, rng)
        shares.append([part.size / n for part in parts])
    assert np.mean(shares, axis=0) == pytest.approx([1 / k] * k, abs=0.03)
    # Var of one share: (1/k) (1 - 1/k) / (k alpha + 1) = 0.01454...
    assert np.var(shares) == pytest.approx(0.2 * 0.8 / 11, rel=0.1)


def drawn(labels, contributors, alpha, rng):
    """Who holds each sample by the draw alone, a sample at a time."""
    holder = {}
    for label in sorted(set(labels.tolist())):
        members = rng.permutation([i for i, one in enumerate(labels) if one == label])
        shares = rng.dirichlet([alpha] * contributors)
        ends = [round(float(end) * len(members)) for end in np.cumsum(shares)]
        ends[-1] = len(members)
        for place, member in enumerate(members):
            holder[int(member)] = next(who for who, end in enumerate(ends) if place < end)
    return np.array([holder[i] for i in range(labels.size)])


@settings(max_examples=150)
@given(federations(), st.sampled_from([0.05, 0.3, 1.0, 5.0, 1e4]), st.integers(0, 2**32))
def test_only_what_somebody_lacks_moves_and_it_comes_from_the_largest(federation, alpha, seed):
    labels, contributors = federation
    before = drawn(labels, contributors, alpha, np.random.default_rng(seed))
    parts = deal_dirichlet(labels, contributors, alpha, np.random.default_rng(seed))
    sizes = np.bincount(before, minlength=contributors)
    lacking = int(np.maximum(2 - sizes, 0).sum())
    stays = sum(
        np.isin(part, np.flatnonzero(before == i)).sum() for i, part in enumerate(parts)
    )
    assert stays == labels.size - lacking  # all of them, where nobody is short
    while sizes.min() < 2:
        sizes[sizes.argmax()] -= 1
        sizes[sizes.argmin()] += 1
    assert sorted(len(part) for part in parts) == sorted(sizes.tolist())


def test_who_draws_too_few_has_two_and_not_another_draw():
    # One of two gets at most 2 of 20 by a share of at most .125 (2.5 rounds to 2).
    labels = np.zeros(20, dtype=int)
    least = [
        min(len(part) for part in deal_dirichlet(labels, 2, 0.1, np.random.default_rng(seed)))
        for seed in range(400)
    ]
    expected = 2 * beta.cdf(0.125, 0.1, 0.1)  # .87
    assert np.mean(np.array(least) == 2) == pytest.approx(expected, abs=0.07)  # 4 sd


@pytest.mark.parametrize("alpha", [5e-324, 1e-300, 0.05, 1.0, 1e300, 1e308, np.inf])
def test_nobody_is_dealt_more_than_another_in_the_mean(alpha):
    labels, deals = np.arange(60) % 3, 1500
    sizes = np.array(
        [
            [len(p) for p in deal_dirichlet(labels, 20, alpha, np.random.default_rng(seed))]
            for seed in range(deals)
        ]
    )
    # Of 2 to 22 with a mean of 3 the variance is at most (22 - 3)(3 - 2) (Bhatia, Davis).
    assert np.abs(sizes.mean(axis=0) - 3).max() < 4.5 * np.sqrt(19 / deals)
    assert (sizes.std() < 1) == (alpha > 1)


@pytest.mark.parametrize("alpha", [5e-324, 1e-310, 1e-300, 1e-3])
def test_at_a_tiny_alpha_everybody_is_as_likely_to_hold_a_class_alone(alpha):
    labels, deals = np.zeros(100, dtype=int), 2000
    times = np.zeros(5)
    for seed in range(deals):
        parts = deal_dirichlet(labels, 5, alpha, np.random.default_rng(seed))
        times[np.argmax([len(part) for part in parts])] += 1
    # Binomial(2000, 1/5): mean 400, standard deviation 17.9.
    assert np.abs(times - deals / 5).max() < 4.5 * 17.9


@given(federations(), st.integers(0, 2**32))
def test_infinite_alpha_deals_every_class_and_the_whole_evenly(federation, seed):
    labels, contributors = federation
    parts = deal_dirichlet(labels, contributors, np.inf, np.random.default_rng(seed))
    assert_dealt_out(parts, labels, contributors)
    held = np.array([np.bincount(labels[part], minlength=5) for part in parts])
    assert np.ptp(held, axis=0).max() <= 1
    assert np.ptp(held.sum(axis=1)) <= 1


@pytest.mark.parametrize(
    ("samples", "contributors", "alpha"),
    [
        (140_000, 10_000, 0.1),
        (140_000, 70_000, 0.1),
        (140_000, 10_000, 1e-3),
        (1400, 700, 0.1),
    ],
)
def test_many_contributors_are_dealt_to_at_once(samples, contributors, alpha):
    labels = np.arange(samples) % 10
    began = process_time()
    parts = deal_dirichlet(labels, contributors, alpha, np.random.default_rng(0))
    assert process_time() - began < 5  # .05 to .4 s here; a thousand draws took 70
    assert len(parts) == contributors
    assert min(map(len, parts)) >= 2


def test_classes_are_dealt_out_independently():
    labels = np.repeat([0, 1], 1000)
    first, second = [], []
    for seed in range(300):
        parts = deal_dirichlet(labels, 4, 1.0, np.random.default_rng(seed))
        counts = [np.bincount(labels[part], minlength=2) for part in parts]
        first.append(counts[0][0])
        second.append(counts[0][1])
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.2  # 3.5 standard errors


def test_which_members_of_a_class_go_where_is_random():
    parts = deal_dirichlet(np.zeros(100, dtype=int), 2, 1e6, np.random.default_rng(0))
    assert parts[0].size in range(48, 53)
    assert parts[0].tolist() != list(range(parts[0].size))


@pytest.mark.parametrize(
    "deal", [deal_iid, lambda y, n, rng: deal_dirichlet(y, n, 0.4, rng)], ids=["iid", "dir"]
)
class TestBoth:
    labels = np.arange(60) % 3

    def test_same_seed_same_deal(self, deal):
        one, two, other = (
            deal(self.labels, 6, np.random.default_rng(seed)) for seed in (5, 5, 6)
        )
        assert [p.tolist() for p in one] == [p.tolist() for p in two]
        assert [p.tolist() for p in one] != [p.tolist() for p in other]

    def test_global_numpy_seed_plays_no_part(self, deal):
        np.random.seed(1)  # noqa: NPY002 - the global state is what is watched
        before = np.random.get_state()[1].copy()  # noqa: NPY002 - as above
        deal(self.labels, 6, np.random.default_rng(5))
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002 - as above

    def test_one_contributor_gets_everything(self, deal):
        (part,) = deal(self.labels, 1, np.random.default_rng(0))
        assert part.tolist() == list(range(60))

    def test_half_as_many_contributors_as_samples_get_two_each(self, deal):
        parts = deal(self.labels, 30, np.random.default_rng(0))
        assert {part.size for part in parts} == {2}

    @pytest.mark.parametrize("contributors", [-1, 0, 31])
    def test_too_few_samples_or_contributors_are_refused(self, deal, contributors):
        with pytest.raises(
            ValueError, match=f"between 1 and 30 for 60 training samples, got {contributors}"
        ):
            deal(self.labels, contributors, np.random.default_rng(0))


@pytest.mark.parametrize("samples", [0, 1])
@pytest.mark.parametrize("contributors", [0, 1, 2])
def test_fewer_samples_than_one_contributor_needs_are_refused(samples, contributors):
    with pytest.raises(ValueError, match=f"needs 2 training samples, and there are {samples}"):
        deal_iid(np.zeros(samples, dtype=int), contributors, np.random.default_rng(0))


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, -np.inf])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ValueError, match=f"alpha must be > 0, got {alpha}"):
        deal_dirichlet(np.arange(10), 2, alpha, np.random.default_rng(0))
