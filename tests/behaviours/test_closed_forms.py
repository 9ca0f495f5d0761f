"""Attackers on updates send what the literature says, worked out here by other means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from anml_fl.behaviours.alie import deviations
from anml_fl.behaviours.mimicry import drift
from anml_fl.settings.attackers import Attackers

HONEST = np.array([[1.0, 2.0], [3.0, 2.0], [2.0, 5.0]])
OWN = np.array([1.0, -1.0])
NOBODY = np.empty((0, 2))


@pytest.mark.parametrize(
    ("name", "strength", "expected"),
    [
        ("sign_flip", None, [-1.0, 1.0]),
        ("sign_flip", 2.5, [-2.5, 2.5]),
        ("ipm", None, [-0.2, -0.3]),
        ("ipm", 100.0, [-200.0, -300.0]),
        ("alie", 1.5, [2 - 1.5 * (2 / 3) ** 0.5, 3 - 1.5 * 2**0.5]),
        ("alie", 0.0, [2.0, 3.0]),
        ("mimic", None, [2.0, 5.0]),
        # n / f = 5 / 2
        ("backdoor", None, [2.5, -2.5]),
        ("backdoor", 10.0, [10.0, -10.0]),
    ],
)
def test_what_is_sent_is_the_closed_form(see, send, name, strength, expected):
    sight = see(HONEST, attacks=Attackers(strength=strength))
    np.testing.assert_allclose(send(name, OWN, sight), expected)


@pytest.mark.parametrize("name", ["alie", "alie_optimised", "min_max", "min_sum", "mimic"])
def test_who_knows_of_nobody_honest_takes_its_own_update_for_theirs(see, send, name):
    np.testing.assert_allclose(send(name, OWN, see(NOBODY)), OWN)


@pytest.mark.parametrize("name", ["ipm", "ipm_optimised"])
def test_against_nobody_honest_it_goes_against_its_own(see, send, name):
    np.testing.assert_allclose(send(name, OWN, see(NOBODY)), -0.1 * OWN)


@pytest.mark.parametrize("name", ["alie", "min_max", "mimic", "fang_krum", "fang_trimmed"])
def test_updates_that_are_not_finite_count_for_nobody(see, send, name):
    broken = np.vstack([HONEST[:2], [[np.nan, 1.0]], HONEST[2:], [[np.inf, 0.0]]])
    without, among = (send(name, OWN, see(rows, contributors=9)) for rows in (HONEST, broken))
    assert without.tobytes() == among.tobytes()


@pytest.mark.parametrize(("n", "f"), [(25, 5), (50, 24), (10, 3), (20, 9), (100, 20)])
def test_z_of_alie_is_the_papers(n, f):
    supporters = n // 2 + 1 - f
    assert deviations(n, f) == pytest.approx(norm.ppf((n - f - supporters) / (n - f)))


@pytest.mark.parametrize(("n", "f", "z"), [(4, 1, 0.0), (10, 0, 0.0), (4, 3, 0.0)])
def test_z_is_never_negative_nor_infinite(n, f, z):
    assert deviations(n, f) == z
    # A majority of attackers needs nobody: as if they needed one.
    assert deviations(10, 6) == pytest.approx(norm.ppf(3 / 4))


def test_alie_takes_the_papers_z(see, send):
    honest = np.random.default_rng(3).normal(size=(15, 4))
    sight = see(honest, attackers=7)
    z = norm.ppf((15 - 5) / 15)
    expected = honest.mean(axis=0) - z * honest.std(axis=0)
    np.testing.assert_allclose(send("alie", honest[0], sight), expected)


def test_gaussian_noise_has_the_set_deviation_and_nothing_of_the_update(see, send):
    own = np.full(20_000, 5.0)
    sent = send("gaussian", own, see(own[None], attacks=Attackers(strength=3)))
    assert kstest(sent, norm(0, 3).cdf).pvalue > 1e-4


def test_mimic_is_who_lies_farthest_along_the_direction_of_most_variance(see, send):
    honest = np.random.default_rng(5).normal(size=(9, 30)) * np.linspace(3, 0.1, 30)
    centred = honest - honest.mean(axis=0)
    direction = np.linalg.svd(centred)[2][0]
    whom = np.abs(centred @ direction).argmax()
    assert send("mimic", OWN, see(honest)).tolist() == honest[whom].tolist()


@pytest.mark.parametrize("jitter", [0.0, 0.5])
def test_sybils_send_one_update_but_for_their_jitter(see, send, jitter):
    honest = np.random.default_rng(1).normal(size=(5, 40_000))
    attacks = Attackers(jitter=jitter)
    one, other = (
        send("sybil", own, see(honest, attacks=attacks, rng=np.random.default_rng(seed)))
        for seed, own in enumerate(honest[:2])
    )
    base = -honest.mean(axis=0)
    length = np.linalg.norm(base)
    for sent in (one, other):
        assert np.linalg.norm(sent - base) == pytest.approx(jitter * length, rel=0.02)
    assert np.linalg.norm(one - other) == pytest.approx(2**0.5 * jitter * length, rel=0.02)


def test_a_free_rider_repeats_the_mean_step_and_nothing_that_it_learned(see, send):
    def sent(number, own, **settings):
        moved = np.array([6.0, -3.0])
        attacks = Attackers(**{"jitter": 0, **settings})
        sight = see(HONEST, round=number, moved=lambda: moved, attacks=attacks)
        return send("free_rider", own, sight).tolist()

    assert sent(4, OWN) == sent(4, 9 * OWN) == [2.0, -1.0]
    assert sent(4, OWN, strength=0) == [0.0, 0.0]
    assert sent(1, OWN) == [0.0, 0.0]


def test_mimicry_has_the_statistics_of_the_honest_and_drifts(see, send):
    rng = np.random.default_rng(8)
    honest = rng.normal(2.0, 0.5, size=(40, 30_000))
    own = honest[0]
    still = Attackers(strength=0)
    sent = send("mimicry", own, see(honest[1:], attacks=still))
    # Half its own, N(2, .5), half like theirs: variance .25 / 4 twice.
    assert sent.mean() == pytest.approx(2.0, abs=0.02)
    assert sent.std() == pytest.approx((2 * 0.25 / 4) ** 0.5, rel=0.03)
    # The same noise again: what differs is the drift, one way in all rounds.
    drifts = [send("mimicry", own, see(honest[1:], round=number)) - sent for number in (1, 6)]
    lengths = [np.linalg.norm(one) / np.linalg.norm(own) for one in drifts]
    np.testing.assert_allclose(lengths, [0.1, 0.1 * 1.2**5])
    assert drifts[0] @ drifts[1] == pytest.approx(
        np.linalg.norm(drifts[0]) * np.linalg.norm(drifts[1])
    )
    assert drift(10**9, 1.5) == 1.5


@pytest.mark.parametrize(
    "name", ["alie", "ipm", "min_max", "min_sum", "mimic", "fang_krum", "rop"]
)
def test_colluders_send_the_same_whoever_asks_first(see, send, name):
    sight = see(HONEST)
    first, second = send(name, OWN, sight), send(name, -3 * OWN, sight)
    alone = send(name, -3 * OWN, see(HONEST))
    assert first.tobytes() == second.tobytes() == alone.tobytes()
