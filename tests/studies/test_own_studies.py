"""Every study lists what it should, and those with a measurement of their own measure it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from anml_fl.method.combination import softmax_blend
from studies.catalogue import STUDIES, chosen
from studies.own import label_skew, overhead, temperature
from studies.paper import figure_6
from studies.sample import experiment
from studies.sample.fitted import Fitted
from studies.sample.weighing import check_method
from studies.study import Cell, Variant, cells


def small(study, dataset, **settings):
    """One trial of a study, with a recipe that takes no time."""
    (cell, *_) = cells(study, trials=1)
    variants = tuple(
        Variant(v.condition, v.recipe.changed(**settings), v.methods)
        for v in study.variants(dataset)
    )
    return replace(cell, dataset=dataset, variants=variants)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_conditions_differ_and_methods_exist(study):
    for dataset, trials in study.trials.items():
        listed = study.variants(dataset)
        assert trials >= 1
        assert len({v.condition for v in listed}) == len(listed) > 0
        if study.run is experiment.run:
            for method in {m for v in listed for m in v.methods}:
                check_method(method)


def test_quick_profile_has_every_study_on_its_small_data():
    for study in STUDIES.values():
        quick = cells(study, quick=True)
        datasets = {cell.dataset for cell in quick}
        assert datasets == set(study.trials) & {"wine", "breast_cancer", "diabetes"} or (
            datasets == set(study.trials) - {"adult"}
        )
        assert all(len(cell.trials) <= 2 for cell in quick)


def test_figure_6_has_every_sample_with_its_giver():
    cell = small(figure_6.STUDY, "wine", fit=5)
    rows = figure_6.run(cell)
    drawn = Fitted.of(cell, cell.variants[:1]).drawn[0]
    for condition in ("naive_flip", "joint"):
        q = [row for row in rows if (row.condition, row.metric) == (condition, "q")]
        assert sorted(row.trial for row in q) == list(range(142))
        attackers = {row.trial for row in q if row.method == "attacker"}
        assert len(attackers) == round(0.3 * 142)
        if condition == "naive_flip":
            assert attackers == set(np.flatnonzero(drawn.attacker))


def test_temperature_correlates_the_blend_with_the_sum():
    cell = small(temperature.STUDY, "wine", fit=5, epochs=5)
    rows = temperature.run(cell)
    found = {row.condition: row.value for row in rows if row.metric == "spearman"}
    fitted = Fitted.of(cell, cell.variants)
    for variant in cell.variants[:2]:
        q = fitted.consistency(0, variant.recipe)
        s = fitted.signals(0, variant.recipe).s
        blend = rankdata(softmax_blend(q, s, tau=variant.recipe.tau).weights)
        expected = np.corrcoef(blend, rankdata(q + s))[0, 1]
        assert found[variant.condition] == pytest.approx(expected)
    # The hotter, the more linear.
    assert found["tau=2;moderate"] > found["tau=0.02;moderate"]


def test_overhead_is_what_its_parts_come_to():
    cell = small(overhead.STUDY, "wine", fit=20, epochs=50)
    for variant in cell.variants:
        rows = [row for row in overhead.run(cell) if row.condition == variant.condition]
        found = {(row.method, row.metric): row.value for row in rows}
        ours = found["combination", "milliseconds"] / 1000
        ours += sum(found[part, "seconds"] for part in ("fit", "q", "final"))
        overall = ours / found["uniform", "seconds"] - 1
        assert found["two_stage", "overhead"] == pytest.approx(overall)
        assert all(row.value > 0 for row in rows if row.metric != "overhead")


@pytest.mark.slow
def test_label_skew_trains_a_federation_for_every_strategy(monkeypatch):
    monkeypatch.setattr(label_skew, "_ROUNDS", 3)
    listed = tuple(
        replace(v, methods=("anml", "oracle")) for v in label_skew.variants("digits")
    )
    rows = label_skew.run(Cell("label-skew", "digits", listed, (0,), 0))
    errors = {(r.condition, r.method): r.value for r in rows if r.metric == "error"}
    assert set(errors) == {(v.condition, m) for v in listed for m in v.methods}
    assert all(0 < error < 1 and math.isfinite(error) for error in errors.values())
    auc = {row.condition: row.value for row in rows if row.metric == "auc"}
    # Where contributors are alike Krum's score tells the good from the bad.
    assert auc["iid"] > 0.9 > auc["dirichlet=0.3"]


def test_what_is_large_is_small_in_the_quick_profile() -> None:
    (quick,) = cells(STUDIES["writers"], quick=True)
    (variant,) = quick.variants
    assert (variant.recipe.contributors, variant.recipe.rounds) == (12, 2)
    full = cells(STUDIES["writers"])[0]
    assert full.variants[0].recipe.contributors == 180


def test_the_group_of_contributors_is_what_samples_cannot_say() -> None:
    names = [study.name for study in chosen("contributors")]
    assert names[0] == "table-16"
    assert {"hospitals", "annotators", "writers", "contributor-skew"} <= set(names)
