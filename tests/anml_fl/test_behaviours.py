"""Roles: as many of each kind as configured, dealt out at random from the seed alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from anml_fl.behaviour import behaviour_in_round, is_honest
from anml_fl.datasets.prepare import contributor_id
from anml_fl.federation.contributors import behaviours_of
from anml_fl.plugins import BEHAVIOURS
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_flat
from anml_fl.settings.run import RunConfig

KINDS = ["label_flip", "gradient_aligned", "credential_faking", "joint"]


def test_identities_sort_like_the_partitions_they_hold():
    names = [contributor_id(i) for i in range(10_000)]  # as many as a federation may have
    assert sorted(names) == names
    assert names[7] == "contributor-0007"


def test_a_newcomer_is_honest_and_whoever_changes_is_not():
    good = {name for name in BEHAVIOURS.names if is_honest(name)}
    assert good == {"honest", "newcomer"}


def test_a_turncoat_changes_once():
    attacks = Attackers(turn_round=4)
    parts = [behaviour_in_round("turncoat", n, attacks) for n in range(1, 8)]
    assert parts == ["honest"] * 3 + ["label_flip"] * 4


def test_an_on_off_attacker_changes_again_and_again():
    attacks = Attackers(good_rounds=3, bad_rounds=1)
    parts = [behaviour_in_round("on_off", n, attacks) for n in range(1, 10)]
    assert parts == [*["honest"] * 3, "label_flip"] * 2 + ["honest"]


@pytest.mark.parametrize("role", ["honest", "label_flip", "joint", "compromised_issuer"])
def test_all_others_do_one_thing(role):
    assert {behaviour_in_round(role, n, Attackers()) for n in range(1, 60)} == {role}


@given(st.lists(st.integers(0, 3), min_size=4, max_size=4), st.integers(0, 5), st.integers(0))
def test_each_kind_is_dealt_out_as_often_as_configured(counts, honest, seed):
    total = max(1, sum(counts) + honest)
    wanted = dict(zip(KINDS, counts, strict=True))
    config = from_flat({"contributors": total, "behaviours": wanted, "seed": seed % 2**63})
    cast = behaviours_of(config)
    assert list(cast) == [f"contributor-{i:04d}" for i in range(total)]
    rest = Counter(honest=total - sum(counts))
    assert Counter(cast.values()) == +(Counter(wanted) + rest)


def test_honest_count_may_be_said_or_left_out():
    said = from_flat({"behaviours": "joint=2,honest=8"})
    left_out = from_flat({"behaviours": "joint=2"})
    assert behaviours_of(said) == behaviours_of(left_out)


def test_an_attacker_is_anywhere_with_equal_chance():
    config = from_flat({"contributors": 5, "behaviours": "joint=1"})
    places = Counter(
        next(who for who, role in behaviours_of(one).items() if role == "joint")
        for one in (config.model_copy(update={"seed": seed}) for seed in range(1000))
    )
    assert len(places) == 5
    assert chisquare(list(places.values())).pvalue > 1e-3


def test_only_the_seed_and_the_behaviours_decide():
    config = RunConfig(seed=3)
    other = from_flat(
        {"seed": 3, "dataset": "wine", "strategies": "krum", "rounds": 2, "scenario": "low"}
    )
    assert behaviours_of(other) == behaviours_of(config)
    assert any(behaviours_of(RunConfig(seed=s)) != behaviours_of(config) for s in range(3))


@pytest.mark.parametrize("kind", KINDS)
def test_swapping_an_attackers_kind_leaves_everybody_in_place(kind):
    before = behaviours_of(from_flat({"behaviours": "label_flip=3"}))
    after = behaviours_of(from_flat({"behaviours": f"{kind}=3"}))
    assert after == {who: kind if role != HONEST else HONEST for who, role in before.items()}
