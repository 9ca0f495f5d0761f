from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from studies.reproduction.significance import comparisons, holm

if TYPE_CHECKING:
    from collections.abc import Callable


def test_holm_as_worked_out_by_hand() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, and never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_was_not_tested_is_no_part_of_the_family() -> None:
    corrected = holm([math.nan, 0.02, 0.03])
    assert math.isnan(corrected[0])
    assert corrected[1:] == pytest.approx([0.04, 0.04])


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_a_p_and_lies_below_bonferroni(p_values: list[float]) -> None:
    for p, corrected in zip(p_values, holm(p_values), strict=True):
        assert p <= corrected <= min(1.0, len(p_values) * p) + 1e-12


@pytest.fixture
def one(made: Callable[..., Any]) -> Callable[..., Any]:
    """Compare one method with Krum."""

    def one(krum: Any, ours: Any) -> Any:
        rows = [("wine", "c", "krum", "error", krum), ("wine", "c", "q*v", "error", ours)]
        (found,) = comparisons(made(table_7=rows)["table-7"])
        return found

    return one


def test_a_t_test_by_its_formula(one: Callable[..., Any]) -> None:
    krum = np.array([0.30, 0.32, 0.29, 0.35, 0.31, 0.28])
    ours = krum - np.array([0.05, 0.08, 0.10, 0.11, 0.14, 0.07])
    found = one(krum, ours)
    d = (krum - ours).mean() / (krum - ours).std(ddof=1)
    t = d * math.sqrt(6)
    # The distribution function of t with 5 degrees of freedom, in closed form.
    theta = math.atan(t / math.sqrt(5))
    area = theta + math.sin(theta) * math.cos(theta) * (1 + 2 / 3 * math.cos(theta) ** 2)
    assert (found.test, found.normal) == ("t", True)
    assert found.p == pytest.approx(1 - 2 / math.pi * area, rel=1e-6)
    assert found.d.value == pytest.approx(d)
    assert found.difference.value == pytest.approx((krum - ours).mean())


def test_wilcoxon_where_normality_fails(one: Callable[..., Any]) -> None:
    # One outlier among ten: all ranks positive, so p is 2 / 2^10.
    differences = np.array([0.01, 0.011, 0.012, 0.013, 0.014, 0.015, 0.016, 0.017, 0.018, 0.9])
    found = one(differences, np.zeros(10))
    assert stats.shapiro(differences).pvalue < 0.05
    assert (found.test, found.normal) == ("Wilcoxon", False)
    assert found.p == pytest.approx(2 / 2**10)


@pytest.mark.parametrize("trials", [1, 2, 3, 30])
def test_equal_errors_are_not_tested_and_do_not_warn(
    one: Callable[..., Any], trials: int
) -> None:
    found = one(np.full(trials, 0.2), np.full(trials, 0.2))
    assert (found.test, found.normal, math.isnan(found.p)) == ("none", None, True)
    assert math.isnan(found.holm)


def test_constant_differences_are_signed_ranks(one: Callable[..., Any]) -> None:
    found = one(np.full(8, 0.3), np.full(8, 0.2))
    assert (found.test, found.normal) == ("Wilcoxon", None)
    assert found.p == pytest.approx(2 / 2**8)
    assert math.isnan(found.d.value)


def test_the_family_is_the_whole_study_and_trials_are_paired(made: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for condition in ("a", "b"):
        base = rng.normal(0.3, 0.1, 20)
        rows.append(("wine", condition, "krum", "error", base))
        rows += [
            ("wine", condition, m, "error", base - shift + rng.normal(0, 0.01, 20))
            for m, shift in (("q*v", 0.02), ("uniform", 0.0))
        ]
    # Nothing to compare with:
    rows.append(("wine", "c", "q*v", "error", rng.random(20)))
    found = comparisons(made(table_7=rows)["table-7"])
    assert [(c.condition, c.method) for c in found] == [
        ("a", "q*v"),
        ("a", "uniform"),
        ("b", "q*v"),
        ("b", "uniform"),
    ]
    assert [c.holm for c in found] == pytest.approx(holm([c.p for c in found]))
    # Paired, a shift of a fifth of the spread is found at once.
    assert found[0].p < 1e-6
