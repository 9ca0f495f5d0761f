"""Dealing out: every sample to one contributor, nobody short, as skewed as asked."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_deal_that_leaves_somebody_short_is_drawn_again():
    # One of two gets exactly 2 of 20 in .25 of the deals that leave nobody short: the mass of
    # Beta(.1, .1) in [.075, .125] over that in [.075, .5]. Made up to 2 by the other: .87.
    labels = np.zeros(20, dtype=int)
    least = [
        min(len(part) for part in deal_dirichlet(labels, 2, 0.1, np.random.default_rng(seed)))
        for seed in range(400)
    ]
    assert np.mean(np.array(least) == 2) == pytest.approx(0.25, abs=0.09)


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


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ValueError, match=f"alpha must be > 0, got {alpha}"):
        deal_dirichlet(np.arange(10), 2, alpha, np.random.default_rng(0))
