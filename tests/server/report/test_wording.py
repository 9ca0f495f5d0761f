from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl import ContributorRecord, RoundRecord, two_stage
from anml_fl.run.reading import load_run
from server.report.wording import decision, result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("strategies", "attackers", "said"),
    [
        (
            {"fedavg": 0.111, "krum": 0.101, "anml": 0.062, "oracle": 0.048},
            4,
            "With 4 of 10 contributors attacking, anml ended at 6.2 % test error in this one "
            "run: better than fedavg (11.1 %) and krum (10.1 %); 4.8 % if only the honest had "
            "taken part (oracle).",
        ),
        (
            {"anml": 0.2, "fedavg": 0.3, "krum": 0.1, "median": 0.15, "mean": 0.2004},
            1,
            "With 1 of 10 contributors attacking, anml ended at 20.0 % test error in this one "
            "run: worse than "
            "krum (10.0 %) and median (15.0 %); the same as mean (20.0 %); better than fedavg "
            "(30.0 %).",
        ),
        (
            {"krum": 0.1},
            0,
            "With 10 contributors, krum ended at 10.0 % test error in this one run.",
        ),
        (
            {"anml": None, "krum": 0.1, "median": None},
            4,
            "With 4 of 10 contributors attacking, anml ended in this one run without a "
            "tested model: the "
            "others: krum at 10.0 %; not tested: median.",
        ),
        (
            {"anml": 0.1, "krum": None},
            4,
            "With 4 of 10 contributors attacking, anml ended at 10.0 % test error in this one "
            "run: not tested: krum.",
        ),
        (
            {"oracle": 0.05},
            4,
            "With 4 of 10 contributors attacking, oracle ended at 5.0 % test error in this "
            "one run.",
        ),
    ],
    ids=["better", "mixed", "alone", "untested", "other untested", "oracle"],
)
def test_the_result_is_said_as_it_is(
    recipe: Callable[..., Any],
    tmp_path: Path,
    strategies: dict[str, float | None],
    attackers: int,
    said: str,
) -> None:
    folder = recipe(strategies=strategies, attackers=attackers, rounds=1).write(tmp_path / "r")
    assert result(load_run(folder)).replace("\N{NO-BREAK SPACE}", " ") == said


def _record(branch: str | None, rho_c: float, min_s: float, **more: Any) -> RoundRecord:
    person = ContributorRecord("a", 0.5, 0.5, 0.5, 1.0, 0.25, 1.0, True)
    return RoundRecord(1, "anml", branch, rho_c, min_s, more.pop("people", (person,)), **more)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            _record("blend", 0.41, 0.06),
            "min s = 0.06 ≤ 0.35, so stage 1 does not fire; rho_c = 0.41 > 0.30: external "
            "signals trusted, softmax blend of q and s.",
        ),
        (
            _record("krum", 0.3, 0.35),
            "min s = 0.35 ≤ 0.35, so stage 1 does not fire; rho_c = 0.30 ≤ 0.30: external "
            "signals not trusted, w = q.",
        ),
        (
            _record("krum", math.nan, 0.1, note="too few <replies>"),
            "min s = 0.10 ≤ 0.35, so stage 1 does not fire; rho_c is undefined (q or s is "
            "the same for everyone): external signals not trusted, w = q. Note: too few "
            "<replies>.",
        ),
        (
            _record("uniform", 0.1, 0.3504),
            "min s = 0.3504 > 0.3500, so stage 1 fires: nothing to defend against, uniform "
            "weights, no selection.",
        ),
        (
            _record("blend", 0.1, 0.1),
            "The branch was “blend”, with min s = 0.10 and rho_c = 0.10; the gate with "
            "tau_h = 0.35 and tau_c = 0.3 would have taken “q only”, so this strategy does "
            "not use it, or uses other thresholds.",
        ),
        (
            _record("multiplicative", 0.1, 0.1),
            "No gate: weights are the product q · v · r · T, scaled to sum to 1.",
        ),
        (
            _record(None, math.nan, math.nan, people=()),
            "No valid reply.",
        ),
        (_record(None, 0.1, 0.1), "No gate decides in this strategy."),
    ],
)
def test_the_gate_is_retraced(record: RoundRecord, said: str) -> None:
    assert decision(record, tau_h=0.35, tau_c=0.3) == said


@pytest.mark.parametrize(
    ("q", "s", "words"),
    [
        ([1.0, 0.5, 0.0], [0.6, 0.5, 0.4], "stage 1 fires"),
        ([1.0, 0.5, 0.0], [0.6, 0.5, 0.1], "softmax blend"),
        ([1.0, 0.5, 0.0], [0.1, 0.5, 0.6], "w = q"),
        ([1.0, 1.0, 1.0], [0.1, 0.5, 0.6], "undefined"),
    ],
)
def test_the_words_agree_with_the_method(q: list[float], s: list[float], words: str) -> None:
    took = two_stage(q, s)
    record = _record(took.branch, took.rho_c, took.min_s)
    assert words in decision(record, tau_h=0.35, tau_c=0.3)


@pytest.mark.parametrize(("other", "said"), [(0.2167, "21.7 %, 2 of 120 test rows apart"),
                                             (0.35, "35.0 %")])  # fmt: skip
def test_a_difference_of_few_test_rows_says_of_how_many(
    recipe: Callable[..., Any], tmp_path: Path, other: float, said: str
) -> None:
    run = load_run(
        recipe(strategies={"anml": 0.2333, "fedavg": other}).write(tmp_path / "run")
    )
    run = replace(run, summary=replace(run.summary, classes=[70, 50]))
    assert f"fedavg ({said})" in result(run).replace("\xa0", " ")
