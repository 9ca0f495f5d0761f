"""The study of gates for samples: no model judges what it saw, and attacks are as said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream
from studies.own import gate_samples
from studies.sample.cross_fitting import CrossFit, drawn_by_weight
from studies.sample.drawing import draw
from studies.sample.hostile import claimed, mislabelled
from studies.sample.recipe import Recipe
from studies.study import Cell, Variant


@pytest.fixture(scope="module")
def wine():
    return draw("wine", Recipe(), seed=3, trial=0)


def cross_fit(drawn):
    return CrossFit.of(drawn, stream(3, "test"), (8,))


def rows_of(*conditions, methods=gate_samples.METHODS):
    chosen = tuple(
        Variant(v.condition, v.recipe.changed(epochs=60, fit=30), methods)
        for v in gate_samples.variants("wine")
        if v.condition in conditions
    )
    assert len(chosen) == len(conditions)
    with one_thread():
        rows = gate_samples.run(Cell("gate-samples", "wine", chosen, (0, 1), 3))
    found = {(r.condition, r.method, r.metric, r.trial): r.value for r in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def rows():
    return rows_of("moderate", "bought", "moderate;beta=0", "steered")


def test_nothing_is_judged_by_a_model_that_has_seen_it(wine):
    fitted = cross_fit(wine)
    n = wine.targets.size
    # Each sample is left out once a deal, and every fold has its share of each class.
    assert (fitted.held.sum(axis=0) == 4).all()
    for fold in fitted.held:
        counts = np.bincount(wine.targets[fold], minlength=3) * 3
        assert np.abs(counts - np.bincount(wine.targets, minlength=3)).max() <= 3
    with one_thread():
        before = fitted(np.ones(n))
        wrong = replace(wine, targets=wine.targets.copy())
        wrong.targets[5] = (wrong.targets[5] + 1) % 3
        # The same folds: dealt out before anybody looked at the label.
        after = replace(fitted, drawn=wrong)(np.ones(n))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one[5], other[5], atol=1e-6)
        np.testing.assert_allclose(one.sum(axis=1), 1)
    assert np.abs(before[-1] - after[-1]).max() > 1e-3


def test_who_is_not_believed_teaches_nothing(wine):
    fitted = cross_fit(wine)
    believed = (~wine.bad).astype(float)
    with one_thread():
        mine = fitted(believed)
        wrong = replace(wine, targets=np.where(wine.bad, 0, wine.targets))
        theirs = replace(fitted, drawn=wrong)(believed)
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_draws_are_in_proportion_to_weights():
    rng = np.random.default_rng(0)
    weights = rng.random(50)
    for start in (0.0, 0.3, 0.999999):
        counts = np.bincount(drawn_by_weight(weights, 200, start, np.arange(50)), minlength=50)
        expected = 200 * weights / weights.sum()
        assert (np.abs(counts - expected) < 1).all()


@pytest.mark.parametrize(("wrong", "share"), [("pairs", 0.4), ("one_class", 0.6)])
def test_labels_are_wrong_in_one_way(wrong, share):
    clean = draw("wine", Recipe(beta=0), seed=3, trial=0)
    found = mislabelled(clean, wrong, share, np.random.default_rng(0))
    open_to = clean.targets == 0 if wrong == "one_class" else np.ones(clean.targets.size, bool)
    assert found.bad.sum() == round(share * open_to.sum())
    assert not found.bad[~open_to].any()
    np.testing.assert_array_equal(found.bad, found.targets != clean.targets)
    assert ((found.targets - clean.targets)[found.bad] % 3 == 1).all()
    assert not clean.bad.any()


def test_credentials_tell_nothing_or_the_reverse():
    attacker = np.arange(2000) < 600
    nothing = claimed(attacker, np.ones(2000), "uninformative", np.random.default_rng(0))
    assert abs(nothing.v[attacker].mean() - nothing.v[~attacker].mean()) < 0.04
    reverse = claimed(attacker, np.ones(2000), "inverted", np.random.default_rng(0))
    assert reverse.v[attacker].min() > reverse.v[~attacker].max()
    assert reverse.r[attacker].min() > reverse.r[~attacker].max()


@pytest.mark.parametrize("trial", [0, 1])
def test_bought_credentials_open_the_published_gate_and_not_this_one(rows, trial):
    assert rows["bought", "two_stage", "attackers_kept", trial] == 1
    assert rows["bought", "calibrated", "attackers_kept", trial] < 0.2
    assert (
        rows["bought", "calibrated", "error", trial]
        < rows["bought", "two_stage", "error", trial]
    )


@pytest.mark.parametrize("trial", [0, 1])
def test_the_oracle_takes_all_that_is_good_and_only_that(rows, trial):
    for condition in ("moderate", "steered"):
        assert rows[condition, "oracle", "honest_kept", trial] == 1
        assert rows[condition, "oracle", "attackers_share", trial] == 0
    clean = "moderate;beta=0"
    assert rows[clean, "oracle", "error", trial] == rows[clean, "uniform", "error", trial]
    assert (clean, "oracle", "attackers_kept", trial) not in rows


def test_evidence_sees_no_credentials_and_shares_add_up(rows):
    for trial in (0, 1):
        # The same samples, other credentials.
        for metric in ("error", "honest_kept", "attackers_kept"):
            one, other = (
                rows[condition, "evidence", metric, trial]
                for condition in ("moderate", "bought")
            )
            assert one == other
        # 43 of 142 are bad.
        honest, bad = (
            rows["moderate", "calibrated", metric, trial]
            for metric in ("honest_kept", "attackers_kept")
        )
        expected = 43 * bad / (43 * bad + 99 * honest)
        found = rows["moderate", "calibrated", "attackers_share", trial]
        assert found == pytest.approx(expected)


def test_a_condition_does_not_depend_on_those_beside_it(rows):
    alone = rows_of("bought", methods=("evidence", "calibrated"))
    assert alone.items() <= rows.items()


def test_conditions_are_fifteen_of_the_paper_and_ours():
    assert len(gate_samples.PAPERS) == 15
    named = [v.condition for v in gate_samples.variants("breast_cancer")]
    assert named == list(gate_samples.CONDITIONS)
    assert len(gate_samples.variants("adult")) == 2
