"""Experiments with contributors, against the same steps done one by one."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pytest
from scipy.stats import rankdata

from anml_fl.models.state import error_rate
from studies.contributors import experiment
from studies.contributors.dealing import give, trial_stream
from studies.contributors.learners import Perceptrons, TrainingSet
from studies.contributors.recipe import ContributorRecipe
from studies.contributors.scores import gradient_scores
from studies.contributors.weighing import check_method
from studies.paper import table_16
from studies.study import Cell, Variant

SHORT = ContributorRecipe(samples=30, fit=15, epochs=30, subtle=0.3, obvious="random")
METHODS = (
    "uniform",
    "loss",
    "loss@contributors",
    "out_of_fold",
    "two_stage",
    "two_stage@contributors",
    "oracle",
    "oracle@contributors",
)


def cell(*variants, trials=(0, 1), trained=True):
    return Cell("table-16", "digits", variants, trials, 0, trained)


def table(rows):
    found = {(r.condition, r.method, r.metric, r.trial): r.value for r in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def rows():
    return table(experiment.run(cell(Variant("c", SHORT, METHODS))))


@pytest.fixture(params=[0, 1], scope="module")
def trial(request):
    return request.param


@pytest.fixture(scope="module")
def given(trial):
    return give("digits", SHORT, 0, trial)


@pytest.fixture(scope="module")
def losses(given, trial):
    start = int(trial_stream("digits", 0, trial, "model").integers(2**32))
    (models,) = Perceptrons(10).train(
        [TrainingSet(given.features, given.targets, start)], (15,)
    )
    return gradient_scores(given, models[15], None).losses


def trained_error(given, trial, kept):
    start = int(trial_stream("digits", 0, trial, "model").integers(2**32))
    one = TrainingSet(given.features[kept], given.targets[kept], start)
    (models,) = Perceptrons(10).train([one], (30,))
    return error_rate(models[30], given.test_features, given.test_targets)


def test_errors_are_as_step_by_step(rows, given, trial, losses):
    everything = np.ones(300, bool)
    by_loss = rankdata(losses, method="ordinal") <= 180
    means = np.array([losses[given.holder == who].mean() for who in range(10)])
    best = np.isin(given.holder, np.argsort(means)[:6])
    for method, kept in {
        "uniform": everything,
        "loss": by_loss,
        "loss@contributors": best,
        "oracle": ~given.bad,
        "oracle@contributors": ~given.malicious[given.holder],
    }.items():
        assert rows["c", method, "error", trial] == pytest.approx(
            trained_error(given, trial, kept)
        ), method
        kept_bad = given.bad[kept].sum() / given.bad.sum()
        assert rows["c", method, "kept_bad", trial] == pytest.approx(kept_bad)
    honest = ~given.malicious
    share = np.isin(np.flatnonzero(honest), np.argsort(means)[:6]).mean()
    assert rows["c", "loss@contributors", "kept_good_contributors", trial] == share
    assert ("c", "loss", "kept_good_contributors", trial) not in rows


def test_detectability_is_a_correlation_of_ranks(rows, given, trial, losses):
    ranks = rankdata(losses)
    expected = abs(np.corrcoef(ranks, given.bad)[0, 1])
    assert rows["c", "loss", "detectability", trial] == pytest.approx(expected, abs=1e-6)
    plain = abs(np.corrcoef(losses, given.bad)[0, 1])
    assert rows["c", "loss", "detectability_pearson", trial] == pytest.approx(plain, abs=1e-6)


def test_auc_is_the_share_of_pairs_in_the_right_order(rows, given, trial, losses):
    good, bad = -losses[~given.bad], -losses[given.bad]
    pairs = np.mean(good[:, None] > bad[None, :])
    assert rows["c", "loss", "auc", trial] == pytest.approx(pairs, abs=1e-6)
    means = np.array([-losses[given.holder == who].mean() for who in range(10)])
    honest, others = means[~given.malicious], means[given.malicious]
    pairs = np.mean(honest[:, None] > others[None, :])
    assert rows["c", "loss@contributors", "auc", trial] == pytest.approx(pairs)


def test_gate_is_recorded_at_both_levels(rows, trial):
    for method in ("two_stage", "two_stage@contributors"):
        assert -1 <= rows["c", method, "rho_c", trial] <= 1
        branches = [
            rows["c", method, f"branch_{b}", trial] for b in ("uniform", "blend", "krum")
        ]
        assert sorted(branches) == [0, 0, 1]


def test_variants_that_share_work_find_what_they_find_alone():
    methods = ("uniform", "loss", "krum@contributors", "out_of_fold@contributors", "oracle")
    variants = [
        Variant("a", SHORT, methods),
        Variant("b", SHORT.changed(drop=0.3), methods),
        Variant("c", SHORT.changed(subtle=1.0), methods[1:]),
        Variant("d", SHORT.changed(fit=5, samples=20), methods),
        Variant("e", SHORT, ("loss", "loss@contributors")),
    ]
    together = table(experiment.run(cell(*variants)))
    alone = {}
    for variant in variants:
        for trial in (0, 1):
            alone |= table(experiment.run(cell(variant, trials=(trial,))))
    assert together.keys() == alone.keys()
    for key, value in alone.items():
        assert together[key] == pytest.approx(value), key


def test_credentials_are_of_the_scenario_and_the_same_under_every_mixture(given, trial):
    one = experiment.credentials(cell(), SHORT, given, trial)
    other = give("digits", SHORT.changed(subtle=1.0), 0, trial)
    assert one.tolist() == experiment.credentials(cell(), SHORT, other, trial).tolist()
    # Section 5.1.3: of the bad, v and r are 0.55 at most.
    assert one[given.malicious].max() <= 0.55**2
    nobody = experiment.credentials(cell(), SHORT.changed(scenario="unknown"), given, trial)
    assert nobody == pytest.approx(np.full(10, 0.25 * 0.40))


def test_without_corruption_there_is_nothing_to_tell_apart():
    clean = SHORT.changed(malicious=0.0)
    methods = ("uniform", "loss", "loss@contributors")
    found = table(experiment.run(cell(Variant("c", clean, methods), trained=False)))
    assert {metric for _, _, metric, _ in found} == {"kept_good_contributors"}


def test_conditions_of_the_paper_are_there_by_name():
    text = files("studies.paper").joinpath("targets.csv").read_text(encoding="utf-8")
    wanted = {r["condition"] for r in csv.DictReader(text.splitlines()) if r["table"] == "16"}
    for dataset in table_16.STUDY.trials:
        listed = table_16.variants(dataset)
        assert len({v.condition for v in listed}) == len(listed)
        for variant in listed:
            assert all(map(check_method, variant.methods))
            percent = float(variant.condition.split(";")[0].removeprefix("subtle="))
            assert variant.recipe.subtle == percent / 100
    digits = {v.condition: v.recipe for v in table_16.variants("digits")}
    assert len(wanted) == 11
    assert wanted < set(digits)
    assert all(digits[name].pairs == "paper" for name in wanted)
    assert all(digits[name].obvious == "offset" for name in wanted)
