"""Label flipping to the class that looks alike, beside obvious wrong labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.behaviours.label_flip import flipped
from anml_fl.datasets.prepare import Samples
from anml_fl.settings.attackers import Attackers

PAIRS = "0-2,1-3"
PARTNER = np.array([2, 3, 0, 1, 4])  # class 4 has none


def rng(seed=0):
    return np.random.default_rng(seed)


def samples_of(labels, classes=5):
    labels = np.asarray(labels)
    return Samples(np.zeros((labels.size, 1), np.float32), labels, classes)


@given(
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([{}, {"flip_offset": 1}]),
    st.integers(0, 99),
)
def test_exact_share_of_the_flipped_goes_to_the_partner(n, fraction, share, kind, seed):
    labels = rng(seed).integers(4, size=n)  # everyone has a partner
    attacks = Attackers(flip_fraction=fraction, flip_pairs=PAIRS, pair_share=share, **kind)
    new = flipped(samples_of(labels), rng(seed), attacks).labels
    plain = flipped(
        samples_of(labels), rng(seed), Attackers(flip_fraction=fraction, **kind)
    ).labels
    wrong = np.flatnonzero(plain != labels)
    assert np.flatnonzero(new != labels).tolist() == wrong.tolist()
    subtle = new != plain
    assert (new[subtle] == PARTNER[labels[subtle]]).all()
    expected = round(share * round(fraction * n))
    if kind:  # an offset of 1 leads to no partner: the changes can be counted
        assert subtle.sum() == expected
    else:
        assert (new[wrong] == PARTNER[labels[wrong]]).sum() >= expected


def test_pairs_without_a_share_change_no_byte():
    labels = rng(5).integers(5, size=50)
    for kind in ({}, {"flip_offset": 2}, {"flip_target": 3}):
        with_pairs = flipped(samples_of(labels), rng(1), Attackers(flip_pairs=PAIRS, **kind))
        without = flipped(samples_of(labels), rng(1), Attackers(**kind))
        assert with_pairs.labels.tobytes() == without.labels.tobytes()


def test_classes_without_a_partner_go_the_usual_way():
    labels = np.repeat([0, 4], [3, 7])
    attacks = Attackers(flip_offset=-1, flip_pairs=PAIRS, pair_share=1.0)
    new = flipped(samples_of(labels), rng(), attacks).labels
    assert new.tolist() == [2] * 3 + [3] * 7
    # Half of ten would be five, but only three have a partner.
    half = attacks.model_copy(update={"pair_share": 0.5})
    assert flipped(samples_of(labels), rng(), half).labels.tolist() == new.tolist()


def test_subtle_ones_are_anywhere_with_equal_chance():
    attacks = Attackers(flip_offset=1, flip_pairs="0-2", pair_share=0.3)
    samples = samples_of(np.zeros(10, np.int64))
    times = sum(flipped(samples, rng(seed), attacks).labels == 2 for seed in range(1500))
    # Binomial(1500, 0.3): mean 450, standard deviation 17.7.
    assert np.abs(times - 450).max() < 4.5 * 17.7


def test_a_larger_share_takes_in_a_smaller_one():
    labels = rng(2).integers(4, size=40)
    found = []
    for share in (0.25, 0.5):
        attacks = Attackers(flip_offset=1, flip_pairs=PAIRS, pair_share=share)
        new = flipped(samples_of(labels), rng(3), attacks).labels
        found.append(set(np.flatnonzero(new == PARTNER[labels]).tolist()))
    assert found[0] < found[1]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_pair_that_names_no_class_is_refused(share):
    attacks = Attackers(flip_pairs="0-2,1-5", pair_share=share)
    with pytest.raises(ValueError, match=r"flip_pairs must name classes in \[0, 4\], got 5"):
        flipped(samples_of([0, 1, 2]), rng(), attacks)
