"""What a strategy's rounds add up to."""

from __future__ import annotations

import math

import pytest

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.run.strategy_results import strategy_results

BEHAVIOURS = {"a": "honest", "b": "label_flip"}


def contributor(name: str, weight: float) -> ContributorRecord:
    return ContributorRecord(
        contributor=name, q=1.0, v=1.0, r=1.0, T=1.0, s=1.0, weight=weight, selected=weight > 0
    )  # fmt: skip


def round_of(number: int, weights: tuple[float, float]) -> RoundRecord:
    return RoundRecord(
        round=number,
        strategy="krum",
        branch=None,
        rho_c=math.nan,
        min_s=math.nan,
        contributors=tuple(map(contributor, BEHAVIOURS, weights)),
        test_error=0.1,
    )


def test_rounds_in_which_attackers_got_nothing_count() -> None:
    records = [round_of(1, (1.0, 0.0)), round_of(2, (0.0, 1.0)), round_of(3, (1.0, 0.0))]
    assert strategy_results(records, BEHAVIOURS).attacker_weight == pytest.approx(1 / 3)


def test_rounds_without_a_new_model_do_not_count() -> None:
    records = [round_of(1, (0.0, 0.0)), round_of(2, (0.5, 0.5))]
    assert strategy_results(records, BEHAVIOURS).attacker_weight == 0.5
