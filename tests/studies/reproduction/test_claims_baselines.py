from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from studies.reproduction.claims_baselines import krum_floor, never_worse

if TYPE_CHECKING:
    from collections.abc import Callable

LOW = np.array([0.10, 0.12, 0.11, 0.09, 0.10, 0.11, 0.12, 0.09, 0.11, 0.10])
HIGH = LOW + 0.2
JITTER = np.array([0.01, -0.01] * 5)


def _errors(condition: str, **methods: Any) -> list[Any]:
    return [("wine", condition, m, "error", values) for m, values in methods.items()]


def test_never_worse_counts_what_is_worse_and_what_is_surely_so(
    made: Callable[..., Any],
) -> None:
    studies = made(
        table_13=_errors("beta=0.1", uniform=HIGH, krum=LOW, two_stage=LOW + 0.03 + JITTER)
        + _errors("beta=0.2", uniform=LOW, krum=HIGH, adaptive=LOW + 0.05)
        + _errors("beta=0.3", uniform=HIGH, krum=LOW, two_stage=LOW + 0.001 + JITTER)
        + _errors("beta=0.4", uniform=HIGH, krum=LOW, two_stage=LOW)
        + _errors("beta=0.5", krum=LOW, two_stage=HIGH)  # Uniform is missing
    )
    found = never_worse(studies)
    assert found.holds is False
    assert "in 3 of 4 conditions, in 2 beyond the interval" in found.text
    assert "correction in 2 of the 4 with 5 trials or more" in found.text
    assert "most: 5.0 [5.0, 5.0] points (table-13, wine, beta=0.2)" in found.text
    assert "table-13 2 (most: wine, beta=0.2" in found.text


def test_never_worse_holds_where_the_gate_is_the_better_of_both(
    made: Callable[..., Any],
) -> None:
    studies = made(t=_errors("a", uniform=LOW, krum=HIGH, two_stage=LOW))
    assert never_worse(studies).holds is True


@pytest.mark.parametrize(("others", "holds"), [(0, False), (60, True)])
def test_what_is_worse_by_chance_falls_to_the_correction(
    made: Callable[..., Any], others: int, holds: bool
) -> None:
    excess = 0.0065 + JITTER
    p = stats.ttest_rel(LOW + excess, LOW, alternative="greater").pvalue
    assert 0.05 / 60 < p < 0.05
    cells = _errors("bad", uniform=HIGH, krum=LOW, two_stage=LOW + excess)
    for i in range(others):
        cells += _errors(f"good{i}", uniform=HIGH, krum=LOW, two_stage=LOW - 0.5 * JITTER)
    found = never_worse(made(t=cells))
    assert found.holds is holds
    assert f"of the {others + 1} with 5 trials" in found.text


def test_few_trials_that_do_not_vary_give_no_verdict(made: Callable[..., Any]) -> None:
    few = _errors("a", uniform=HIGH[:4], krum=LOW[:4], two_stage=HIGH[:4])
    found = never_worse(made(t=few))
    assert found.holds is None
    assert "in 1 of 1 conditions, in 1 beyond the interval" in found.text
    assert "correction in 0 of the 0 with 5 trials or more" in found.text
    assert krum_floor({}).holds is None


def test_krum_is_no_floor_where_uniform_is_better(made: Callable[..., Any]) -> None:
    better = _errors("a", uniform=HIGH, krum=LOW)
    assert krum_floor(made(table_7=better)).holds is True
    found = krum_floor(made(table_14=_errors("b", uniform=LOW, krum=HIGH)))
    assert found.holds is False
    assert "in 1 of 2 conditions, in 1 beyond" in found.text
    assert "by study: table-14 1 (most: wine, b, 20.0" in found.text
