"""Attackers on updates send what the literature says, worked out here by other means."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.behaviour import Sight, behaviour
from anml_fl.settings.attacks import Attacks
from studies.federations import update_attacks

HONEST = np.array([[1.0, 2.0], [3.0, 2.0], [2.0, 5.0]])
OWN = np.array([1.0, -1.0])


def sent(name):
    sight = Sight(
        round=1,
        contributor="contributor-0000",
        model=np.zeros(2),
        rng=np.random.default_rng(0),
        attacks=Attacks(),
        others=lambda: HONEST,
    )
    found = behaviour(f"{update_attacks.__name__}:{name}")
    assert not found.honest
    assert found.update is not None
    return found.update(OWN, sight)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sign_flip", [-2.0, 2.0]),
        ("ipm", [-2.0, -3.0]),
        ("alie", [2 - 1.5 * (2 / 3) ** 0.5, 3 - 1.5 * 2**0.5]),
        ("mimic", [1.0, 2.0]),
    ],
)
def test_what_is_sent_is_the_closed_form(name, expected):
    np.testing.assert_allclose(sent(name), expected)


def test_min_max_goes_as_far_as_the_honest_lie_apart():
    update = sent("min_max")
    between = max(np.linalg.norm(a - b) for a in HONEST for b in HONEST)
    farthest = max(np.linalg.norm(a - update) for a in HONEST)
    assert farthest == pytest.approx(between, abs=0.02)
    assert farthest <= between
    away = update - HONEST.mean(axis=0)
    np.testing.assert_allclose(
        away / np.linalg.norm(away), -HONEST.std(axis=0) / np.linalg.norm(HONEST.std(axis=0))
    )
