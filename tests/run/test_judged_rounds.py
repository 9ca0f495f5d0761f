"""What judged rounds add up to, and what a summary and a line of a log say of them."""

from __future__ import annotations

import dataclasses
import math

import pytest

from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.run.outcome import outcome
from anml_fl.run.strategy_results import strategy_results
from anml_fl.settings.run import settling_of

ONE = ContributorJudgement(
    evidence={"company": 1.0}, l=1.0, worth=0.0, posterior=0.8, copies=1.0, norm=1.0, bound=0.5
)
ALL = RoundJudgement(root="none", base_rate=1.0, c=2.2, cap=2.0)


def judged(number, kept, reasons=0):
    """A round of contributors that are kept or not, and of some without a valid reply."""
    people = [
        ContributorRecord(f"c{i}", 1.0, 1.0, 1.0, 1.0, 1.0, float(one), one, judgement=ONE)
        for i, one in enumerate(kept)
    ]
    people += [
        ContributorRecord(f"d{i}", math.nan, 1.0, 1.0, 1.0, 1.0, 0.0, False, "no reply")
        for i in range(reasons)
    ]
    whole = ALL if kept else None
    return RoundRecord(
        number, "calibrated", None, math.nan, math.nan, tuple(people), judgement=whole
    )


def test_doubted_are_the_valid_replies_that_evidence_left_out():
    rounds = [
        judged(1, [True, False, False], 2),
        judged(2, []),
        judged(3, [True, False, True]),
    ]
    found = strategy_results(rounds, {})
    assert (found.doubted, found.excluded, found.fields()["doubted"]) == (3, 2, 3)


def test_a_rule_that_weighs_no_evidence_does_not_speak_of_doubt():
    people = [
        dataclasses.replace(one, judgement=None) for one in judged(1, [True]).contributors
    ]
    plain = dataclasses.replace(judged(1, [True]), contributors=tuple(people), judgement=None)
    assert "doubted" not in strategy_results([plain], {}).fields()


def test_a_judged_round_comes_to_who_was_kept_of_the_valid():
    assert outcome(judged(1, [True, False, True], 1)) == "2 of 3 kept"
    assert outcome(judged(1, [], 1)) == ""


@pytest.mark.parametrize(
    ("strategies", "paid"),
    [
        (["fedavg", "anml", "calibrated", "oracle"], "calibrated"),
        (["fedavg", "anml", "oracle"], "anml"),
        (["krum"], "krum"),
    ],
)
def test_calibrated_is_paid_by_else_anml_else_the_first(strategies, paid):
    assert settling_of(strategies) == paid
