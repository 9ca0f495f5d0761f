"""Attackers' credentials: by one setting for all of them, whatever else they do."""

from __future__ import annotations

import pytest

from anml_fl.behaviour import behaviour
from anml_fl.federation.attacker_credentials import with_credentials
from anml_fl.federation.simulated_registry import simulated_registry
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.reading import from_flat

ATTACKS = ("label_flip", "alie", "turncoat", "joint", "compromised_issuer")


def signals(credentials, name, scenario="high"):
    """What the registry says of an attacker that has shown what it shows."""
    config = from_flat({"credentials": credentials, "scenario": scenario})
    registry = simulated_registry(config, {"a": "honest", "b": name})
    shown = with_credentials(name, config.attacks).credentials
    refused = ()
    if shown is not None:
        refused = registry.present("b", shown(0, "b", ("a", "b")), at=0.0)
    found = registry.signals(["b"], at=0.0)
    return float(found.v[0]), float(found.r[0]), len(refused)


@pytest.mark.parametrize("name", ATTACKS)
def test_absent_credentials_are_the_cold_start(name):
    assert signals("absent", name) == (0.25, 0.4, 0)


@pytest.mark.parametrize("name", ATTACKS)
def test_moderate_ones_pass_the_gates_first_stage(name):
    v, r, refused = signals("moderate", name)
    assert (v, r, refused) == (0.62, 0.62, 0)
    assert v * r > 0.35


@pytest.mark.parametrize("name", ATTACKS)
def test_bought_ones_hold(name):
    v, r, refused = signals("bought", name)
    assert (v, refused) == (0.85, 0)
    assert 0.65 <= r <= 0.85


@pytest.mark.parametrize("name", ATTACKS)
def test_faked_ones_are_refused_each_with_a_reason(name):
    v, _, refused = signals("faked", name)
    assert v == 0.25
    assert refused == 7


@pytest.mark.parametrize("name", ATTACKS)
def test_own_ones_are_what_the_behaviour_has(name):
    assert with_credentials(name, Attackers()) is behaviour(name)


@pytest.mark.parametrize("kind", ["absent", "moderate", "bought", "faked"])
@pytest.mark.parametrize("name", ["honest", "newcomer"])
def test_the_honest_keep_theirs(name, kind):
    assert with_credentials(name, Attackers(credentials=kind)) is behaviour(name)
    before, after = (
        simulated_registry(from_flat({"credentials": one}), {"x": name, "y": "alie"})
        for one in ("own", kind)
    )
    assert before.standings["x"] == after.standings["x"]
    assert before.standings["y"] != after.standings["y"] or kind == "own"


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_else_of_a_behaviour_changes(name):
    found, plain = with_credentials(name, Attackers(credentials="bought")), behaviour(name)
    assert (found.samples, found.update, found.in_round, found.honest) == (
        plain.samples,
        plain.update,
        plain.in_round,
        plain.honest,
    )
