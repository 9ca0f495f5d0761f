"""What a trial draws: who is bad, how, and that nothing else moves with it."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine

from studies.sample.drawing import GROUPS, draw
from studies.sample.recipe import Recipe

TRAIN = 142  # 178 - ceil(0.2 * 178)


def true_labels(features, table):
    """Find each row in the data by its features: standardising keeps them different."""
    x, y = table
    matches = [np.flatnonzero(np.abs(x - row).max(axis=1) < 1e-4) for row in features]
    assert all(len(match) == 1 for match in matches)
    return y[np.concatenate(matches)]


@pytest.fixture(scope="module")
def wine():
    """Wine as the first trial without bad labels standardises it."""
    clean = draw("wine", Recipe(beta=0.0), seed=0, trial=0)
    features = np.vstack([clean.features, clean.test_features])
    return features, np.concatenate([clean.targets, clean.test_targets])


def test_split_is_stratified_and_standardised_by_the_training_part(wine):
    drawn = draw("wine", Recipe(), seed=0, trial=0)
    assert drawn.features.shape == (TRAIN, 13)
    assert drawn.features.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert drawn.features.std(axis=0) == pytest.approx(1, abs=1e-5)
    counts = np.bincount(load_wine(return_X_y=True)[1])
    assert np.abs(np.bincount(drawn.test_targets) - 0.2 * counts).max() < 1


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.3, 0.5])
def test_a_share_beta_has_a_wrong_label_and_nobody_else(wine, beta):
    drawn = draw("wine", Recipe(beta=beta), seed=0, trial=0)
    wrong = drawn.targets != true_labels(drawn.features, wine)
    np.testing.assert_array_equal(wrong, drawn.bad)
    assert drawn.bad.sum() == round(beta * TRAIN)


def test_wrong_labels_are_uniform_over_the_wrong_classes(wine):
    steps = np.concatenate(
        [
            (drawn.targets - clean.targets)[drawn.bad] % 3
            for trial in range(30)
            for drawn, clean in [
                (
                    draw("wine", Recipe(), seed=0, trial=trial),
                    draw("wine", Recipe(beta=0.0), seed=0, trial=trial),
                )
            ]
        ]
    )
    assert set(steps) == {1, 2}
    assert np.mean(steps == 1) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(steps.size))


def test_aligned_poison_moves_a_fifth_of_the_way():
    clean = draw("wine", Recipe(beta=0.0), seed=0, trial=1)
    drawn = draw("wine", Recipe(attack="aligned"), seed=0, trial=1)
    np.testing.assert_array_equal(drawn.features[~drawn.bad], clean.features[~drawn.bad])
    members = np.flatnonzero(drawn.bad)
    centroids = np.stack(
        [clean.features[members][clean.targets[members] == c].mean(axis=0) for c in range(3)]
    )
    for i in members:
        way = centroids[drawn.targets[i]] - clean.features[i]
        assert drawn.targets[i] != clean.targets[i]
        np.testing.assert_allclose(drawn.features[i], clean.features[i] + 0.2 * way, atol=1e-5)


def test_label_drift_is_the_likelier_the_older():
    recipe = Recipe(beta=0.3, drift="label", drift_rate=0.4)
    stale, oldness = [], []
    for trial in range(60):
        drawn = draw("wine", recipe, seed=0, trial=trial)
        assert set(drawn.age) <= {0.0, 1.0, 2.0, 3.0, 4.0}
        stale.append((drawn.bad & ~drawn.attacker)[~drawn.attacker])
        oldness.append(drawn.age[~drawn.attacker])
    stale, oldness = np.concatenate(stale), np.concatenate(oldness)
    for age in range(5):
        share, n = stale[oldness == age].mean(), np.sum(oldness == age)
        assert share == pytest.approx(0.1 * age, abs=4 * np.sqrt(0.25 / n))


def test_feature_drift_shifts_the_oldest_by_the_rate_and_no_label():
    still = draw("wine", Recipe(drift="feature"), seed=0, trial=0)
    drawn = draw("wine", Recipe(drift="feature", drift_rate=2.0), seed=0, trial=0)
    np.testing.assert_array_equal(drawn.targets, still.targets)
    shift = np.abs(drawn.features - still.features)
    np.testing.assert_allclose(
        shift, np.broadcast_to(drawn.age[:, None] / 2, shift.shape), atol=1e-5
    )


def test_groups_are_a_quarter_and_thirds_of_the_rest():
    recipe = Recipe(beta=0.25, groups=True, scenario="spectrum", group_noise=True)
    drawn = draw("wine", recipe, seed=0, trial=0)
    sizes = np.bincount(drawn.group)
    assert sizes[0] == round(0.25 * TRAIN) == drawn.attacker.sum()
    assert sizes[1:].max() - sizes[1:].min() <= 1
    for group, share in enumerate((1.0, 0.15, 0.08, 0.02)):
        members = drawn.group == group
        assert drawn.bad[members].sum() == round(share * sizes[group]), GROUPS[group]


def test_trials_differ_and_a_trial_is_the_same_twice():
    one, same, other = (draw("wine", Recipe(), seed=0, trial=t) for t in (0, 0, 1))
    np.testing.assert_array_equal(one.targets, same.targets)
    assert (one.bad != other.bad).any()
    # More of the bad are bad at a higher beta: conditions are compared on the same draws.
    more = draw("wine", Recipe(beta=0.4), seed=0, trial=0)
    assert (more.bad | ~one.bad).all()


def test_fraction_keeps_that_much():
    drawn = draw("wine", Recipe(train_fraction=0.2), seed=0, trial=0)
    assert drawn.features.shape[0] == round(0.2 * TRAIN)
    assert drawn.bad.sum() == round(0.3 * drawn.features.shape[0])


def test_regression_shifts_by_two_standard_deviations():
    clean = draw("diabetes", Recipe(beta=0.0), seed=0, trial=0)
    drawn = draw("diabetes", Recipe(), seed=0, trial=0)
    moved = drawn.targets - clean.targets
    np.testing.assert_allclose(np.abs(moved[drawn.bad]), 2.0, atol=1e-5)
    assert not moved[~drawn.bad].any()
    assert drawn.bad.sum() == round(0.3 * round(0.8 * 442))
    assert clean.targets.std() == pytest.approx(1.0, abs=1e-5)
    y = load_diabetes(return_X_y=True)[1]
    assert drawn.unit == pytest.approx(y.std(), rel=0.1)


@pytest.mark.parametrize(
    "settings", [{"attack": "aligned"}, {"groups": True}, {"drift": "label"}]
)
def test_regression_refuses_what_it_cannot_have(settings):
    with pytest.raises(ValueError, match="regression"):
        draw("diabetes", Recipe().changed(**settings), seed=0, trial=0)
