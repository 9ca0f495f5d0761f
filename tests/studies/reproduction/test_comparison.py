from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from studies.reproduction.comparison import Row, rows, variants
from studies.reproduction.targets import Target, load_targets, study_of
from studies.reproduction.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

TARGETS = load_targets()
KRUM = np.array([0.10, 0.12, 0.14, 0.12])


def _by(found: tuple[Row, ...]) -> dict[tuple[str, str, str], Row]:
    return {(r.target.dataset, r.target.condition, r.target.method): r for r in found}


def _row(found: tuple[Row, ...], **wanted: Any) -> Row:
    (row,) = [
        r for r in found if all(getattr(r.target, name) == v for name, v in wanted.items())
    ]
    return row


def test_errors_are_per_cent_of_the_mean(made: Callable[..., Any]) -> None:
    found = rows("7", TARGETS, made(table_7=[
        ("wine", "moderate;beta=0.30", "krum", "error", KRUM),
        ("wine", "moderate;beta=0.30", "q*v*r", "error", [0.05, 0.05, 0.07, 0.07]),
    ]))  # fmt: skip
    krum = _row(found, method="krum", metric="error_pct")
    assert krum.ours is not None
    assert krum.ours.value == pytest.approx(12.0)
    assert krum.verdict is Verdict.REPRODUCED
    d = _row(found, method="q*v*r", metric="cohens_d_vs_krum")
    assert d.ours is not None
    # Differences .05 .07 .07 .05: mean .06, deviation .02 / sqrt 3.
    assert d.ours.value == pytest.approx(0.06 / (0.02 / np.sqrt(3)))
    assert _row(found, method="uniform").verdict is Verdict.NOT_RUN


@pytest.mark.parametrize("spelling", ["softmax", "softmax_blend"])
def test_improvements_are_of_means_and_averages_of_data_sets(
    made: Callable[..., Any], spelling: str
) -> None:
    cells = [
        (dataset, "high", method, "error", values)
        for dataset, factor in (("wine", 0.25), ("breast_cancer", 0.75))
        for method, values in (
            ("krum", KRUM), (spelling, factor * KRUM), ("two_stage", factor * KRUM),
        )
    ]  # fmt: skip
    found = _by(rows("8", TARGETS, made(table_8=cells)))
    values = [
        found[place].ours.value  # type: ignore[union-attr]
        for place in (
            ("wine", "high", "softmax"),
            ("breast_cancer", "high", "softmax"),
            ("average", "high", "adaptive"),
        )
    ]
    assert values == pytest.approx([75.0, 25.0, 50.0])
    # 75 against the paper's 71, exactly: not reproduced, but on its side of zero.
    assert found["wine", "high", "softmax"].verdict is Verdict.SAME_DIRECTION
    assert found["wine", "low", "softmax"].verdict is Verdict.NOT_RUN


def test_an_average_needs_both_data_sets(made: Callable[..., Any]) -> None:
    cells = [("wine", "high", method, "error", KRUM) for method in ("krum", "two_stage")]
    found = _by(rows("8", TARGETS, made(table_8=cells)))
    assert found["average", "high", "adaptive"].verdict is Verdict.NOT_RUN


@pytest.mark.parametrize("where", [("any",), ("high", "low")])
def test_krum_under_any_condition(made: Callable[..., Any], where: tuple[str, ...]) -> None:
    cells = [("wine", one, "krum", "selected_clean", [0.7, 0.9]) for one in where]
    cells += [("wine", "high", "softmax_blend", "selected_clean", [0.95, 0.97])]
    found = _by(rows("9", TARGETS, made(table_9=cells)))
    krum, ours = found["wine", "any", "krum"], found["wine", "high", "softmax"]
    assert krum.ours is not None
    assert (krum.ours.value, krum.ours.trials) == (pytest.approx(80.0), 2)
    assert ours.ours is not None
    assert ours.ours.value == pytest.approx(96.0)


