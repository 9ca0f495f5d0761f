"""Runs that repeat each other: who counts, and intervals against scipy's and closed forms."""

from __future__ import annotations

import math
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp, ttest_rel

from anml_fl.run.repeats import (
    FinishedRun,
    Repeats,
    but_for_the_seed,
    ratio_of_test_rows,
    repeats,
)
from anml_fl.settings.reading import from_flat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def run(seed: int, scores: Mapping[str, float | None], **changes: Any) -> FinishedRun:
    plain = {"settings": "{}", "code": "one", "metric": "", "test_ratio": 0.0}
    given = {"name": f"run-{seed}", "seed": seed, "scores": scores, **plain, **changes}
    return FinishedRun(**given)


def only(runs: Sequence[FinishedRun]) -> Repeats:
    (found,) = repeats(runs)
    return found


@pytest.mark.parametrize(
    ("metric", "scores", "ends"),
    [
        ("", (0.0, 0.3, 0.4, 0.6), (0.0, None)),
        ("accuracy", (1.0, 0.7, 0.6, 0.9), (None, 1.0)),
        ("", (0.1, 0.12, 0.11), (None, None)),
        ("r2", (0.0, -0.3, 0.9, 1.0), (None, None)),  # below 0 there is more
    ],
)
def test_an_interval_of_shares_ends_where_shares_do(
    metric: str, scores: tuple[float, ...], ends: tuple[float | None, ...]
) -> None:
    plain = ttest_1samp(scores, 0).confidence_interval(0.95)
    found = only([run(seed, {"anml": one}, metric=metric) for seed, one in enumerate(scores)])
    score = found.strategies[0].score
    assert score is not None
    expected = [whole if end is None else end for whole, end in zip(plain, ends, strict=True)]
    assert [score.low, score.high] == pytest.approx(expected, abs=1e-9)
    assert score.mean == pytest.approx(np.mean(scores))


def test_means_and_paired_differences_are_those_of_t_tests() -> None:
    rng = np.random.default_rng(3)
    krum, anml = 0.2 + 0.05 * rng.normal(size=(2, 6))
    found = only(
        [run(seed, {"krum": krum[seed], "anml": anml[seed]}) for seed in (4, 0, 2, 5, 1, 3)]
    )

    assert found.runs == tuple(f"run-{seed}" for seed in range(6))
    assert found.lead == "anml"
    by_name = {one.name: one for one in found.strategies}
    for name, scores in (("krum", krum), ("anml", anml)):
        expected = ttest_1samp(scores, 0).confidence_interval(0.95)
        score = by_name[name].score
        assert score is not None
        assert score.mean == pytest.approx(scores.mean(), abs=1e-9)
        assert (score.low, score.high) == pytest.approx(tuple(expected), abs=1e-9)
        assert by_name[name].runs == 6
    # Of an error less is better: how much better anml is, is krum - anml.
    expected = ttest_rel(krum, anml).confidence_interval(0.95)
    lead = by_name["krum"].lead
    assert lead is not None
    assert (lead.low, lead.high) == pytest.approx(tuple(expected), abs=1e-9)
    assert by_name["anml"].lead is None


def test_rows_split_anew_widen_mean_and_difference() -> None:
    scores = [0.1, 0.2, 0.4]
    runs = [
        run(seed, {"anml": score, "krum": 0.5}, test_ratio=0.25, metric="rmse")
        for seed, score in enumerate(scores)
    ]
    anml, krum = only(runs).strategies
    assert anml.score is not None
    assert krum.lead is not None
    # t of 2 degrees of freedom has a closed form: its 97.5 % point is 4.302652...
    quantile = 0.95 * math.sqrt(2 / (1 - 0.95**2))
    half = quantile * np.std(scores, ddof=1) * math.sqrt(1 / 3 + 1 / 4)
    assert (anml.score.high - anml.score.low) / 2 == pytest.approx(half, abs=1e-9)
    assert (krum.lead.high - krum.lead.low) / 2 == pytest.approx(half, abs=1e-9)
    assert quantile == pytest.approx(t.ppf(0.975, 2))


