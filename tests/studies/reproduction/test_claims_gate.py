from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from studies.reproduction import claims_gate

if TYPE_CHECKING:
    from collections.abc import Callable

LOW = np.array([0.10, 0.12, 0.11, 0.09, 0.10, 0.11])
HIGH = LOW + 0.2
STAGE_ONE = (claims_gate.stage_one_bought, "gate_stage1", "moderate;white", "branch_uniform")
STAGE_TWO = (claims_gate.stage_two_steered, "gate_rho", "white;share=0.6", "rho_c")


def _errors(condition: str, **methods: Any) -> list[Any]:
    return [("wine", condition, m, "error", values) for m, values in methods.items()]


def _attacked(condition: str, metric: str, fooled: Any, gate: Any) -> list[Any]:
    return [
        *_errors(condition, uniform=HIGH, krum=LOW[: len(gate)], two_stage=gate),
        ("wine", condition, "two_stage", metric, fooled),
        ("wine", condition, "two_stage", "selected_attackers", [0.8] * 4),
    ]


@pytest.mark.parametrize(("function", "name", "condition", "metric"), [STAGE_ONE, STAGE_TWO])
def test_a_gate_is_beaten_where_it_is_fooled_and_worse_than_krum(
    made: Callable[..., Any], function: Any, name: str, condition: str, metric: str
) -> None:
    def found(fooled: Any, gate: Any, where: str = condition) -> Any:
        return function(made(**{name: _attacked(where, metric, fooled, gate)}))

    beaten = found([1, 1, 1, 1, 1, 0.8], HIGH)
    assert beaten.holds is False
    assert "in 1 of 1 conditions with such an attack; in 1 of these" in beaten.text
    assert "error 30.5" in beaten.text
    assert "Krum's 10.5" in beaten.text
    assert "80.0 [80.0, 80.0] % of the attackers selected" in beaten.text
    assert found([1, 0, 0, 0, 0, 0.1], HIGH).holds is True  # seldom fooled
    assert found([1] * 6, LOW).holds is True  # fooled, and none the worse
    assert found([1] * 4, HIGH[:4]).holds is None  # too few trials
    # What is no attack on this gate says nothing.
    for other in ("unfaked", "low", "joint"):
        assert found([1] * 6, HIGH, other).holds is None


def test_stage_two_is_steered_where_most_trials_blend(made: Callable[..., Any]) -> None:
    def found(blends: list[int], rho: float) -> Any:
        cells = _attacked("grey", "rho_c", [rho, rho + 0.2] * 3, HIGH)
        cells.append(("wine", "grey", "two_stage", "branch_blend", blends))
        return claims_gate.stage_two_steered(made(gate_rho=cells)).holds

    # rho_c is 0.3 on average, which its interval does not exceed.
    assert found([1, 1, 1, 1, 0, 0], 0.2) is False
    assert found([1, 1, 1, 0, 0, 0], 0.2) is True
    assert found([0] * 6, 0.4) is False


def test_stage_one_is_judged_on_table_13(made: Callable[..., Any]) -> None:
    def cell(condition: str, values: Any) -> Any:
        return [("wine", condition, "two_stage", "branch_uniform", values)]

    table = cell("beta=0.0", [1] * 5) + cell("beta=0.1", [0] * 5)
    studies = made(table_13=table, zero_attack=cell("low;beta=0.0", [0, 1, 0, 1]))
    found = claims_gate.stage_one_without_attack(studies)
    assert found.holds is True
    assert "in 1 of 2 conditions without attacks, in 0 % in 0 of 2" in found.text
    assert "lowest: zero-attack, wine, low;beta=0.0: 50.0" in found.text
    less = {"zero-attack": studies["zero-attack"]}
    assert claims_gate.stage_one_without_attack(less).holds is None
    studies = made(table_13=cell("beta=0.0", [1, 0, 1, 1, 1]))
    assert claims_gate.stage_one_without_attack(studies).holds is False


@pytest.mark.parametrize(("blends", "holds"), [([1] * 20, True), ([1] * 18 + [0] * 2, False)])
def test_stage_two_blends_or_falls_back(
    made: Callable[..., Any], blends: list[int], holds: bool
) -> None:
    falls = [1 - one for one in blends]
    cells = [("wine", "beta=0.2", "two_stage", "branch_blend", blends)]
    cells += [("wine", "beta=0.2", "two_stage", "branch_krum", falls)]
    cells += [("wine", "beta=0.5", "two_stage", "branch_blend", [0])]  # beyond 40 %
    found = claims_gate.stage_two_meaning(made(table_13=cells))
    assert found.holds is holds
    assert f"falls back in {5.0 * sum(falls):.1f}" in found.text
