"""Digits by writer: who is counted among whom, and what is trained only once."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anml_fl.federation.data import data_of
from studies.federations.natural_contributors import Natural, Trials, kept, mean_weight
from studies.own import writers
from studies.study import Variant, cells

FILE = "mnist_by_writer_180.npz"

pytestmark = pytest.mark.skipif(
    not Path(os.environ.get("ANML_DATA_DIR", ""), FILE).is_file(),
    reason=f"ANML_DATA_DIR holds no {FILE}",
)


@pytest.fixture(scope="module")
def cell():
    (first, *_) = cells(writers.STUDY, trials=1)
    few = tuple(
        Variant(
            v.condition,
            v.recipe.changed(contributors=10, rounds=2, local_epochs=1),
            ("fedavg", "anml", "median", "oracle"),
        )
        for v in first.variants
        if v.condition != "attackers=0%;fraction=1"
    )
    return replace(first, variants=few)


@pytest.fixture(scope="module")
def found(cell):
    rows = writers.run(cell)
    values = {(row.condition, row.method, row.metric): row.value for row in rows}
    assert len(values) == len(rows)
    return values


HONEST, ATTACKED, EVERYONE = (
    "attackers=0%;fraction=0.7",
    "attackers=20%;fraction=0.7",
    "attackers=20%;fraction=1",
)


def test_errors_of_both_groups_make_up_the_whole(cell, found):
    done = Trials(cell.dataset, cell.seed).trained(cell.variants[0].recipe, "fedavg")
    dealt = data_of(done.config)
    students = np.array([dealt.names[i].startswith("student-") for i in dealt.tested]).mean()
    assert 0 < students < 1
    for method in ("fedavg", "anml", "median"):
        parts = [found[HONEST, method, f"error_{who}"] for who in ("students", "employees")]
        whole = found[HONEST, method, "error"]
        assert whole == pytest.approx(students * parts[0] + (1 - students) * parts[1])


def test_weights_of_the_groups_sum_to_one(found):
    for condition, groups in ((HONEST, 2), (ATTACKED, 3), (EVERYONE, 3)):
        weights = [
            found[condition, "anml", f"{who}_weight"]
            for who in ("students", "employees", "attackers")[:groups]
        ]
        assert sum(weights) == pytest.approx(1.0)
        assert (condition, "median", "students_weight") not in found


def test_the_fraction_decides_who_is_kept(cell, found):
    for who in ("students", "employees", "attackers"):
        assert found[EVERYONE, "anml", f"{who}_kept"] == 1.0
        assert found[ATTACKED, "fedavg", f"{who}_kept"] == 1.0
    done = Trials(cell.dataset, cell.seed).trained(cell.variants[0].recipe, "fedavg")
    students = sum(name.startswith("student-") for name in data_of(done.config).names)
    counted = students * found[HONEST, "anml", "students_kept"]
    counted += (10 - students) * found[HONEST, "anml", "employees_kept"]
    assert counted == pytest.approx(7.0)


def test_the_oracle_keeps_the_honest_alone(found):
    assert found[ATTACKED, "oracle", "attackers_kept"] == 0.0
    assert found[ATTACKED, "oracle", "attackers_weight"] == 0.0
    assert found[ATTACKED, "oracle", "students_kept"] == 1.0


def test_added_error_is_against_fedavg_of_the_same_condition(found):
    for condition in (HONEST, ATTACKED, EVERYONE):
        base = found[condition, "fedavg", "error_students"]
        assert found[condition, "fedavg", "added_error_students"] == 0.0
        added = found[condition, "anml", "added_error_students"]
        assert added == pytest.approx(found[condition, "anml", "error_students"] - base)


def test_what_the_fraction_does_not_change_is_trained_once(monkeypatch):
    trained = []
    monkeypatch.setattr(
        Trials, "_train", lambda self, recipe, name: trained.append((recipe, name)) or object()
    )
    trials = Trials("mnist_writers", 0)
    recipe = Natural(contributors=5, rounds=1, local_epochs=1, batch_size=8, learning_rate=0.1)
    for fraction in (0.7, 1.0):
        for name in ("fedavg", "anml", "anml"):
            trials.trained(recipe.changed(fraction=fraction), name)
    assert [name for _, name in trained] == ["fedavg", "anml", "anml"]
    assert {r.fraction for r, name in trained if name == "anml"} == {0.7, 1.0}


def test_shares_are_means_over_rounds(cell):
    done = Trials(cell.dataset, cell.seed).trained(cell.variants[0].recipe, "anml")
    records = done.run.strategies[0].records
    who = records[0].contributors[3].contributor
    weights = [record.contributors[3].weight for record in records]
    chosen = [record.contributors[3].selected for record in records]
    assert mean_weight(done, (who,)) == pytest.approx(np.mean(weights))
    assert kept(done, (who,)) == pytest.approx(np.mean(chosen))
