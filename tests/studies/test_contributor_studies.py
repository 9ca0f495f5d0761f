"""Federations with label flippers count who was kept; the curves vary one thing each."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.run.reading import Run, StrategyRun
from anml_fl.run.schema import StrategySummary, Summary
from studies.contributors.dealing import give
from studies.contributors.weighing import check_method
from studies.federations import label_flippers
from studies.federations.label_flippers import Flippers, consistency_auc, shares_kept
from studies.own import contributor_curves, contributor_skew, contributor_updates
from studies.study import Cell, Variant

ROLES = {"ada": "honest", "bob": "label_flip", "cat": "honest", "dan": "label_flip"}


def account(name, q, selected, weight=0.25):
    return ContributorRecord(name, q, 0.5, 0.5, 1.0, 0.25, weight, selected)


def finished(name, rounds, error=0.1, weight=0.25, roles=ROLES):
    """A strategy's rounds, each a mapping of contributor to (q, selected)."""
    records = tuple(
        RoundRecord(
            number,
            name,
            None,
            math.nan,
            math.nan,
            tuple(account(who, *found, weight) for who, found in people.items()),
            test_error=error * number,
        )
        for number, people in enumerate(rounds, start=1)
    )
    return StrategyRun(name, StrategySummary(), records, {})


def run_of(*strategies, roles=ROLES):
    summary = Summary("x", "inline", "wine", 0, roles, {s.name: s.summary for s in strategies})
    return Run(summary, strategies, "", 0.35, 0.3, 0)


TWO_ROUNDS = [
    {"ada": (0.9, True), "bob": (0.2, True), "cat": (0.8, True), "dan": (0.1, False)},
    {"ada": (0.05, False), "bob": (0.03, False), "cat": (0.01, True), "dan": (0.04, False)},
]


def test_shares_kept_count_updates_of_all_rounds():
    one = finished("krum", TWO_ROUNDS)
    assert shares_kept(run_of(one), one) == {"honest": 3 / 4, "attackers": 1 / 4}


def test_shares_kept_know_only_the_groups_there_are():
    roles = dict.fromkeys(ROLES, "honest")
    one = finished("krum", TWO_ROUNDS)
    assert shares_kept(run_of(one, roles=roles), one) == {"honest": 4 / 8}


def test_auc_is_the_mean_over_rounds_of_pairs_in_order():
    one = finished("q_only", TWO_ROUNDS)
    # Round 1: all four pairs in order. Round 2: ada before both, cat behind both.
    assert consistency_auc(run_of(one), one) == pytest.approx((4 / 4 + 2 / 4) / 2)


def test_auc_leaves_out_refused_updates_and_rounds_without_both_kinds():
    lost = {**TWO_ROUNDS[1], "cat": (math.nan, False)}
    alone = {"ada": (0.9, True), "bob": (math.nan, False)}
    one = finished("q_only", [lost, alone])
    assert consistency_auc(run_of(one), one) == 1.0


@pytest.fixture
def asked(monkeypatch):
    """Settings that federations were asked for; each ends at once with the same rounds."""
    calls = []

    def federate(**settings):
        calls.append(settings)
        roles = ROLES
        if "label_flip=0" in settings["behaviours"]:
            roles = dict.fromkeys(ROLES, "honest")
        errors = {"fedavg": 0.2, "median": 0.05, "q_only": 0.25}
        found = [
            finished(name, TWO_ROUNDS, error, math.nan if name == "median" else 0.25)
            for name, error in errors.items()
            if name in settings["strategies"].split(",")
        ]
        return SimpleNamespace(run=run_of(*found, roles=roles))

    monkeypatch.setattr(label_flippers, "federate", federate)
    return calls


def rows_of(recipe, methods=("fedavg", "median", "q_only"), seed=3, trial=4):
    cell = Cell("x", "wine", (Variant("c", recipe, methods),), (trial,), seed)
    return {(row.method, row.metric): row.value for row in label_flippers.run(cell)}


def test_rows_say_error_and_difference_from_fedavg_in_the_last_round(asked):
    found = rows_of(Flippers())
    errors = {method: value for (method, metric), value in found.items() if metric == "error"}
    assert errors == {"fedavg": 0.4, "median": 0.1, "q_only": 0.5}
    above = {
        m: value for (m, metric), value in found.items() if metric == "error_above_fedavg"
    }
    assert above == pytest.approx({"median": -0.3, "q_only": 0.1})


def test_rows_say_who_was_kept_by_rules_that_weigh(asked):
    found = rows_of(Flippers())
    kept = {key: value for key, value in found.items() if key[1].endswith("_kept")}
    expected = {"honest_kept": 3 / 4, "attackers_kept": 1 / 4}
    assert kept == {
        (method, name): share
        for method in ("fedavg", "q_only")
        for name, share in expected.items()
    }
    assert [method for method, metric in found if metric == "auc"] == ["q_only"]


def test_without_attackers_there_is_nobody_to_tell_from_the_honest(asked):
    found = rows_of(Flippers(attackers=0))
    assert {metric for _, metric in found} == {"error", "error_above_fedavg", "honest_kept"}


def test_without_fedavg_there_is_no_difference_from_it(asked):
    assert not {m for _, m in rows_of(Flippers(), ("q_only",))} & {"error_above_fedavg"}


