"""What ByzFL's attacks send, where it has the same ones."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.behaviours._optimised import most_harmful
from anml_fl.behaviours.alie import little_below
from anml_fl.behaviours.ipm import against_mean
from studies.benchmarks.byzfl_modules import byzfl_module

HONEST = np.random.default_rng(4).normal(0.5, 2.0, size=(9, 300))


@pytest.fixture(scope="module")
def attacks():
    return byzfl_module("attacks")


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 100.0])
def test_ipm_is_the_same(attacks, epsilon):
    theirs = attacks.InnerProductManipulation(tau=epsilon)(HONEST)
    np.testing.assert_allclose(against_mean(HONEST, epsilon), theirs, rtol=1e-9)


def test_its_sign_flip_is_ipm_of_strength_one(attacks):
    np.testing.assert_allclose(against_mean(HONEST, 1.0), attacks.SignFlipping()(HONEST))


@pytest.mark.parametrize("z", [0.3, 1.5])
def test_alie_is_the_same_on_the_other_side_and_for_its_estimate_of_sigma(attacks, z):
    theirs = attacks.ALittleIsEnough(tau=z)(HONEST)
    # Theirs divides by m - 1.
    m = len(HONEST)
    ours = little_below(HONEST, -z * (m / (m - 1)) ** 0.5)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("rule", ["Median", "TrMean", "Average"])
def test_the_optimised_factor_harms_as_much_as_theirs(attacks, rule):
    given = {"f": 3} if rule == "TrMean" else {}
    theirs = getattr(byzfl_module("aggregators"), rule)(**given)

    def aggregate(sent):
        return theirs(np.vstack([HONEST, np.tile(sent, (3, 1))]))

    mean = HONEST.mean(axis=0)

    def harm(sent):
        return np.linalg.norm(aggregate(sent) - mean)

    found = most_harmful(lambda t: against_mean(HONEST, t), aggregate, mean, usual=0.1)
    optimal = attacks.Optimal_InnerProductManipulation(
        agg=theirs, pre_agg_list=[], f=3, evals=20
    )(HONEST)
    most = min(harm(optimal), harm(against_mean(HONEST, 100.0)))
    assert harm(against_mean(HONEST, found)) >= 0.99 * most
