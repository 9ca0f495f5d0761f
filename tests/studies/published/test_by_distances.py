"""Rules by distances alone do what rules on the gradients themselves do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from anml_fl.method.robust.centred_clipping import centred_clipping
from anml_fl.method.robust.geometric_median import geometric_median
from anml_fl.method.robust.nnm import nnm
from studies.published.bucketing_3 import Bucketing, _Aggregator, _Attacker
from studies.published.by_distances import between, clipped, squared, weiszfeld
from studies.published.byzfl_heatmap import _aggregated


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(9, 40)) + 3).astype(np.float32)


def test_distances_are_those_of_the_coordinates(points):
    wanted = cdist(points.astype(np.float64), points.astype(np.float64), "sqeuclidean")
    np.testing.assert_allclose(squared(points), wanted, rtol=1e-4, atol=1e-4)
    products = points.astype(np.float64) @ points.T.astype(np.float64)
    np.testing.assert_allclose(between(products), wanted, rtol=1e-9, atol=1e-9)


def test_many_steps_find_the_geometric_median(points):
    begun = np.concatenate([points, np.zeros_like(points[:1])])
    shares = weiszfeld(squared(begun), steps=200, nu=1e-9)
    assert shares[-1] == 0
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(
        shares[:-1] @ points, geometric_median(points) @ points, atol=1e-3
    )


def test_few_steps_from_zero_are_those_on_coordinates(points):
    """Weiszfeld's steps as Bucketing's and ByzFL's code takes them, on the points."""
    z = np.zeros(points.shape[1])
    for _ in range(3):
        pulls = 1 / np.maximum(np.linalg.norm(points - z, axis=1), 0.1)
        z = pulls @ points / pulls.sum()
    begun = np.concatenate([points, np.zeros_like(points[:1])])
    np.testing.assert_allclose(
        weiszfeld(squared(begun), steps=3, nu=0.1) @ begun, z, atol=1e-4
    )


@pytest.mark.parametrize("radius", [0.5, 5.0, 500.0])
def test_centred_clipping_is_that_on_the_coordinates(points, radius):
    centre = np.full_like(points[0], 0.5)
    wanted, _ = centred_clipping(points, centre, np.ones(9) / 9, radius=radius, steps=3)
    begun = np.concatenate([points, centre[None]])
    shares = clipped(squared(begun), radius=radius, steps=3)
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares @ begun, wanted, atol=1e-4)


@pytest.mark.parametrize("n", [8, 9])
def test_the_median_is_numpys(points, n):
    found = _Aggregator("median", Bucketing(), 0)(points[:n])
    np.testing.assert_allclose(found, np.median(points[:n], axis=0), rtol=1e-6)


def test_krum_takes_the_least_sum_of_fourth_powers(points):
    """Of the n - f - 2 nearest: 9 - 5 - 2."""
    far = np.sort(cdist(points, points), axis=1)[:, 1:3]
    wanted = points[np.argmin((far**4).sum(axis=1))]
    np.testing.assert_array_equal(_Aggregator("krum", Bucketing(), 0)(points), wanted)


def test_the_radius_grows_with_what_momentum_adds_up_to(points):
    far = 1000 * points
    equal = np.ones(9) / 9
    for momentum, radius in ((0.0, 10), (0.9, 100)):
        wanted, _ = centred_clipping(far, np.zeros(40), equal, radius=radius, steps=3)
        found = _Aggregator("centred_clipping", Bucketing(momentum=momentum), 0)(far)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-2)


def test_alie_goes_below_by_the_deviation_of_a_sample(points):
    honest = np.concatenate([points, points + 1, points[:2]])  # 20
    sent = _Attacker("ALIE")(honest, honest[:0], 0)
    z = 0.2533471  # Phi^-1(12 / 20)
    wanted = honest.mean(axis=0) - z * honest.std(axis=0, ddof=1)
    np.testing.assert_allclose(sent, np.tile(wanted, (5, 1)), rtol=1e-5)


def test_who_is_copied_first_is_copied_for_good(points):
    honest = points.copy()
    honest[4] += 50
    attacker = _Attacker("mimic")
    np.testing.assert_array_equal(attacker(honest, honest[:0], 0), honest[[4] * 5])
    honest[6] += 500
    np.testing.assert_array_equal(attacker(honest, honest[:0], 1), honest[[4] * 5])


@pytest.mark.parametrize("rule", ["trimmed_mean", "geometric_median"])
def test_clipping_mixing_and_a_rule_are_those_on_the_coordinates(points, rule):
    sent = (points - 3) * np.linspace(0.05, 1, 9, dtype=np.float32)[:, None]
    wide = sent.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    cut = wide * np.minimum(1, 2 / lengths)
    mixed = nnm(cdist(cut, cut), 2) @ cut
    if rule == "trimmed_mean":
        wanted = np.sort(mixed, axis=0)[2:-2].mean(axis=0)
    else:
        wanted = np.zeros(40)
        for _ in range(3):
            pulls = 1 / np.maximum(np.linalg.norm(mixed - wanted, axis=1), 0.1)
            wanted = pulls @ mixed / pulls.sum()
    np.testing.assert_allclose(_aggregated(rule, 2, sent), wanted, atol=1e-5)
