"""Nearest neighbours by cells, and the study that compares approximations of q."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from anml_fl.approximations.krum_approximation import exact_scores
from anml_fl.approximations.nearest_neighbours import neighbour_scores
from anml_fl.method.gradients import sample_gradients
from studies.own import approximations
from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Cell, Variant, cells

faiss = pytest.importorskip("faiss")


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 3))
    labels = rng.integers(3, size=500)
    features = rng.normal(size=(500, 6)).astype(np.float32)
    return sample_gradients(model, features, labels)


def exact(fit, k):
    return exact_scores([fit], n_neighbours=k, budget=0, rng=np.random.default_rng(0))


def found(fit, k, cells_, seed=0):
    rng = np.random.default_rng(seed)
    return neighbour_scores([fit], n_neighbours=k, budget=cells_, rng=rng)


@pytest.mark.parametrize("k", [1, 20, 348, 499])
def test_with_all_cells_neighbours_are_the_nearest(fit, k):
    np.testing.assert_allclose(found(fit, k, 22), exact(fit, k), rtol=1e-4)


def test_a_few_cells_find_neighbours_that_are_nearly_the_nearest(fit):
    scores, least = found(fit, 10, 4), exact(fit, 10)
    assert (scores >= least * (1 - 1e-4)).all()
    assert (scores > least * (1 + 1e-4)).any()
    assert spearmanr(scores, least).statistic > 0.97


def test_cells_are_added_until_there_are_k_others(fit):
    # One cell holds some 23 of 500.
    scores = found(fit, 300, 1)
    assert np.isfinite(scores).all()
    assert spearmanr(scores, exact(fit, 300)).statistic > 0.8


def test_neighbours_are_the_same_twice_and_threads_stay(fit):
    threads = faiss.omp_get_max_threads()
    assert (found(fit, 10, 2, 5) == found(fit, 10, 2, 5)).all()
    assert faiss.omp_get_max_threads() == threads


def test_what_no_cells_can_answer_is_refused(fit, monkeypatch):
    with pytest.raises(ValueError, match="budget must be >= 1, got 0"):
        found(fit, 10, 0)
    with pytest.raises(ValueError, match="fits must hold at least one"):
        neighbour_scores([], n_neighbours=1, budget=1, rng=np.random.default_rng(0))
    assert found(fit.take([0]), 1, 1).tolist() == [0.0]
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ModuleNotFoundError, match="faiss-cpu"):
        found(fit, 10, 1)


@pytest.fixture(scope="module")
def cell():
    recipe = Recipe(fit=20, epochs=30)
    methods = ("landmarks;m=20", "exact", "neighbours;cells=12", "checkpoints;c=5")
    few = Variant("fit=20;k=20", recipe.changed(neighbours=20), methods)
    return Cell("approximations", "wine", (Variant("fit=20;k=n-f-2", recipe, methods), few),
                (0, 1), 3)  # fmt: skip


@pytest.fixture(scope="module")
def values(cell):
    return {
        (row.condition, row.method, row.metric, row.trial): row.value
        for row in approximations.STUDY.run(cell)
    }


def test_the_study_measures_every_method_in_every_way(cell, values):
    metrics = ("seconds", "bytes", "spearman", "auc", "error")
    assert values.keys() == {
        (variant.condition, method, metric, trial)
        for variant in cell.variants
        for method in variant.methods
        for metric in metrics
        for trial in cell.trials
    }
    assert all(v >= 0 or math.isnan(v) for (_, _, m, _), v in values.items() if m == "bytes")
    assert all(v > 0 for (_, _, metric, _), v in values.items() if metric == "seconds")


def test_exact_is_what_krum_is_elsewhere(cell, values):
    krum = Cell(
        "table-7",
        "wine",
        tuple(Variant(v.condition, v.recipe, ("krum",)) for v in cell.variants),
        cell.trials,
        cell.seed,
    )
    expected = {
        (row.condition, row.metric, row.trial): row.value for row in experiment.run(krum)
    }
    for condition in ("fit=20;k=n-f-2", "fit=20;k=20"):
        for trial in cell.trials:
            assert values[condition, "exact", "spearman", trial] == pytest.approx(1)
            for metric in ("auc", "error"):
                exact_value = values[condition, "exact", metric, trial]
                assert exact_value == pytest.approx(expected[condition, metric, trial])


def test_an_approximation_is_held_against_the_exact_scores(values):
    landmarks = [v for key, v in values.items() if key[1:3] == ("landmarks;m=20", "spearman")]
    assert len(landmarks) == 4
    assert all(0.7 < v < 1 for v in landmarks)
    # Every cell of sqrt(142) searched, at k = 20 and also at most samples.
    every = [v for key, v in values.items() if key[1:3] == ("neighbours;cells=12", "spearman")]
    assert every == pytest.approx([1.0] * 4, abs=1e-4)


def test_all_but_time_and_memory_is_the_same_twice(cell, values):
    again = {
        (row.condition, row.method, row.metric, row.trial): row.value
        for row in approximations.STUDY.run(cell)
    }
    for key, value in values.items():
        if key[2] not in {"seconds", "bytes"}:
            assert again[key] == value


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's account of memory")
def test_memory_is_what_is_asked_for_on_top():
    def score(fits):
        block = np.ones(3_000_000)  # 24 MB
        return block[:3]

    _, seconds, used = approximations._measured(score, [])
    assert seconds < 5
    assert 23e6 < used < 40e6


def test_an_unknown_method_is_refused(cell):
    variant = Variant("x", Recipe(), ("exact", "neighbors;cells=2"))
    with pytest.raises(ValueError, match="unknown method 'neighbors;cells=2'; known: exact"):
        approximations.run(Cell("approximations", "wine", (variant,), (0,), 0))
    with pytest.raises(ValueError, match="unknown method 'landmarks'"):
        approximations.scorer("landmarks", 1, 0, 0)
    with pytest.raises(ValueError, match="methods must have 'exact' among them"):
        approximations.run(
            Cell("approximations", "wine", (Variant("x", Recipe(), ()),), (0,), 0)
        )


def test_the_study_s_own_methods_are_known_and_neighbours_are_for_few():
    for one in cells(approximations.STUDY):
        for variant in one.variants:
            for method in variant.methods:
                approximations.scorer(method, 1, 0, 0)
            searched = any(m.startswith("neighbours") for m in variant.methods)
            assert searched == (variant.recipe.neighbours == 20)
            averaged = any(m.startswith("checkpoints") for m in variant.methods)
            few_of_many = one.dataset == "adult" and searched
            assert averaged == (variant.recipe.fit > 0 and not few_of_many)
