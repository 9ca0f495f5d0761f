"""Annotators: what is measured of them, and what their answers teach, on a small crowd."""

import numpy as np
import pytest

from anml_fl.datasets.prepare import Samples
from studies.crowd.answers import Answers
from studies.crowd.classifiers import logistic_error, mlp_error
from studies.crowd.consensus import crowdlab, dawid_skene
from studies.crowd.measures import rank_correlation
from studies.crowd.scores import fitted_scores, out_of_fold_probabilities
from studies.crowd.settings import CrowdSettings
from studies.crowd.small_numbers import interval_coverage, small_in_top
from studies.crowd.training_labels import LabelledSet, TrainingLabels
from studies.crowd.weighing import RULES, weigh_annotators

SKILLS = (0.95, 0.9, 0.6, 0.5, 0.3)
PICTURES = 120
QUICK = CrowdSettings(fit=60, epochs=60, learning_rate=0.01)


@pytest.fixture(scope="module")
def crowd():
    """Everybody answers about every picture of three classes that lie far apart."""
    rng = np.random.default_rng(7)
    truth = rng.integers(3, size=PICTURES)
    features = (4.0 * np.eye(3)[truth] + rng.normal(size=(PICTURES, 3))).astype("f4")
    holder = np.repeat(np.arange(len(SKILLS)), PICTURES)
    items = np.tile(np.arange(PICTURES), len(SKILLS))
    right = rng.random(holder.size) < np.array(SKILLS)[holder]
    other = (truth[items] + rng.integers(1, 3, size=holder.size)) % 3
    gold = items < 5
    return Answers(
        features=features[items],
        labels=np.where(right, truth[items], other),
        truth=truth[items],
        holder=holder,
        items=items,
        gold=gold,
        annotators=len(SKILLS),
        test=Samples(features, truth, 3),
    )


@pytest.fixture
def training(crowd):
    # The first two annotators are trusted, the last answer most of all.
    score = np.linspace(0.5, 1.0, crowd.labels.size)
    weights = np.array([0.4, 0.4, 0.1, 0.05, 0.05])
    found = dawid_skene(crowd)
    return TrainingLabels(
        crowd, {"krum": score}, {"q@krum": weights}, {"dawid_skene": found}, 0.4
    )


def test_counts_and_accuracy_are_those_of_the_answers(crowd):
    for i in range(len(SKILLS)):
        mine = crowd.holder == i
        assert crowd.counts[i] == mine.sum()
        assert crowd.accuracy[i] == pytest.approx((crowd.labels == crowd.truth)[mine].mean())
        assert crowd.graded[0][i] == (crowd.labels == crowd.truth)[mine & crowd.gold].sum()
        assert crowd.graded[1][i] == 5


def test_votes_add_up_weights_by_picture_and_label(crowd):
    weights = np.arange(crowd.labels.size, dtype=float)
    votes = crowd.votes(weights)
    for picture in (0, 17):
        for label in range(3):
            chosen = (crowd.items == picture) & (crowd.labels == label)
            assert votes[picture, label] == weights[chosen].sum()


def test_libraries_find_the_good_annotators(crowd):
    rng = np.random.default_rng(0)
    unseen = out_of_fold_probabilities(crowd, QUICK, rng)
    for found in (dawid_skene(crowd), crowdlab(crowd, unseen)):
        assert (found.labels == crowd.picture_truth).mean() > 0.9
        assert found.labels.shape == found.sure.shape == (PICTURES,)
        assert (np.diff(found.accuracy[[0, 2, 4]]) < 0).all()
    # EM's confusion matrices: near the true accuracies, as each has 120 answers.
    assert np.abs(dawid_skene(crowd).accuracy - crowd.accuracy).max() < 0.12


def test_scores_tell_right_answers_from_wrong(crowd):
    rng = np.random.default_rng(0)
    scores = fitted_scores(crowd, QUICK, rng)
    unseen = out_of_fold_probabilities(crowd, QUICK, rng)
    assert unseen.sum(axis=1) == pytest.approx(np.ones(PICTURES))
    scores["out_of_fold"] = unseen[crowd.items, crowd.labels]
    for name, score in scores.items():
        assert score[crowd.right].mean() > score[~crowd.right].mean() + 0.1, name
    assert np.exp(scores["loss"]) == pytest.approx(scores["probability"])


def test_out_of_fold_models_have_not_seen_the_picture(crowd):
    # One picture's answers are all changed: its own prediction must not move.
    moved = np.where(crowd.items == 3, (crowd.labels + 1) % 3, crowd.labels)
    other = Answers(
        crowd.features, moved, crowd.truth, crowd.holder, crowd.items, crowd.gold,
        crowd.annotators, crowd.test,
    )  # fmt: skip
    first, second = (
        out_of_fold_probabilities(one, QUICK, np.random.default_rng(0))
        for one in (crowd, other)
    )
    assert np.array_equal(first[3], second[3])
    assert not np.array_equal(first, second)


