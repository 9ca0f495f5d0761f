"""What contributors give, and which classes look alike."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.datasets.holdout import split
from anml_fl.datasets.loading import load
from anml_fl.datasets.standardise import standardised
from studies.contributors import similar_classes
from studies.contributors.dealing import give, trial_stream
from studies.contributors.pooling import pooled
from studies.contributors.recipe import ContributorRecipe
from studies.contributors.similar_classes import (
    flips,
    least_confused_offset,
    most_confused_pairs,
)

PLAIN = ContributorRecipe()


def drawn(**settings):
    return give("digits", PLAIN.changed(**settings), seed=0, trial=0)


def true_labels(one):
    """Labels of the samples that nobody corrupts, by the same split."""
    return drawn(malicious=0.0, **one).targets


# ── Similar classes ─────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 9), min_size=36, max_size=36))
def test_pairs_are_the_best_of_all_matchings(numbers):
    found = np.array(numbers).reshape(6, 6)

    def mass(pairs):
        return sum(found[a, b] + found[b, a] for a, b in pairs)

    everything = max(
        mass([order[0:2], order[2:4], order[4:6]])
        for order in itertools.permutations(range(6))
    )
    pairs = most_confused_pairs(found)
    assert sorted(one for pair in pairs for one in pair) == list(range(6))
    assert mass(pairs) == everything


def test_known_pairs_stay_and_an_odd_class_is_left_over():
    found = np.zeros((5, 5), int)
    found[0, 1] = found[3, 4] = 9
    found[2, 3] = 1
    assert most_confused_pairs(found, fixed=((0, 2),)) == ((0, 2), (3, 4))
    assert set(most_confused_pairs(found)) == {(0, 1), (3, 4)}


def test_offset_is_that_of_least_confusion():
    found = np.ones((4, 4), int)
    found[np.arange(4), (np.arange(4) + 2) % 4] = 0
    assert least_confused_offset(found) == 2


def test_digits_in_both_versions():
    assert flips("digits", "paper") == (5, ((3, 5), (4, 7), (0, 2), (1, 9), (6, 8)))
    found = flips("digits", "confusion")
    counts = similar_classes.confusion("digits")
    assert counts.sum(axis=1).tolist() == np.bincount(load("digits").labels).tolist()
    least = min(
        sum(counts[own, (own + step) % 10] for own in range(10)) for step in range(1, 10)
    )
    assert sum(counts[own, (own + found.offset) % 10] for own in range(10)) == least
    with pytest.raises(ValueError, match="needs 10 classes, and wine has 3"):
        flips("wine", "paper")


@pytest.mark.skipif(
    not Path(os.environ.get("ANML_DATA_DIR", ""), "fashion_mnist_test10k.npz").is_file(),
    reason="ANML_DATA_DIR holds no fashion_mnist_test10k.npz",
)
def test_fashion_keeps_its_known_pairs():
    found = flips("fashion_mnist", "confusion")
    assert {(0, 6), (2, 4), (7, 9)} < set(found.pairs)
    assert sorted(one for pair in found.pairs for one in pair) == list(range(10))


# ── Dealing ─────────────────────────────────────────────────────────────────────────────────


def test_malicious_ones_have_wrong_labels_alone():
    given = drawn()
    assert given.malicious.sum() == 4
    assert (given.bad == given.malicious[given.holder]).all()
    counts = np.bincount(given.holder)
    assert (counts.min(), counts.max(), counts.sum()) == (143, 144, 1437)


@pytest.mark.parametrize("subtle", [0.0, 0.3, 1.0])
def test_mixture_has_the_share_of_subtle_labels(subtle):
    given, truth = drawn(subtle=subtle), true_labels({})
    assert ((given.targets != truth) == given.bad).all()
    partner = np.array([2, 9, 0, 5, 7, 3, 8, 4, 6, 1])
    to_partner = given.targets == partner[truth]
    for who in np.flatnonzero(given.malicious):
        mine = given.holder == who
        assert to_partner[mine].sum() == round(subtle * mine.sum())
    obvious = given.bad & ~to_partner
    assert (given.targets[obvious] == (truth[obvious] + 5) % 10).all()


def test_random_obvious_labels_are_of_every_class():
    given, truth = drawn(subtle=0.0, obvious="random"), true_labels({})
    steps = np.bincount((given.targets - truth)[given.bad] % 10, minlength=10)
    assert steps[0] == 0
    assert steps[1:].min() > 30  # 575 / 9 = 64 expected each, standard deviation 7.5


@pytest.mark.parametrize("corrupted", [1.0, 0.15])
def test_spread_corruption_has_as_many_wrong_labels(corrupted):
    together, spread = (drawn(corrupted=corrupted, spread=s) for s in (False, True))
    assert together.bad.sum() == spread.bad.sum() > 0
    shares = np.bincount(spread.holder, spread.bad) / np.bincount(spread.holder)
    assert np.ptp(shares) < 0.02
    assert not spread.malicious.any()


def test_share_of_corrupted_samples_is_exact():
    given = drawn(corrupted=0.2)
    for who in range(10):
        mine = given.holder == who
        wanted = round(0.2 * mine.sum()) if given.malicious[who] else 0
        assert given.bad[mine].sum() == wanted


def test_fewer_samples_are_some_of_the_more():
    few, more = drawn(samples=20), drawn(samples=50)
    assert np.bincount(few.holder).tolist() == [20] * 10
    held = [{row.tobytes() for row in one.features} for one in (few, more)]
    assert held[0] < held[1]
    with pytest.raises(ValueError, match="samples must be <= 143"):
        drawn(samples=144)


def test_split_and_malicious_ones_are_the_same_under_every_mixture():
    one, other = drawn(), drawn(subtle=0.1, pairs="confusion", samples=40)
    assert one.malicious.tolist() == other.malicious.tolist()
    assert one.test_features.tobytes() == other.test_features.tobytes()
    again = drawn()
    assert one.targets.tobytes() == again.targets.tobytes()
    assert drawn(malicious=0.0).bad.sum() == 0


def test_samples_of_a_contributor_are_the_truth_of_its_features():
    table = load("digits")
    given = drawn(malicious=0.0)
    rows = {row.tobytes(): y for row, y in zip(given.features, given.targets, strict=True)}
    train, _ = split(table.labels, trial_stream("digits", 0, 0, "split"))
    features = standardised(table, train)
    assert all(rows[features[i].tobytes()] == table.labels[i] for i in train)


def test_pooling_averages_squares():
    images = np.random.default_rng(0).random((3, 2 * 4 * 6)).astype(np.float32)
    small, shape = pooled(images, (2, 4, 6), 2)
    assert shape == (2, 2, 3)
    cube = images.reshape(3, 2, 4, 6)
    expected = cube[1, 1, 2:4, 4:6].mean()
    assert small.reshape(3, 2, 2, 3)[1, 1, 1, 2] == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ValueError, match="pool must divide"):
        pooled(images, (2, 4, 6), 3)
    with pytest.raises(ValueError, match="pool must divide"):
        pooled(images, None, 2)
