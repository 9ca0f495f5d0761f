"""The studies of LabelMe's 59 annotators, on the real answers."""

import os
from pathlib import Path

import numpy as np
import pytest

from anml_fl.datasets.gold import graded_answers
from anml_fl.datasets.prepare import deal
from studies.crowd.answers import gather
from studies.crowd.classifiers import logistic_error
from studies.crowd.training_labels import LabelledSet
from studies.own import annotators, annotators_federation
from studies.own.annotators_federation import CrowdFederation
from studies.study import Cell, Variant

HERE = (Path(os.environ.get("ANML_DATA_DIR", "nowhere")) / "labelme_crowd.npz").is_file()
pytestmark = pytest.mark.skipif(not HERE, reason="ANML_DATA_DIR has no labelme_crowd.npz")


@pytest.fixture(scope="module")
def raw():
    with np.load(Path(os.environ["ANML_DATA_DIR"]) / "labelme_crowd.npz") as found:
        return {name: found[name] for name in ("answers", "y_train")}


def test_answers_are_those_of_the_file(raw):
    answers = gather("labelme", 5, 0)
    table = np.full(raw["answers"].shape, -1)
    table[answers.items, answers.holder] = answers.labels
    assert np.array_equal(table, raw["answers"])
    assert np.array_equal(answers.picture_truth, raw["y_train"])
    assert answers.measured.sum() == 37
    assert answers.accuracy[answers.measured].min() == pytest.approx(0.5)


def test_the_gold_set_is_that_of_a_federation_of_the_seed():
    dealt = deal("labelme", 59, "natural", 4)
    for answers in (3, 5, 1000):
        expected = graded_answers(dealt, answers, seed=4)
        found = gather("labelme", answers, 4).graded
        assert np.array_equal(found, expected)
    assert not np.array_equal(gather("labelme", 5, 4).gold, gather("labelme", 5, 5).gold)


def test_data_without_answers_are_refused():
    with pytest.raises(ValueError, match="wine holds no answers of several people"):
        gather("wine", 5, 0)


def test_true_labels_and_majority_vote_err_as_published():
    answers = gather("labelme", 5, 0)
    truth = LabelledSet(answers.pictures, answers.picture_truth, 1.0)
    votes = answers.votes(np.ones(answers.labels.size))
    majority = LabelledSet(answers.pictures, votes.argmax(axis=1), 0.0)
    assert logistic_error(truth, answers.test) == pytest.approx(0.078, abs=0.005)
    assert logistic_error(majority, answers.test) == pytest.approx(0.254, abs=0.01)


@pytest.mark.slow
def test_weights_follow_accuracy_and_the_model_beats_majority_vote():
    variant = annotators.variants("labelme")[0]
    methods = ("majority_vote", "answers", "two_stage@out_of_fold")
    vouched = annotators.variants("labelme")[1]
    listed = (Variant(variant.condition, variant.recipe, methods), vouched)
    rows = annotators.run(Cell("annotators", "labelme", listed, (0,), 0))
    found = {(r.condition, r.method, r.metric): r.value for r in rows}
    assert len(found) == len(rows)
    own = variant.condition
    assert found[own, "two_stage@out_of_fold", "spearman"] >= 0.6
    errors = {m: found[f"{own};classifier=logistic", m, "error"] for m in methods}
    assert errors["two_stage@out_of_fold"] <= errors["majority_vote"] - 0.05
    # Each group's weights, times its size, make up the whole.
    sizes = {"answers=1-10": 16, "answers=11-19": 6, "answers=20-182": 37}
    total = sum(
        n * found[f"{own};{group}", "q@krum", "mean_weight"] for group, n in sizes.items()
    )
    assert total == pytest.approx(59)
    # Who is taught nothing is not tested.
    assert not any(c.startswith(f"{vouched.condition};") for c, _, _ in found)


@pytest.mark.slow
def test_federation_records_what_every_strategy_did():
    listed = (Variant("quick", CrowdFederation(rounds=1), ("fedavg", "multiplicative")),)
    rows = annotators_federation.run(Cell("annotators-federation", "labelme", listed, (0,), 0))
    found = {(r.method, r.metric): r.value for r in rows}
    assert len(found) == len(rows)
    assert 0 < found["multiplicative", "error"] < 0.9
    # Everybody is selected by FedAvg, and fewer by the others.
    assert found["fedavg", "selected_small"] == 1.0 > found["multiplicative", "selected_small"]
    r = found["multiplicative", "spearman_r"]
    assert 0.1 < r == found["fedavg", "spearman_r"]
