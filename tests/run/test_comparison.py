"""Comparing runs: who is taken together, with which numbers, what is said of others."""

from __future__ import annotations

import json
from statistics import fmean
from typing import Any

import pytest
from scipy.stats import permutation_test, ttest_rel

from anml_fl.run.comparison import COLUMNS, compared
from anml_fl.run.repeats import FinishedRun

SETTINGS = {
    "evaluation": {"metric": ""},
    "federation": {"dataset": "wine"},
    "training": {"rounds": 8},
}


def run(name: str, seed: int, scores: dict[str, float | None], **changes: Any) -> FinishedRun:
    usual = {"settings": json.dumps(SETTINGS), "code": "one", "metric": "", "test_ratio": 0.0}
    return FinishedRun(name=name, seed=seed, scores=scores, **{**usual, **changes})


def other(**sections: Any) -> str:
    return json.dumps({**SETTINGS, **sections})


def test_a_row_has_what_textbooks_have():
    krum = [0.3, 0.25, 0.31, 0.4, 0.27, 0.33]
    anml = [0.2, 0.26, 0.22, 0.21, 0.19, 0.23]
    runs = [
        run(f"s{seed}", seed, {"krum": krum[seed], "anml": anml[seed]}) for seed in range(6)
    ]
    of_krum, of_anml = compared(runs).rows()

    assert tuple(of_krum) == COLUMNS
    assert of_krum["runs"] == "s0 s1 s2 s3 s4 s5"
    assert of_krum["seeds"] == "0 1 2 3 4 5"
    assert (of_krum["lead"], of_krum["scored"], of_krum["pairs"]) == ("anml", 6, 6)
    assert of_krum["mean"] == pytest.approx(fmean(krum))
    expected = ttest_rel(krum, anml).confidence_interval(0.95)
    assert (of_krum["difference_low"], of_krum["difference_high"]) == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )
    p = permutation_test(
        (krum, anml), lambda a, b: fmean(a) - fmean(b), permutation_type="samples"
    ).pvalue
    assert of_krum["p"] == pytest.approx(p)
    assert of_krum["p_holm"] == of_krum["p"]
    assert of_krum["verdict"] == "better"
    assert {of_anml[name] for name in ("difference", "p", "p_holm", "verdict")} == {None}


def test_the_correction_counts_all_strategies_but_the_one_that_pays():
    scores = [{"krum": 0.5 + k / 8, "mean": 0.5, "anml": 0.25} for k in range(7)]
    rows = [*compared([run(f"s{k}", k, of) for k, of in enumerate(scores)]).rows()]
    assert [row["p"] for row in rows] == [2 / 2**7, 2 / 2**7, None]
    assert [row["p_holm"] for row in rows] == [4 / 2**7, 4 / 2**7, None]


def test_of_one_and_two_runs_there_is_a_mean_and_nothing_is_claimed():
    runs = [run(f"s{seed}", seed, {"krum": 0.25 * seed, "anml": None}) for seed in (1, 2)]
    for chosen, mean in ((runs, 0.375), (runs[:1], 0.25)):
        of_krum, of_anml = compared(chosen).rows()
        assert of_krum["mean"] == mean
        assert (of_anml["scored"], of_anml["mean"]) == (0, None)
        for name in ("low", "high", "difference", "pairs", "p", "p_holm", "verdict"):
            assert of_krum[name] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"settings": other(federation={"dataset": "digits"})},
            "they differ in federation.dataset ('wine' and 'digits').",
        ),
        (
            {"settings": other(training={"rounds": 9, "schedule": "cosine"})},
            "they differ in training.rounds (8 and 9), training.schedule (not there and"
            " 'cosine').",
        ),
        (
            {"settings": other(evaluation={"metric": "r2"}), "metric": "r2"},
            "they differ in evaluation.metric ('' and 'r2').",
        ),
        (
            {"settings": ""},
            "b is of a Flower app, whose settings do not say what it trained on, or earned"
            " reputation that goes on from run to run.",
        ),
        ({"code": "two"}, "other code made it."),
        ({"seed": 1}, "its seed is the same."),
    ],
)
def test_what_cannot_be_compared_is_told_by_name(changes, said):
    first = run("a", 1, {"anml": 0.1})
    second = FinishedRun(
        **{
            "name": "b",
            "seed": 2,
            "settings": first.settings,
            "code": "one",
            "metric": "",
            "test_ratio": 0.0,
            "scores": {"anml": 0.1},
            **changes,
        }
    )
    found = compared([first, second])
    assert found.apart == (f"b is not taken together with a: {said}",)
    assert [[one.name for one in runs] for runs, _ in found.sets] == [["a"], ["b"]]


def test_sets_stand_in_the_order_of_their_first_runs():
    long = other(training={"rounds": 9})
    runs = [
        run("x", 3, {"anml": 0.1}, settings=other(federation={"dataset": "digits"})),
        run("b1", 1, {"anml": 0.1}, settings=long),
        run("a1", 1, {"anml": 0.1}),
        run("a2", 2, {"anml": 0.1}),
        run("b2", 2, {"anml": 0.1}, settings=long),
    ]
    found = compared(runs)
    assert [[one.name for one in of] for of, _ in found.sets] == [
        ["x"],
        ["b1", "b2"],
        ["a1", "a2"],
    ]
    assert [row["set"] for row in found.rows()] == [1, 2, 3]
    assert len(found.apart) == 2