def test_a_federation_is_asked_for_with_the_settings(asked):
    rows_of(Flippers(contributors=7, attackers=2, pair_share=0.5, flip_pairs="0-1"))
    assert asked[0] == {
        "dataset": "wine",
        "behaviours": "honest=5,label_flip=2",
        "strategies": "fedavg,median,q_only",
        "seed": 7,
        "contributors": 7,
        "partition": "iid",
        "flip_pairs": "0-1",
        "pair_share": 0.5,
        "rounds": 8,
        "local_epochs": 10,
        "fraction": 0.7,
    }


def test_real_federations_answer_to_every_setting():
    recipe = Flippers(
        contributors=5,
        partition="dirichlet:1",
        attackers=1,
        flip_offset=1,
        flip_pairs="0-2",
        pair_share=0.5,
        rounds=1,
        local_epochs=1,
    )
    found = rows_of(recipe, ("fedavg", "q_only", "oracle"), seed=0, trial=0)
    assert found["fedavg", "honest_kept"] == found["fedavg", "attackers_kept"] == 1
    assert (found["oracle", "honest_kept"], found["oracle", "attackers_kept"]) == (1, 0)
    # Four of five are kept, whoever they are.
    kept = 4 * found["q_only", "honest_kept"] + found["q_only", "attackers_kept"]
    assert kept == round(0.7 * 5)
    assert all(0 <= value <= 1 for (_, name), value in found.items() if name == "error")


def test_skew_has_every_alpha_at_both_lengths_with_and_without_attackers():
    listed = contributor_skew.variants("digits")
    seen = {
        (v.recipe.partition, v.recipe.attackers, v.recipe.rounds, v.recipe.local_epochs)
        for v in listed
    }
    parts = ("iid", "dirichlet:1", "dirichlet:0.3", "dirichlet:0.1")
    schedules = ((8, 10), (20, 2))
    assert seen == {(p, n, *s) for p in parts for n in (0, 3) for s in schedules}
    for v in listed:
        said = dict(part.split("=") for part in v.condition.split(";"))
        assert said["attackers"] == str(v.recipe.attackers)
        assert said["local_epochs"] == str(v.recipe.local_epochs)
        assert v.recipe.partition in ("iid", f"dirichlet:{said['alpha']}")
        assert (said["alpha"] == "inf") == (v.recipe.partition == "iid")
        assert v.methods[0] == "fedavg"
        assert ("oracle" in v.methods) == bool(v.recipe.attackers)


def test_updates_go_from_obvious_to_subtle():
    listed = contributor_updates.variants("digits")
    assert [v.recipe.pair_share for v in listed] == [0.0, 0.25, 0.5, 0.75, 1.0]
    for v in listed:
        assert v.condition == f"subtle={v.recipe.pair_share:g}"
        assert (v.recipe.attackers, v.recipe.contributors, v.recipe.flip_offset) == (4, 10, 5)
        named = v.recipe.flip_pairs.replace("-", ",").split(",")
        assert sorted(map(int, named)) == list(range(10))


CURVES = {v.condition: v for v in contributor_curves.variants("digits")}


@pytest.mark.parametrize("condition", CURVES)
def test_curves_vary_one_thing_each(condition):
    name, value = condition.split("=")
    recipe, base = CURVES[condition].recipe, CURVES["contributors=10"].recipe
    different = {
        key for key, found in recipe.model_dump().items() if found != getattr(base, key)
    }
    # As many samples are dropped as are bad.
    along = {"corrupted": {"drop_samples"}, "spread": {"drop_samples", "corrupted"}}
    assert different <= {name} | along.get(name, set())
    if name != "spread":
        assert getattr(recipe, name) == float(value)


def test_methods_of_the_curves_are_known():
    for method in contributor_curves.METHODS:
        check_method(method)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2, 0.1])
def test_spread_has_as_many_bad_labels_as_a_few_bad_contributors(share):
    held = CURVES[f"corrupted={share:g}"].recipe
    spread = CURVES[f"spread={0.4 * share:g}"].recipe
    together, evenly = (give("digits", recipe, 0, 0) for recipe in (held, spread))
    assert evenly.bad.sum() == together.bad.sum()
    by_contributor = np.bincount(evenly.holder, weights=evenly.bad)
    assert np.ptp(by_contributor) <= 1
    assert not evenly.malicious.any()
    # Methods at sample level drop as many as are bad.
    for recipe in (held, spread):
        assert recipe.dropped_samples == pytest.approx(together.bad.mean(), abs=0.002)


@pytest.mark.slow
def test_a_contributor_with_many_samples_gives_itself_away_unless_all_are_alike():
    listed = tuple(
        replace(CURVES[name], methods=("loss@contributors",))
        for name in ("contributors=10", "spread=0.4")
    )
    rows = contributor_curves.STUDY.run(Cell("x", "digits", listed, (0,), 0, trained=False))
    found = {(row.condition, row.metric): row.value for row in rows}
    assert found["contributors=10", "auc"] == 1.0
    # Six of ten alike are kept, with their share of what is bad.
    assert found["spread=0.4", "kept_bad"] == pytest.approx(0.6, abs=0.02)
