"""Attacks as numbers: checked, written, read, searched, said in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.redteam.attack import KNOWLEDGE, Attack
from studies.redteam.known_attacks import KNOWN, known_attacks
from studies.redteam.space import AXES, attack_at, point_of
from studies.redteam.words import in_words

points = st.lists(
    st.floats(-0.5, 1.5, allow_nan=False), min_size=len(AXES), max_size=len(AXES)
)


@given(points, st.sampled_from(KNOWLEDGE))
def test_every_point_is_an_attack_that_can_be_written_and_read(point, knows):
    attack = attack_at(point, 0.3, knows)
    assert Attack.from_json(attack.to_json()) == attack
    assert attack.knowledge == knows
    assert in_words(attack)


@given(points, st.sampled_from(KNOWLEDGE))
def test_an_attacks_own_point_is_that_attack(point, knows):
    attack = attack_at(point, 0.3, knows)
    again = attack_at(point_of(attack), 0.3, knows)
    for name in ("scale", "claim", "jitter", "rehearsal"):
        assert getattr(again, name) == pytest.approx(getattr(attack, name), rel=0.02, abs=0.01)
    for name in ("labels", "credentials", "direction", "timing", "hiding", "copies"):
        assert getattr(again, name) == getattr(attack, name)


@pytest.mark.parametrize("attack", KNOWN)
def test_what_is_known_lies_in_the_space(attack):
    again = attack_at(point_of(attack), attack.share, attack.knowledge)
    assert in_words(again) == in_words(attack)


def test_doing_nothing_comes_first():
    first = known_attacks(0.1)[0]
    assert first == Attack(share=0.1)
    assert in_words(first) == "nothing"


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"share": 0.6}, "share must lie in [0, 0.5], got share = 0.6"),
        ({"labels": "all"}, "labels must be one of none, random, shift, target, pairs"),
        ({"hiding": "half"}, "hiding 'half' needs knowledge rule or root, got 'own'"),
        ({"shares": 0.1}, "unknown 'shares'; known: alignment,"),
    ],
)
def test_what_is_no_attack_is_refused(given_, said):
    with pytest.raises(ValueError, match="not an attack") as error:
        Attack.from_json(json.dumps(given_))
    assert said in str(error.value)


def test_attackers_are_a_minority():
    counts = [Attack(share=share).attackers(n) for n in range(3, 40) for share in (0.1, 0.5)]
    sizes = np.repeat(np.arange(3, 40), 2)
    assert (np.array(counts) >= 1).all()
    assert (2 * np.array(counts) < sizes).all()


def test_when_attackers_act():
    always, turned = Attack(), Attack(timing="turncoat", start=0.5)
    on_off, late = Attack(timing="on_off"), Attack(timing="turncoat", start=1.0)
    rounds = range(1, 7)
    assert [always.acts(n, 6) for n in rounds] == [True] * 6
    assert [turned.acts(n, 6) for n in rounds] == [False] * 3 + [True] * 3
    assert [on_off.acts(n, 6) for n in rounds] == [True, False] * 3
    assert [late.acts(n, 6) for n in rounds] == [False] * 5 + [True]
