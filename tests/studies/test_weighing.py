"""Methods by name: each is the formula that it says."""

import numpy as np
import pytest

from anml_fl.method.combination import softmax_blend, two_stage
from studies.sample.recipe import Recipe
from studies.sample.signals import Signals
from studies.sample.weighing import check_method, weigh

Q = np.array([0.9, 0.5, 0.2, 0.7])
KNOWN = Signals(
    v=np.array([0.8, 0.2, 0.4, 0.6]),
    r=np.array([0.7, 0.3, 0.2, 0.5]),
    T=np.array([1.0, 0.5, 0.9, 0.2]),
)
BAD = np.array([False, True, True, False])
SCORES = {"loss": np.array([-0.1, -3.0, -2.0, -0.5])}


def weights(method, recipe=None):
    return weigh(method, Q, KNOWN, recipe or Recipe(), bad=BAD, scores=SCORES).weights


@pytest.mark.parametrize("name", ["q", "v", "r", "T", "q*v", "v*r", "r*v", "q*v*r*T", "q*T"])
def test_product_multiplies_what_it_names(name):
    factors = {"q": Q, "v": KNOWN.v, "r": KNOWN.r, "T": KNOWN.T}
    product = np.prod([factors[letter] for letter in name.split("*")], axis=0)
    np.testing.assert_allclose(weights(name), product / product.sum())


def test_krum_is_q_and_uniform_selects_nothing():
    np.testing.assert_allclose(weights("krum"), Q / Q.sum())
    uniform = weigh("uniform", Q, KNOWN, Recipe(), bad=BAD, scores={})
    np.testing.assert_allclose(uniform.weights, 0.25)
    assert not uniform.select


def test_blends_take_the_recipe_s_settings():
    recipe = Recipe(alpha=0.3, tau=0.2, tau_h=0.05, tau_c=0.9)
    s = KNOWN.v * KNOWN.r
    np.testing.assert_allclose(
        weights("softmax_blend", recipe), softmax_blend(Q, s, alpha=0.3, tau=0.2).weights
    )
    np.testing.assert_allclose(
        weights("softmax_blend*T", recipe),
        softmax_blend(Q, s, KNOWN.T, alpha=0.3, tau=0.2).weights,
    )
    decided = weigh("two_stage", Q, KNOWN, recipe, bad=BAD, scores={})
    assert decided.branch == two_stage(Q, s, tau_h=0.05, tau_c=0.9).branch == "uniform"
    assert weigh("two_stage*T", Q, KNOWN, recipe, bad=BAD, scores={}).weights[1] < 0.25


def test_baseline_prefers_the_higher_score_and_oracle_knows():
    order = np.argsort(-weights("loss"))
    np.testing.assert_array_equal(order, [0, 3, 2, 1])
    np.testing.assert_allclose(weights("oracle"), [0.5, 0, 0, 0.5])


@pytest.mark.parametrize("name", ["", "q*", "q*q", "x", "krum*T", "Q", "q v", "softmax", "*T"])
def test_unknown_method_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match="known: uniform, krum"):
        check_method(name)
