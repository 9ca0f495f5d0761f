"""What is kept for testing, and how features come to one scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from anml_fl.datasets.holdout import split
from anml_fl.datasets.standardise import standardised
from anml_fl.datasets.table import Table


def plain(features: np.ndarray) -> Table:
    n, width = features.shape
    return Table(features, np.arange(n) % 2, 2, None, np.zeros(width, dtype=bool))


@given(st.lists(st.integers(0, 6), max_size=40))
def test_a_split_is_refused_where_scikit_learn_cannot_make_one(labels):
    labels = np.array(labels, dtype=np.int64)
    try:
        train_test_split(np.arange(labels.size), test_size=0.2, stratify=labels)
    except ValueError:
        with pytest.raises(
            ValueError, match=r"^too few samples to keep a fifth for testing: of"
        ):
            split(labels, np.random.default_rng(0))
    else:
        train, test = split(labels, np.random.default_rng(0))
        assert np.sort(np.concatenate([train, test])).tolist() == list(range(labels.size))


def test_who_has_the_fewest_is_named():
    with pytest.raises(
        ValueError, match=r"of 5, class 4 has 1, class 7 has 4; 5 of each are enough$"
    ):
        split(np.array([7, 7, 4, 7, 7]), np.random.default_rng(0))
    sites = np.repeat([0, 1, 2, 3], [4, 3, 3, 4])
    with pytest.raises(
        ValueError, match=r"of 14, b has 3, c has 3, a has 4, d has 4; 5 of each"
    ):
        split(sites, np.random.default_rng(0), ("a", "b", "c", "d"))
    with pytest.raises(ValueError, match="class 3 has 1 and 2 more as many or more; 5 of"):
        split(np.arange(6), np.random.default_rng(0))


@given(st.integers(1, 8))
def test_five_of_each_are_enough(classes):
    train, test = split(np.arange(5 * classes) % classes, np.random.default_rng(0))
    assert (train.size, test.size) == (4 * classes, classes)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e8 + 0.1, 7.0, 0.0, -0.7])
def test_a_constant_that_rounding_spreads_is_zero_as_scikit_learn_has_it(value):
    column = np.full((1001, 1), value)
    column[-1] += 1  # a test row
    train = np.arange(1000)
    found = standardised(plain(column), train)
    expected = StandardScaler().fit(column[train]).transform(column)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found[:-1]).max() < 1e-6


def test_a_score_that_is_not_finite_is_told_with_its_place():
    features = np.array([[1.0, 0.0], [2.0, 1e-100], [1.0, 0.0], [3.0, 5.0]])
    with pytest.raises(
        ValueError, match="feature 1 of row 3, counted from 0, is not finite, or"
    ):
        standardised(plain(features), np.arange(3))
    features[2, 0] = np.inf
    with pytest.raises(ValueError, match="feature 0 of row 0, counted from 0, is not finite"):
        standardised(plain(features), np.arange(3))
