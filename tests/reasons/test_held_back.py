"""Whom doubt of earlier rounds holds back: what would have been without a kind of evidence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from anml_fl.method.calibrated.judging import judge
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.words import sentences

# The most that site-a may have in this round.
MOST = -3.0


def shares(people, evidence):
    """Weigh by evidence in which site-a has no more than the most that it may have."""
    sums = [math.fsum(kinds.values()) for kinds in evidence]
    sums[0] = min(sums[0], MOST)
    n = len(people)
    llr = np.clip(np.array(sums), -6, 6)
    counts = np.array([one.examples for one in people])
    return judge(llr, np.zeros(n), np.ones(n), counts, trusted=True)


def a_round(kit, company):
    """Make a round after one that spoke strongly against site-a, with company's word on it."""
    rng = np.random.default_rng(4)
    updates = (1 + 0.1 * rng.normal(size=(5, 12))).astype(np.float32)
    ones = np.ones(5)
    one = replace(kit.given(updates, ones, ones, ones, 10.0 * ones), root=kit.root())
    record = one.record("calibrated")
    evidence = [
        {"company": 1.0 + i / 4, "root direction": 0.5 - i / 8} for i in range(len(ones))
    ]
    evidence[0]["company"] = company
    judged = shares(record.contributors, evidence)
    people = tuple(
        replace(
            person,
            weight=float(judged.shares[i]),
            selected=bool(judged.kept[i]),
            q=float(judged.posterior[i]),
            judgement=replace(
                person.judgement,
                evidence={
                    **evidence[i], "earlier doubt": 0.0 if i else MOST - company - 0.5,
                },
                l=1.5 + i / 8 if i else MOST,
                worth=0.0,
                copies=1.0,
                posterior=float(judged.posterior[i]),
            ),
        )
        for i, person in enumerate(record.contributors)
    )  # fmt: skip
    return RoundReasons(replace(record, contributors=people), one.dials), evidence


@pytest.fixture
def held(kit):
    """A round in which site-a sent a good update."""
    return a_round(kit, 1.0)


def test_what_would_have_been_without_a_kind_is_still_held_back(held):
    reasons, evidence = held
    assert reasons.reproduced
    for kind in ("company", "root direction"):
        left = [{name: of for name, of in one.items() if name != kind} for one in evidence]
        expected = shares(reasons.record.contributors, left).shares
        found = [reason.without[kind] for reason in reasons.all()]
        assert found == pytest.approx(expected.tolist(), abs=1e-12)
        assert found[0] == 0
    free = [reason.without["earlier doubt"] for reason in reasons.all()]
    assert free[0] > 0.15


def test_it_is_told_that_no_update_would_have_counted(held):
    reasons, _ = held
    reason = reasons.of("site-a")
    assert (reason.status, reason.decided_by) == ("left out", "earlier doubt")
    assert reason.missing is None
    said = sentences(reasons, "site-a")
    assert "no update would have counted yet" in said
    assert "would have kept it" not in said
    assert math.fsum(reason.parts.values()) == pytest.approx(-0.2)
    assert "earlier rounds spoke" not in sentences(reasons, "site-b")


def test_whom_the_rounds_own_evidence_leaves_out_is_told_of_that(kit):
    reasons, _ = a_round(kit, -3.25)
    assert reasons.reproduced
    reason = reasons.of("site-a")
    assert (reason.status, reason.decided_by) == ("left out", "company")
    assert "no update would have counted yet" in sentences(reasons, "site-a")
