"""The registry in memory: what it answers, for whom, and when."""

from __future__ import annotations

import math

import numpy as np
import pytest

from anml_fl.registry.interface import Signals
from anml_fl.registry.memory import InMemoryRegistry, Standing


@pytest.fixture
def registry():
    return InMemoryRegistry(
        {
            "old": Standing(v=0.8, r=0.5, collected=-10.0, rate=0.1),
            "new": Standing(v=0.9, r=0.7, collected=2.0, rate=0.5),
            "bare": Standing(),
        }
    )


@pytest.mark.parametrize("at", [-50.0, 0.0, 1e6])
def test_unknown_contributor_gets_the_cold_start_whenever_asked(registry, at):
    found = registry.signals(["nobody"], at=at)
    # Table 2, self-attested .20-.30; Table 3, new .30-.50; nothing has aged.
    assert (found.v[0], found.r[0], found.T[0]) == (0.25, 0.4, 1.0)


def test_standing_of_which_nothing_is_said_is_the_cold_start(registry):
    found = registry.signals(["bare"], at=77.0)
    assert (found.v[0], found.r[0], found.T[0]) == (0.25, 0.4, 1.0)


def test_answers_come_as_asked_even_twice(registry):
    found = registry.signals(["new", "x", "old", "new"], at=2.0)
    assert found.v.tolist() == [0.9, 0.25, 0.8, 0.9]
    assert found.r.tolist() == [0.7, 0.4, 0.5, 0.7]
    assert found.T.tolist() == pytest.approx([1.0, 1.0, math.exp(-1.2), 1.0], rel=1e-15)
    assert all(a.dtype == np.float64 for a in (found.v, found.r, found.T))


@pytest.mark.parametrize(("at", "years"), [(-10.0, 0), (0.0, 10), (2.5, 12.5)])
def test_T_decays_by_each_contributors_own_rate_and_age(registry, at, years):
    assert registry.signals(["old"], at=at).T[0] == pytest.approx(math.exp(-0.1 * years))


def test_data_of_the_future_have_not_aged(registry):
    assert registry.signals(["new"], at=-5.0).T.tolist() == [1.0]


def test_external_signal_is_v_r_without_T(registry):
    found = registry.signals(["old", "new"], at=40.0)
    assert found.s.tolist() == pytest.approx([0.4, 0.63])
    assert found.T.max() < 0.01


def test_empty_registry_knows_nobody():
    found = InMemoryRegistry().signals(["a", "b"], at=0.0)
    np.testing.assert_allclose(found.s, 0.1)


def test_nobody_asked_nothing_answered(registry):
    found = registry.signals([], at=0.0)
    assert [a.shape for a in (found.v, found.r, found.T, found.s)] == [(0,)] * 4


def test_answers_and_standings_cannot_be_reassigned(registry):
    found = registry.signals(["old"], at=0.0)
    assert isinstance(found, Signals)
    with pytest.raises(AttributeError):
        found.v = np.ones(1)
    with pytest.raises(AttributeError):
        registry.standings["old"].v = 1.0