def test_groups_are_metrics_of_the_spectrum_held_against_krums_share(
    made: Callable[..., Any],
) -> None:
    cells = [
        ("wine", "spectrum", "krum", "selected_attackers", [0.60, 0.62]),
        ("wine", "spectrum", "softmax_blend", "selected_attackers", [0.30, 0.31]),
        ("wine", "spectrum", "krum", "selected_experts", [0.60, 0.61]),
    ]
    found = _by(rows("15", TARGETS, made(table_15=cells)))
    ours = found["wine", "spectrum;attackers", "anml"]
    assert ours.ours is not None
    assert ours.ours.value == pytest.approx(30.5)
    assert ours.verdict is Verdict.SAME_DIRECTION  # below Krum's 61, as 0 is below 31
    # Krum itself is held against the 70 % that are kept.
    assert found["wine", "spectrum;attackers", "krum"].verdict is Verdict.SAME_DIRECTION
    assert found["wine", "spectrum;experts", "krum"].verdict is Verdict.NOT_REPRODUCED


def test_rho_c_is_held_against_the_threshold(made: Callable[..., Any]) -> None:
    cells = [
        ("wine", attack, "two_stage", "rho_c", [rho, rho + 0.001])
        for attack, rho in (("naive_flip", 0.4), ("joint", 0.31))
    ]
    found = rows("17", TARGETS, made(table_17=cells))
    naive = _row(found, condition="naive_flip", metric="rho_c")
    assert naive.verdict is Verdict.SAME_DIRECTION
    assert _row(found, condition="joint", metric="rho_c").verdict is Verdict.NOT_REPRODUCED


def test_errors_are_held_against_krum_and_krum_against_uniform(
    made: Callable[..., Any],
) -> None:
    table = [
        Target("14", "digits", "c", m, "error_pct", value, None, None, 10)
        for m, value in (("uniform", 27.3), ("krum", 28.3), ("softmax", 7.8))
    ]

    def verdicts(uniform: float, krum: float, ours: float) -> list[Verdict]:
        cells = [
            ("digits", "c", m, "error", [value, value])
            for m, value in (("uniform", uniform), ("krum", krum), ("softmax", ours))
        ]
        return [row.verdict for row in rows("14", table, made(table_14=cells))]

    same, not_same = Verdict.SAME_DIRECTION, Verdict.NOT_REPRODUCED
    assert verdicts(0.20, 0.21, 0.10) == [same, same, same]
    assert verdicts(0.20, 0.15, 0.10) == [not_same, not_same, same]
    assert verdicts(0.20, 0.21, 0.25) == [same, same, not_same]


def test_the_worst_and_the_best_correlation_of_a_threshold(made: Callable[..., Any]) -> None:
    cells = []
    for rho, factor, late in (("0.0", 1.2, 9.0), ("0.5", 0.9, 9.0), ("1.0", 0.4, 9.0)):
        for suffix, times in (("", factor), (";fit=50", late)):
            where = f"tau_c=0.1;rho={rho}{suffix}"
            cells.append(("wine", where, "krum", "error", KRUM))
            cells.append(("wine", where, "two_stage", "error", times * KRUM))
    studies = made(appendix_a2=cells)
    found = rows("A2", TARGETS, studies)
    worst = _row(found, condition="tau_c=0.1", metric="worst_case_improvement_pct")
    best = _row(found, condition="tau_c=0.1", metric="best_case_improvement_pct")
    assert worst.ours is not None
    assert best.ours is not None
    assert (worst.ours.value, best.ours.value) == (pytest.approx(-20), pytest.approx(60))
    assert variants("A2", TARGETS, studies[study_of("A2")]) == ("fit=50",)
    other = rows("A2", TARGETS, studies, "fit=50")
    assert [row.ours.value for row in other if row.ours] == pytest.approx([-800, -800])


def test_variants_are_what_our_conditions_say_more(made: Callable[..., Any]) -> None:
    cells = [
        ("wine", f"fraction=1.00{suffix}", "krum", "error", [value, value])
        for suffix, value in (("", 0.10), (";fit=0", 0.104), (";fit=0;k=20", 0.2))
    ]
    cells += [("wine", "fraction=1.005", "krum", "error", [0.0])]
    studies = made(table_12=cells)
    assert variants("12", TARGETS, studies["table-12"]) == ("fit=0", "fit=0;k=20")
    assert variants("12", TARGETS, None) == ()
    (row,) = rows("12", TARGETS, studies, "fit=0")
    assert row.verdict is Verdict.REPRODUCED
    plain = _by(rows("12", TARGETS, studies))["wine", "fraction=1.00", "krum"]
    assert plain.verdict is Verdict.NOT_REPRODUCED


def test_every_target_of_a_table_has_a_row_without_any_study() -> None:
    assert len(rows("13", TARGETS, {})) == 18
    assert {row.verdict for row in rows("13", TARGETS, {})} == {Verdict.NOT_RUN}
