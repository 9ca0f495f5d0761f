"""What attackers do to their samples, each against a plain double loop or a closed form."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from anml_fl.behaviour import Behaviour, behaviour, behaviour_in_round
from anml_fl.behaviours.gradient_aligned import aligned
from anml_fl.behaviours.honest import honest
from anml_fl.behaviours.label_flip import flipped, mislabelled
from anml_fl.datasets.prepare import Samples
from anml_fl.plugins import BEHAVIOURS
from anml_fl.settings.attackers import Attackers

FLIPS = {
    "target": Attackers(flip_target=2),
    "offset": Attackers(flip_offset=1),
    "reversed": Attackers(flip_reversed=True),
}
# They change what was learned, and not what it was learned from.
ON_UPDATES = {
    *("sign_flip", "gaussian", "alie", "alie_optimised", "ipm", "ipm_optimised", "min_max"),
    *("min_sum", "mimic", "mimicry", "fang_krum", "fang_trimmed", "free_rider", "rop"),
    "sybil",
}


def rng(seed=0):
    return np.random.default_rng(seed)


def acted(name, samples, generator, attacks):
    """What a behaviour trains on in a round in which it attacks, if it ever does."""
    acting = behaviour(behaviour_in_round(name, 30, Attackers(good_rounds=1, bad_rounds=29)))
    return samples if acting.samples is None else acting.samples(samples, generator, attacks)


def same(one, other):
    return (
        one.features.tobytes() == other.features.tobytes()
        and one.labels.tolist() == other.labels.tolist()
        and one.classes == other.classes
    )


# ── All of them ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("attacks", [Attackers(), *FLIPS.values()], ids=["random", *FLIPS])
@pytest.mark.parametrize("name", BEHAVIOURS.names)
def test_inputs_are_never_modified(make_samples, name, attacks):
    samples = make_samples(width=5)
    before = copy.deepcopy(samples)
    changed = acted(name, samples, rng(), attacks)
    assert same(samples, before)
    assert same(changed, before) == (name in (*ON_UPDATES, "honest", "newcomer"))
    # What a behaviour returns can be trained on as it is.
    assert (changed.features.dtype, changed.labels.dtype) == (np.float32, np.int64)
    assert changed.features.shape == before.features.shape
    assert set(changed.labels.tolist()) <= set(range(changed.classes))


@pytest.mark.parametrize("name", BEHAVIOURS.names)
def test_same_generator_same_samples(make_samples, name):
    samples = make_samples(width=5)
    first, again = (acted(name, samples, rng(3), Attackers()) for _ in range(2))
    assert same(first, again)


@pytest.mark.parametrize("name", BEHAVIOURS.names)
def test_behaviours_are_objects_and_lead_to_none_that_changes_again(name):
    assert isinstance(behaviour(name), Behaviour)
    for server_round in range(1, 60):
        acting = behaviour_in_round(name, server_round, Attackers())
        assert behaviour(acting).in_round is None


@pytest.mark.parametrize(
    ("forger", "plain"),
    [
        ("credential_faking", "label_flip"),
        ("compromised_issuer", "gradient_aligned"),
        ("joint", "gradient_aligned"),
    ],
)
@pytest.mark.parametrize(
    "attacks", [Attackers(flip_fraction=0.4, feature_shift=0.7), *FLIPS.values()]
)
def test_forgers_do_to_samples_what_their_plain_kind_does(
    make_samples, forger, plain, attacks
):
    samples = make_samples()
    forged, usual = (acted(n, samples, rng(1), attacks) for n in (forger, plain))
    assert same(forged, usual)


def test_honest_contributor_draws_nothing_and_changes_nothing(make_samples):
    samples, generator = make_samples(), rng(1)
    assert acted("honest", samples, generator, Attackers()) is samples
    assert (honest.samples, honest.update, honest.credentials) == (None, None, None)
    assert generator.random() == rng(1).random()


@pytest.mark.parametrize("name", ["", "Honest", "label-flip"])
def test_unknown_behaviour_is_named_with_the_known_ones(name):
    with pytest.raises(ValueError, match="unknown behaviour") as caught:
        behaviour(name)
    meant = {"Honest": "did you mean honest", "label-flip": "did you mean label_flip"}
    told = meant.get(name, "known: honest, label_flip, gradient_aligned, credential_faking, ")
    assert str(caught.value).startswith(f"unknown behaviour {name!r}; {told}")


# ── Label flip ──────────────────────────────────────────────────────────────────────────────


@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 99))
def test_flipped_label_is_another_class(classes, n, seed):
    labels = rng(seed).integers(classes, size=n)
    samples = Samples(np.zeros((n, 1), np.float32), labels, classes)
    changed = flipped(samples, rng(seed), Attackers())
    assert (changed.labels != labels).all()
    assert ((changed.labels >= 0) & (changed.labels < classes)).all()
    assert changed.features is samples.features


@pytest.mark.parametrize("own", range(5))
def test_wrong_classes_are_equally_likely(own):
    n = 8000
    samples = Samples(np.zeros((n, 1), np.float32), np.full(n, own), 5)
    counts = np.bincount(flipped(samples, rng(own), Attackers()).labels, minlength=5)
    assert counts[own] == 0
    assert chisquare(np.delete(counts, own)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("fraction", "n", "changed"),
    [(0.0, 10, 0), (0.3, 10, 3), (0.25, 10, 2), (0.35, 10, 4), (0.5, 7, 4), (1.0, 10, 10)],
)
def test_fraction_of_the_labels_is_changed(fraction, n, changed):
    samples = Samples(np.zeros((n, 1), np.float32), np.arange(n) % 3, 3)
    found = flipped(samples, rng(), Attackers(flip_fraction=fraction))
    assert (found.labels != samples.labels).sum() == changed


def test_changed_samples_are_anywhere_with_equal_chance():
    samples = Samples(np.zeros((10, 1), np.float32), np.zeros(10, np.int64), 2)
    times = sum(
        flipped(samples, rng(seed), Attackers(flip_fraction=0.3)).labels
        for seed in range(1500)
    )
    # Binomial(1500, 0.3): mean 450, standard deviation 17.7.
    assert np.abs(times - 450).max() < 4.5 * 17.7


@pytest.mark.parametrize("target", [0, 3])
def test_target_is_what_every_label_becomes(make_samples, target):
    changed = flipped(make_samples(), rng(), Attackers(flip_target=target))
    assert set(changed.labels.tolist()) == {target}


def test_target_with_a_fraction_changes_only_that_share():
    samples = Samples(np.zeros((10, 1), np.float32), np.ones(10, np.int64), 4)
    changed = flipped(samples, rng(), Attackers(flip_target=3, flip_fraction=0.4))
    assert np.bincount(changed.labels, minlength=4).tolist() == [0, 6, 0, 4]


@pytest.mark.parametrize("offset", [1, 5, 13, -1, -9])
def test_offset_is_added_modulo_the_classes(offset):
    labels = np.arange(40) % 10
    samples = Samples(np.zeros((40, 1), np.float32), labels, 10)
    changed = flipped(samples, rng(), Attackers(flip_offset=offset))
    assert changed.labels.tolist() == [(y + offset) % 10 for y in labels.tolist()]


@pytest.mark.parametrize("classes", [2, 5, 10])
def test_reversed_labels_are_counted_from_the_other_end(classes):
    labels = np.arange(classes)
    samples = Samples(np.zeros((classes, 1), np.float32), labels, classes)
    changed = mislabelled(samples, rng(), Attackers(flip_reversed=True))
    assert changed.labels.tolist() == list(range(classes))[::-1]


@pytest.mark.parametrize("target", [4, 9])
def test_target_that_is_no_class_is_refused(make_samples, target):
    with pytest.raises(ValueError, match=rf"a class in \[0, 3\], got {target}"):
        flipped(make_samples(), rng(), Attackers(flip_target=target))


@pytest.mark.parametrize("offset", [0, 4, -8])
def test_offset_that_changes_nothing_is_refused(make_samples, offset):
    with pytest.raises(ValueError, match=f"multiple of the 4 classes, got {offset}"):
        flipped(make_samples(), rng(), Attackers(flip_offset=offset))


# ── Gradient-aligned poison ─────────────────────────────────────────────────────────────────


def by_double_loop(samples, shift):
    """Nearest other centroid among the classes held, in float64, one sample at a time."""
    x = samples.features.astype(np.float64)
    held = sorted(set(samples.labels.tolist()))
    centroid = {c: np.mean([a for a, y in zip(x, samples.labels) if y == c], 0) for c in held}  # noqa: B905
    features, labels = [], []
    for a, y in zip(x, samples.labels.tolist(), strict=True):
        best, least = None, np.inf
        for c in held:
            distance = sum((p - q) ** 2 for p, q in zip(a, centroid[c], strict=True))
            if c != y and distance < least:
                best, least = c, distance
        features.append((1 - shift) * a + shift * centroid[best])
        labels.append(best)
    return np.array(features), labels


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
@pytest.mark.parametrize(("classes", "width", "seed"), [(2, 1, 0), (4, 3, 1), (7, 20, 2)])
def test_poison_is_that_of_a_double_loop(make_samples, classes, width, seed, shift):
    samples = make_samples(80, classes, width, seed)
    poisoned = aligned(samples, rng(), Attackers(feature_shift=shift))
    features, labels = by_double_loop(samples, shift)
    assert poisoned.labels.tolist() == labels
    np.testing.assert_allclose(poisoned.features, features, atol=1e-5)
    assert (poisoned.labels != samples.labels).all()


def test_without_a_shift_the_features_stay_to_the_bit(make_samples):
    samples = make_samples()
    poisoned = aligned(samples, rng(), Attackers(feature_shift=0.0))
    assert poisoned.features.tobytes() == samples.features.tobytes()


def test_with_the_full_shift_every_sample_is_a_centroid(make_samples):
    samples = make_samples(classes=3)
    poisoned = aligned(samples, rng(), Attackers(feature_shift=1.0))
    for c in set(poisoned.labels.tolist()):
        centroid = samples.features[samples.labels == c].mean(axis=0)
        arrived = poisoned.features[poisoned.labels == c]
        np.testing.assert_allclose(arrived, np.tile(centroid, (len(arrived), 1)), atol=1e-5)


def test_default_shift_is_a_fifth_of_the_way():
    samples = Samples(np.array([[0.0], [10.0]], np.float32), np.array([0, 1]), 2)
    poisoned = aligned(samples, rng(), Attackers())
    np.testing.assert_allclose(poisoned.features.ravel(), [2.0, 8.0], rtol=1e-6)


def test_class_that_is_not_held_is_nobodys_new_label():
    features = np.array([[0.0], [1.0], [9.0]], np.float32)
    samples = Samples(features, np.array([1, 1, 3]), 5)  # no 0, 2 and 4
    assert aligned(samples, rng(), Attackers()).labels.tolist() == [3, 3, 1]


def test_holder_of_one_class_keeps_its_samples():
    samples = Samples(np.eye(3, dtype=np.float32), np.array([2, 2, 2]), 5)
    assert same(aligned(samples, rng(), Attackers(feature_shift=1.0)), samples)


def test_poison_needs_no_randomness(make_samples):
    samples, generator = make_samples(), rng(1)
    first = aligned(samples, generator, Attackers())
    assert generator.random() == rng(1).random()
    assert same(first, aligned(samples, rng(2), Attackers()))