@pytest.mark.parametrize(("metric", "sign"), [("", 1), ("accuracy", -1), ("rmse", 1)])
def test_above_zero_the_strategy_that_pays_is_better(metric: str, sign: int) -> None:
    lead = [0.1, 0.2, 0.3]
    runs = [
        run(seed, {"krum": x + 0.5 + 0.01 * seed, "anml": x}, metric=metric)
        for seed, x in enumerate(lead)
    ]
    krum, _ = only(runs).strategies
    assert krum.lead is not None
    assert krum.lead.mean == pytest.approx(sign * 0.51)
    assert krum.verdict == sign


def test_of_one_run_nothing_and_of_two_no_interval_is_claimed() -> None:
    runs = [run(seed, {"krum": 0.1 * seed, "anml": 0.3}) for seed in range(2)]

    assert repeats(runs[:1]) == ()
    assert repeats([]) == ()
    found = only(runs)
    assert not found.enough
    for one in found.strategies:
        assert (one.score, one.lead, one.verdict) == (None, None, 0)


def test_a_seed_counts_once_and_other_settings_or_code_make_no_repeat() -> None:
    score = {"anml": 0.1}
    runs = [
        run(0, score),
        run(0, {"anml": 0.9}, name="again"),
        run(1, score),
        run(2, score, settings='{"rounds": 9}'),
        run(3, score, code="other"),
        run(4, score, settings=""),
        run(5, score, settings=""),
    ]
    found = only(runs)
    assert found.runs == ("run-0", "run-1")
    assert found.same_seed == ("again",)
    assert found.other_code == ("run-3",)


def test_a_strategy_that_too_few_runs_tested_has_no_interval() -> None:
    runs = [
        run(seed, {"krum": None if seed else 0.2, "anml": 0.1 * seed}) for seed in range(3)
    ]
    krum, anml = only(runs).strategies
    assert (krum.runs, krum.score, krum.lead) == (1, None, None)
    assert anml.runs == 3
    assert anml.score is not None


def test_differences_that_are_all_alike_show_nothing() -> None:
    # Each model took one more of ten test rows for another class.
    runs = [run(seed, {"krum": 0.3, "anml": 0.2}) for seed in range(3)]
    krum, _ = only(runs).strategies
    assert krum.lead is not None
    assert (krum.lead.low, krum.lead.high) == (0.1, 0.1)
    assert krum.verdict == 0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_runs_are_ticked_says_nothing(
    errors: list[tuple[float, float]], random: Any
) -> None:
    runs = [run(seed, {"krum": a, "anml": b}) for seed, (a, b) in enumerate(errors)]
    shuffled = list(runs)
    random.shuffle(shuffled)
    assert repeats(runs) == repeats(shuffled)


def settings(**flat: Any) -> dict[str, Any]:
    return tomllib.loads(from_flat({"dataset": "wine", **flat}).to_toml())


def test_settings_are_alike_but_for_the_seed_and_the_name() -> None:
    first = but_for_the_seed(settings(seed=0, name="a"))
    assert first == but_for_the_seed(settings(seed=7, name="b"))
    assert first != but_for_the_seed(settings(rounds=9))
    assert first != but_for_the_seed(settings(strategies="anml,krum"))


def test_runs_that_go_on_with_one_reputation_or_hide_their_data_are_no_repeats() -> None:
    moved = {"database": "registry.db", "reputation": True}
    assert but_for_the_seed(settings(**moved)) == ""
    assert but_for_the_seed(settings(**moved, simulated=True)) != ""
    assert but_for_the_seed(settings(database="registry.db")) != ""
    assert but_for_the_seed({"engine": "app", "strategies": ["anml"]}) == ""


@pytest.mark.parametrize(
    ("flat", "ratio"),
    [
        ({}, 0.25),
        ({"data": "a.csv", "label": "y"}, 0.25),
        ({"data": "a.csv", "label": "y", "test": "b.csv"}, 0.0),
        ({"dataset": "labelme", "partition": "natural", "contributors": 4}, 0.0),
        (
            {
                "dataset": "heart_disease",
                "partition": "natural",
                "contributors": 3,
                "behaviours": "honest=3",
                "leave-out": "va",
            },
            0.0,
        ),
    ],
)
def test_test_rows_that_are_given_are_the_same_for_every_seed(
    flat: dict[str, Any], ratio: float
) -> None:
    assert ratio_of_test_rows(settings(**flat)) == ratio
