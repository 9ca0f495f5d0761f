"""The sample-level v and r: shares and ranges of the paper's scenarios."""

import numpy as np
import pytest

from studies.sample.drawing import GROUPS, draw
from studies.sample.recipe import Recipe
from studies.sample.signals import signals

TRIALS = 20


def collected(recipe, what):
    parts = []
    for trial in range(TRIALS):
        drawn = draw("wine", recipe, seed=0, trial=trial)
        parts.append(what(drawn, signals("wine", drawn, recipe, seed=0, trial=trial)))
    return np.concatenate(parts)


def near(share, values):
    return pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / values.size) + 1e-9)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_correlated_signal_tells_the_truth_that_often(rho):
    recipe = Recipe(scenario="correlated", rho=rho)
    right = collected(recipe, lambda drawn, known: known.s == ~drawn.bad)
    assert right.mean() == near(rho, right)
    noise = collected(recipe, lambda drawn, known: known.s[(known.s > 0) & (known.s < 1)])
    if rho < 1:
        assert noise.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / noise.size))


def test_naive_attackers_have_nothing_to_show():
    recipe = Recipe(scenario="naive")
    v = collected(recipe, lambda drawn, known: known.v[drawn.attacker])
    r = collected(recipe, lambda drawn, known: known.r[drawn.attacker])
    assert (v.min(), v.max()) == pytest.approx((0.10, 0.25), abs=0.01)
    assert (r.min(), r.max()) == pytest.approx((0.15, 0.35), abs=0.01)


def test_three_of_five_attackers_fake_both_and_honest_signals_stay():
    recipe = Recipe(scenario="faked")
    v = collected(recipe, lambda drawn, known: known.v[drawn.attacker])
    r = collected(recipe, lambda drawn, known: known.r[drawn.attacker])
    np.testing.assert_array_equal(v >= 0.70, r >= 0.65)
    assert (v >= 0.70).mean() == near(0.6, v)
    honest = collected(recipe, lambda drawn, known: known.v[~drawn.attacker])
    # Moderate: 70 % verified, the rest in the middle.
    assert (honest >= 0.70).mean() == near(0.7, honest)


def test_spectrum_has_the_ranges_of_its_groups():
    recipe = Recipe(beta=0.25, scenario="spectrum", groups=True)
    ranges = {
        "attackers": (0.10, 0.25, 0.15, 0.35),
        "novices": (0.40, 0.60, 0.30, 0.50),
        "intermediates": (0.60, 0.75, 0.50, 0.70),
        "experts": (0.80, 0.95, 0.80, 0.95),
    }
    for place, name in enumerate(GROUPS):
        v = collected(recipe, lambda drawn, known, place=place: known.v[drawn.group == place])
        r = collected(recipe, lambda drawn, known, place=place: known.r[drawn.group == place])
        low_v, high_v, low_r, high_r = ranges[name]
        assert (v.min(), v.max()) == pytest.approx((low_v, high_v), abs=0.01)
        assert (r.min(), r.max()) == pytest.approx((low_r, high_r), abs=0.01)


@pytest.mark.parametrize(
    ("bonus", "raised"),
    [("none", []), ("novices", ["novices"]), ("newcomers", ["attackers", "novices"])],
)
def test_bonus_raises_who_it_is_for(bonus, raised):
    recipe = Recipe(beta=0.25, scenario="spectrum", groups=True, bonus=bonus)
    for place, name in enumerate(GROUPS):
        r = collected(recipe, lambda drawn, known, place=place: known.r[drawn.group == place])
        before = collected(
            recipe.changed(bonus="none"),
            lambda drawn, known, place=place: known.r[drawn.group == place],
        )
        np.testing.assert_array_equal(r, np.maximum(before, 0.4) if name in raised else before)


def test_spectrum_without_groups_is_refused():
    recipe = Recipe(scenario="spectrum")
    drawn = draw("wine", recipe, seed=0, trial=0)
    with pytest.raises(ValueError, match="groups = true"):
        signals("wine", drawn, recipe, seed=0, trial=0)


def test_T_is_the_decay_of_the_age():
    recipe = Recipe(decay_rate=0.5)
    drawn = draw("wine", recipe, seed=0, trial=0)
    known = signals("wine", drawn, recipe, seed=0, trial=0)
    np.testing.assert_allclose(np.log(known.T), -0.5 * drawn.age)
    assert drawn.age.min() >= 0
    assert drawn.age.max() <= 10