def test_training_labels_are_what_their_names_say(crowd, training):
    everything = training.of("answers")
    assert everything.right == pytest.approx(crowd.right.mean())
    truth = training.of("truth")
    assert truth.right == 1.0
    assert np.array_equal(truth.labels, crowd.picture_truth)
    gold = training.of("gold")
    assert gold.labels.size == 5
    assert np.array_equal(gold.labels, crowd.picture_truth[:5])
    assert np.array_equal(gold.features, crowd.pictures[:5])
    # The highest scores are the last answers.
    assert np.array_equal(training.of("krum").labels, crowd.labels[-240:])
    # 40 % of five annotators, and then of the answers: the first two, by weight.
    assert np.array_equal(training.of("q@krum/annotators").labels, crowd.labels[:240])
    assert np.array_equal(training.of("q@krum").labels, crowd.labels[:240])


def test_votes_are_counted_as_the_method_says(crowd, training):
    weights = training.weights["q@krum"]
    for picture in range(PICTURES):
        mine = crowd.items == picture
        for method, each in (
            ("majority_vote", np.ones(len(SKILLS))),
            ("q@krum/vote", weights),
            ("q@krum/scored_vote", weights * training.scores["krum"][mine]),
        ):
            totals = [each[crowd.labels[mine] == label].sum() for label in range(3)]
            assert training.of(method).labels[picture] == np.argmax(totals)
    top = training.of("dawid_skene/top")
    assert top.labels.size == 48
    assert top.right >= training.of("dawid_skene").right


@pytest.mark.parametrize("method", ["nobody", "q@krum/nobody", "krum/vote"])
def test_an_unknown_method_is_refused_with_the_known_ones(training, method):
    with pytest.raises(ValueError, match=f"unknown method '{method}'; known: answers, gold"):
        training.of(method)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown rule 'best'; known: q, q"):
        weigh_annotators("best", np.ones(2), np.ones(2), QUICK)


def test_rules_weigh_by_q_and_by_reputation():
    q, r = np.array([0.8, 0.4, 0.6]), np.array([0.3, 0.9, 0.6])
    found = {rule: weigh_annotators(rule, q, r, QUICK) for rule in RULES}
    assert found["q"].weights == pytest.approx(q / 1.8)
    assert found["q*v*r"].weights == pytest.approx(q * r / (q * r).sum())
    # q and s disagree: stage 2 does not trust s; where all are vouched for, stage 1 does.
    assert found["two_stage"].weights == pytest.approx(q / 1.8)
    assert found["two_stage"].rho_c == pytest.approx(-1.0)
    sure = weigh_annotators("two_stage", q, r + 0.1, QUICK.changed(v=1.0))
    assert sure.branch == "uniform"
    s = 0.25 * r
    halves = [np.exp(x) / np.exp(x).sum() / 2 for x in (q, s)]
    assert found["softmax_blend"].weights == pytest.approx(sum(halves))


def test_intervals_of_few_answers_hold_the_mean_of_all():
    # 400 annotators whose scores follow the model that the intervals come from.
    rng = np.random.default_rng(1)
    people, each = 400, 60
    holder = np.repeat(np.arange(people), each)
    skill = rng.normal(0.6, 0.2, people)
    scores = rng.normal(skill[holder], 0.3)
    gold = np.tile(np.arange(each) < 5, people)
    nothing = np.zeros(holder.size, dtype=np.int64)
    empty = Samples(np.zeros((0, 1), "f4"), np.zeros(0, np.int64), 2)
    answers = Answers(
        np.zeros((holder.size, 1), "f4"),
        nothing,
        nothing,
        holder,
        nothing,
        gold,
        people,
        empty,
    )
    shrunk, textbook = interval_coverage(answers, scores)
    assert shrunk == pytest.approx(0.95, abs=0.03)
    # 1.96 in place of Student's t with 4 degrees of freedom, 2.78.
    assert textbook == pytest.approx(0.88, abs=0.04)


def test_equals_share_the_ranks_that_are_left():
    few = np.array([True, True, False, False])
    assert small_in_top(np.array([0.9, 0.1, 0.5, 0.3]), few, top=2) == 0.5
    assert small_in_top(np.ones(4), few, top=3) == 0.5
    assert small_in_top(np.array([0.9, 0.5, 0.5, 0.5]), few, top=2) == pytest.approx(2 / 3)


def test_only_those_that_count_are_ranked():
    values = np.array([1.0, 2.0, 3.0, -9.0])
    truth = np.array([0.1, 0.2, 0.3, 0.9])
    assert rank_correlation(values, truth, np.arange(4) < 3) == pytest.approx(1.0)
    assert rank_correlation(values, truth, np.arange(4) < 4) < 0


def test_classifiers_learn_from_true_labels_alone(crowd):
    true = LabelledSet(crowd.pictures, crowd.picture_truth, 1.0)
    wrong = LabelledSet(crowd.pictures, (crowd.picture_truth + 1) % 3, 0.0)
    assert logistic_error(true, crowd.test) < 0.1
    assert logistic_error(wrong, crowd.test) > 0.9
    assert mlp_error(true, crowd.test, QUICK, 0) < 0.1
    assert mlp_error(wrong, crowd.test, QUICK, 0) > 0.9
