"""Rules side by side: the same trial under each, tested on the same rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.run_task import task_of
from studies.federations.rule_comparison import RuleComparison, compared
from studies.own import gate_contributors
from studies.own.gate_contributors import STUDY
from studies.study import Cell, Variant

SHORT = RuleComparison(
    partition="dirichlet:0.3",
    contributors=5,
    rounds=2,
    local_epochs=1,
    behaviour="label_flip",
    attackers=0.3,
)
METHODS = ("fedavg", "median", "calibrated", "oracle", "calibrated;root=none")


@pytest.fixture(scope="module")
def found():
    rows = list(compared(Variant("short", SHORT, METHODS), "digits", 3))
    values = {(method, metric): value for method, metric, value in rows}
    assert len(values) == len(rows)
    return values


def test_all_rules_are_tested_on_the_rows_that_are_in_no_root_set(found):
    task = task_of(SHORT.federated("digits", 3, "calibrated").config)
    rows = task.data.test.labels.size
    for method in METHODS:
        wrong = found[method, "error"] * rows
        assert wrong == pytest.approx(round(wrong))
    done = SHORT.federated("digits", 3, "fedavg")
    model = task.model_of(done.models["fedavg"])
    assert found["fedavg", "error"] == task.error(model)


def test_shares_are_of_honest_and_attackers_and_a_rule_without_weights_has_none(found):
    assert found["fedavg", "honest_kept"] == found["fedavg", "attackers_kept"] == 1
    assert found["oracle", "honest_kept"] == 1
    assert found["oracle", "attackers_weight"] == found["oracle", "attackers_kept"] == 0
    assert {metric for method, metric in found if method == "median"} == {"error"}
    done = SHORT.federated("digits", 3, "fedavg")
    sizes = [part.labels.size for part in task_of(done.config).data.parts]
    most = 5 * np.median(sizes)
    shares = np.minimum(sizes, most) / np.minimum(sizes, most).sum()
    bad = [kind == "label_flip" for kind in behaviours_of(done.config).values()]
    assert found["fedavg", "attackers_weight"] == pytest.approx(shares[bad].sum())


def test_where_anybody_attacks_one_does_at_least():
    few = SHORT.changed(attackers=0.05).federated("digits", 3, "fedavg")
    assert list(behaviours_of(few.config).values()).count("label_flip") == 1
    nobody = SHORT.changed(attackers=0).federated("digits", 3, "fedavg")
    assert set(behaviours_of(nobody.config).values()) == {"honest"}


@pytest.mark.parametrize("dataset", STUDY.trials)
def test_every_federation_is_attacked_and_not_with_credentials_and_without(dataset):
    listed = STUDY.variants(dataset)
    for variant in listed:
        parts = dict(part.split("=") for part in variant.condition.split(";"))
        recipe = variant.recipe
        assert (parts["attack"] == "nobody") == (recipe.attackers == 0)
        assert ("oracle" in variant.methods) == (recipe.attackers > 0)
        assert (parts["credentials"] == "absent") == (recipe.scenario == "unknown")
        if "q_only" in variant.methods:
            assert recipe.scenario != "unknown"
        assert recipe.behaviour.endswith(parts["attack"]) or parts["attack"] == "nobody" or (
            parts["credentials"] in ("forged", "bought")
            and recipe.behaviour in ("credential_faking", "joint", "compromised_issuer")
        )  # fmt: skip
    for partition in {v.recipe.partition for v in listed}:
        here = [v.condition for v in listed if v.recipe.partition == partition]
        assert any("attack=nobody" in one for one in here)
        assert any("credentials=bought" in one for one in here)


def test_a_cell_has_a_row_for_each_method_and_trial():
    cell = Cell("gate-contributors", "digits", (), (0, 1), 0)
    short = Variant("short", SHORT.changed(rounds=1), ("fedavg", "calibrated"))
    rows = gate_contributors.run(replace(cell, variants=(short,)))
    errors = [(row.method, row.trial) for row in rows if row.metric == "error"]
    assert sorted(errors) == [(m, t) for m in ("calibrated", "fedavg") for t in (0, 1)]
    assert all(0 <= row.value <= 1 for row in rows)
