"""A rule's judgements must fit the cohort: as many as contributors, and one of the round."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from anml_fl.catalogue import UnusableError
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.records import ContributorRecord, RoundRecord
from strategies.contributor_records import warn
from strategies.decision import Decision
from strategies.updates import Updates
from strategies.usable import decided, usable

COHORT = SimpleNamespace(
    contributors=("a", "b", "c"), rows=Updates.of(np.zeros((3, 4), np.float32))
)
ONE = ContributorJudgement(
    evidence={"company": 1.0}, l=1.0, worth=0.0, posterior=0.8, copies=1.0, norm=1.0, bound=0.5
)
ALL = RoundJudgement(root="none", base_rate=1.0, c=2.2, cap=2.0)
DECISION = Decision(
    np.zeros(4, np.float32),
    np.full(3, 1 / 3),
    np.ones(3, dtype=bool),
    judgements=(ONE,) * 3,
    judgement=ALL,
)


def test_judgements_that_fit_are_taken_and_so_are_none():
    assert usable(DECISION, "mine", COHORT) is DECISION
    none = replace(DECISION, judgements=(), judgement=None)
    assert usable(none, "mine", COHORT) is none


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"judgements": (ONE,) * 2}, "as many as contributors, 3, .* got 2, and one of the"),
        ({"judgements": (ONE,) * 4}, "got 4, and one"),
        ({"judgements": ()}, "got 0, and one"),
        ({"judgement": None}, "got 3, and none of the round"),
        ({"judgements": [ONE] * 3}, "judgements must be a tuple, got list"),
        ({"judgements": None}, "judgements must be a tuple, got NoneType"),
        ({"judgements": (ONE, ONE, {"l": 1})}, "must be of ContributorJudgement, got dict"),
        ({"judgement": {"root": "none"}}, "must be a RoundJudgement or None, got dict"),
    ],
)
def test_judgements_that_do_not_fit_are_refused(changes, said):
    with pytest.raises(UnusableError, match=f"strategy 'mine': .*{said}"):
        usable(replace(DECISION, **changes), "mine", COHORT)


def test_a_number_that_cannot_be_meant_ends_the_rule_in_words():
    def decide(cohort, context):
        return replace(DECISION, judgements=(replace(ONE, posterior=np.nan),) * 3)

    rule, context = SimpleNamespace(decide=decide, name="mine"), SimpleNamespace(round=2)
    with pytest.raises(UnusableError, match=r"round 2: ValueError: posterior must be a num"):
        decided(rule, COHORT, context)


def test_the_log_names_whom_the_evidence_speaks_against(caplog):
    people = tuple(
        ContributorRecord(name, 1, 1, 1, 1, 1, float(kept), kept, judgement=ONE)
        for name, kept in (("a", True), ("b", False), ("c", False))
    )
    record = RoundRecord(2, "mine", None, np.nan, np.nan, people, judgement=ALL)
    with caplog.at_level("INFO", logger="flwr"):
        warn(record, ())
        warn(replace(record, contributors=(people[0],)), ())
    assert [one.getMessage() for one in caplog.records] == [
        "round 2: evidence speaks against b, c"
    ]
