"""The rules by distance and length: what they make of a cohort."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.method.krum import consistency, krum_scores
from anml_fl.plugins import RULES
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort
from strategies.context import Context
from strategies.usable import usable
from studies.benchmarks.byzfl_modules import byzfl_module

MINE = ("geometric_median", "centred_clipping", "meamed", "cge", "norm_clipping")


def decide(name, updates, examples=None, state=None, **settings):
    updates = np.asarray(updates, np.float32)
    n, d = updates.shape
    scores, ones = krum_scores(updates) if n >= 4 else np.zeros(n), np.ones(n)
    cohort = Cohort(
        tuple(f"c{i}" for i in range(n)),
        updates,
        scores,
        consistency(scores),
        Signals(ones, ones, ones),
        ones if examples is None else np.asarray(examples, float),
    )
    context = Context(1, np.zeros(d, np.float32), Aggregation(**settings), state or {})
    return usable(RULES.load(name)(cohort, context), name, cohort)


@pytest.mark.parametrize(("n", "f"), [(10, 2), (20, 6)])
def test_older_rules_agree_with_byzfl(n, f):
    theirs = byzfl_module("aggregators")
    updates = np.random.default_rng(n).standard_normal((n, 30))
    for name, settings, other in (
        ("fedavg", {}, theirs.Average()),
        ("median", {}, theirs.Median()),
        ("trimmed_mean", {"trim": f / n}, theirs.TrMean(f)),
    ):
        found = decide(name, updates, **settings).update
        np.testing.assert_allclose(found, other(updates), atol=1e-6)
    # Theirs counts one neighbour more than the paper.
    scores = krum_scores(updates, n_byzantine=f - 1)
    np.testing.assert_array_equal(updates[scores.argmin()], theirs.Krum(f)(updates))


def test_geometric_median_counts_examples_and_says_the_shares_that_made_it():
    updates = np.random.default_rng(0).standard_normal((6, 3))
    decision = decide("geometric_median", updates, [1, 1, 1, 1, 1, 50])
    # More than half of the weight lies in one point.
    np.testing.assert_allclose(decision.update, updates[5], atol=1e-3)
    assert decision.weights[5] > 0.99
    again = decide("geometric_median", updates)
    np.testing.assert_allclose(again.update, again.weights @ updates, atol=1e-6)
    assert again.selected.all()


def test_centred_clipping_goes_on_from_its_last_update():
    first = decide("centred_clipping", [[1.0], [2.0], [30.0]], clipping_radius=3.0)
    np.testing.assert_allclose(first.update, [2.0])
    np.testing.assert_allclose(first.weights, np.array([1, 1, 0.1]) / 2.1)
    second = decide(
        "centred_clipping", [[1.0], [2.0], [30.0]], state=first.state, clipping_radius=3.0
    )
    # From 2: -1, 0, and 3 of 28.
    np.testing.assert_allclose(second.update, [2 + 2 / 3], rtol=1e-6)
    twice = decide(
        "centred_clipping", [[1.0], [2.0], [30.0]], clipping_radius=3.0, clipping_steps=2
    )
    np.testing.assert_allclose(twice.update, second.update, rtol=1e-6)


def test_centred_clipping_counts_examples_and_forgets_another_models_centre():
    state = {"centre": np.ones(7, np.float32)}
    decision = decide(
        "centred_clipping", [[1.0], [2.0]], [3, 1], state=state, clipping_radius=100.0
    )
    np.testing.assert_allclose(decision.update, [1.25])


def test_centred_clipping_of_one_who_is_clipped_to_nothing():
    decision = decide("centred_clipping", [[0.0], [0.0], [5.0]])
    np.testing.assert_allclose(decision.update, [0.0])
    np.testing.assert_allclose(decision.weights, [0.5, 0.5, 0.0])
    np.testing.assert_array_equal(decision.selected, [True, True, False])


@pytest.mark.parametrize(("settings", "kept"), [({}, 7), ({"n_byzantine": 1}, 9)])
def test_meamed_and_cge_bear_as_many_as_krum(settings, kept):
    sizes = np.arange(1.0, 11.0)
    short = decide("cge", sizes[:, None], **settings)
    assert short.selected.sum() == kept
    np.testing.assert_allclose(short.update, [sizes[:kept].mean()])
    around = decide("meamed", sizes[:, None], **settings)
    near = sorted(sizes, key=lambda x: (abs(x - 5.5), x))[:kept]
    np.testing.assert_allclose(around.update, [np.mean(near)])
    assert np.isnan(around.weights).all()


def test_cge_counts_examples():
    decision = decide("cge", [[1.0], [2.0], [9.0]], [1, 3, 1], n_byzantine=1)
    np.testing.assert_allclose(decision.update, [1.75])
    np.testing.assert_allclose(decision.weights, [0.25, 0.75, 0.0])


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_zeros_and_copies_are_no_trouble(name, n):
    for updates in (np.zeros((n, 2)), np.full((n, 2), 3.0)):
        np.testing.assert_allclose(decide(name, updates).update, updates[0], rtol=1e-6)


@pytest.mark.parametrize("name", ["geometric_median", "centred_clipping", "meamed", "cge"])
@pytest.mark.parametrize("far", [1e4, 3e38])
def test_three_of_ten_cannot_carry_it_away(name, far):
    honest = np.random.default_rng(0).standard_normal((7, 5))
    updates = np.vstack([np.full((3, 5), far), honest])
    found = decide(name, updates, n_byzantine=3).update
    assert np.linalg.norm(found - honest.mean(axis=0)) <= 3.0
