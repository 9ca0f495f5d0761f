"""What a coalition trains on and sends, by numbers that are known otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.prepare import Samples
from studies.redteam.attack import Attack
from studies.redteam.coalition import View, sent
from studies.redteam.poison import poisoned
from studies.redteam.trial import Tried

OWN = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
OTHERS = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
POISON = np.array([[0.0, 0.0, 4.0], [0.0, 0.0, 2.0]])


def view(trial=None):
    return View(
        own=OWN,
        trained=lambda: POISON,
        others=lambda: OTHERS,
        trial=trial,
        rng=np.random.default_rng(0),
    )


def test_inner_product_manipulation_is_minus_the_honest_mean():
    attack = Attack(direction="mean", scale=2.0, knowledge="updates")
    np.testing.assert_allclose(sent(attack, view()), [[-4.0, -4.0, -4.0]] * 2)


def test_who_sees_nobody_takes_the_coalition_for_the_others():
    np.testing.assert_allclose(sent(Attack(direction="mean"), view()), [[-0.5, -0.5, 0.0]] * 2)


def test_a_little_is_enough_is_the_mean_less_standard_deviations():
    attack = Attack(direction="alie", scale=1.5, knowledge="updates")
    np.testing.assert_allclose(sent(attack, view()), [[0.5, 2.0, 0.5]] * 2)


def test_copies_are_one_update_and_noise_tells_them_apart():
    one = sent(Attack(copies=True), view())
    np.testing.assert_allclose(one, [[0.0, 0.0, 3.0]] * 2)
    two = sent(Attack(copies=True, jitter=0.5), view())
    assert np.linalg.norm(two[0] - two[1]) > 0.1


def test_half_sends_the_most_poison_that_keeps_half_a_weight():
    def trial(updates):
        # The weight falls with the poison: half at a blend of .7.
        share = updates[0, 2] / 4.0
        return Tried(1.0 if share <= 0.7 else 0.0, share)

    attack = Attack(labels="shift", knowledge="rule", hiding="half")
    found = sent(attack, view(trial))[0, 2] / 4.0
    assert 0.7 - 1 / 16 <= found <= 0.7


def test_greedy_sends_what_harms_most():
    def trial(updates):
        share = updates[0, 2] / 4.0
        return Tried(0.0, -abs(share - 0.4))

    attack = Attack(labels="shift", knowledge="rule", hiding="greedy")
    np.testing.assert_allclose(sent(attack, view(trial)), 0.4 * POISON + 0.6 * OWN)


def test_a_rule_without_weights_cannot_be_hidden_from_and_is_harmed_most():
    attack = Attack(labels="shift", knowledge="rule", hiding="half")
    found = sent(attack, view(lambda updates: Tried(np.nan, updates[0, 2])))
    np.testing.assert_allclose(found, POISON)


def samples(n=40, classes=4):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % classes
    features = rng.normal(size=(n, 3)).astype(np.float32) + 10 * labels[:, None]
    return Samples(features.astype(np.float32), labels, classes)


@pytest.mark.parametrize("labels", ["random", "shift", "target", "pairs"])
def test_every_poisoned_label_is_wrong_and_the_others_are_right(labels):
    own, attack = samples(), Attack(labels=labels, poisoned=0.5)
    found = poisoned(own, attack, own, own, np.random.default_rng(0))
    assert (found.labels != own.labels).sum() == 20
    np.testing.assert_array_equal(found.features, own.features)


def test_pairs_go_to_the_nearest_class():
    own = samples()
    found = poisoned(own, Attack(labels="pairs"), own, own, np.random.default_rng(0))
    assert (np.abs(found.labels - own.labels) == 1).all()


def test_alignment_moves_features_to_the_wrong_class():
    own, attack = samples(), Attack(labels="shift", alignment=1.0)
    found = poisoned(own, attack, own, own, np.random.default_rng(0))
    for label in range(4):
        there = found.features[found.labels == label]
        mean = own.features[own.labels == label].mean(axis=0)
        np.testing.assert_allclose(there, np.broadcast_to(mean, there.shape), rtol=1e-4)


def test_rehearsal_adds_right_rows():
    own, right = samples(), samples(8)
    attack = Attack(labels="shift", rehearsal=0.5)
    found = poisoned(own, attack, own, right, np.random.default_rng(0))
    assert found.labels.size == 80
    np.testing.assert_array_equal(found.labels[40:48], right.labels)


def test_a_class_that_none_holds_is_not_pulled_to():
    own = samples().take(np.arange(0, 40, 4))  # class 0 alone
    attack = Attack(labels="pairs", alignment=0.5)
    found = poisoned(own, attack, own, own, np.random.default_rng(0))
    assert (found.labels == 1).all()
    np.testing.assert_array_equal(found.features, own.features)
