"""Weights by evidence: what would have been without each kind, and how much was missing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.calibrated.judging import judge
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.registry.interface import Signals

ROOTS = {"none": None, "rows": False, "donated": True}
# Nats that decide nothing by rounding.
LITTLE = 1e-6


def drawn(kit, data, root, least=1):
    given_root = None if ROOTS[root] is None else kit.root(donated=ROOTS[root])
    return replace(data.draw(kit.drawn(least=least)), root=given_root)


def weighed(evidence, worth, copies, examples, *, trusted):
    """Weigh by docs/calibrated.md, in loops."""
    n = len(examples)
    sums = [max(-6.0, min(6.0, math.fsum(kinds.values()))) for kinds in evidence]
    middle = float(np.median(sums))
    cut = [min(count, 2 * float(np.median(examples))) for count in examples]
    base = [count / math.fsum(cut) for count in cut]
    weights = []
    for i in range(n):
        e = sums[i] + math.log(4) - math.log(3 / 7)
        earned = max(0.0, min(1.0, e / math.log(9)))
        if not trusted:
            earned = 0.0
            if sums[i] >= middle:
                e = max(e, math.log(9) + 0.01)
        own = min(base[i], float(np.median(base)) * (1 + earned))
        posterior = 1 / (1 + math.exp(-(e + math.log(3 / 7) + worth[i])))
        weights.append(own * posterior / copies[i] if e + worth[i] > 0 else 0.0)
    total = math.fsum(weights)
    return [weight / total if total else 0.0 for weight in weights]


def columns(record):
    people = [one for one in record.contributors if one.judgement]
    judged = [one.judgement for one in people]
    return {
        "evidence": [dict(one.evidence) for one in judged],
        "worth": [one.worth for one in judged],
        "copies": [one.copies for one in judged],
        "examples": [one.examples for one in people],
    }


def without(given_columns, factor):
    alike = {"worth": 0.0, "copies": 1.0, "examples": 7.0}
    n = len(given_columns["examples"])
    if factor in alike:
        return given_columns | {factor: [alike[factor]] * n}
    left = [
        {kind: nats for kind, nats in one.items() if kind != factor}
        for one in given_columns["evidence"]
    ]
    return given_columns | {"evidence": left}


@given(st.data())
@settings(max_examples=30)
@pytest.mark.parametrize("root", ROOTS)
def test_all_that_is_said_is_what_the_rules_give(kit, root, data):
    one = drawn(kit, data, root)
    cohort, decision = one.cohort(), one.decide("calibrated")
    reasons = one.reasons("calibrated")
    assert reasons.reproduced
    pairs = kit.by_name(reasons, decision)
    if not decision.selected.any():
        assert {reason.status for reason, _ in pairs} == {"no new model"}
        return
    kit.adds_up(reasons)
    for other in ("fedavg", "anml", "softmax_blend", "multiplicative", "q_only"):
        expected = one.decide(other).weights
        said = [reason.under[other] for reason, _ in pairs]
        np.testing.assert_allclose(said, expected, rtol=0, atol=1e-9)
    given_columns = columns(reasons.record)
    for factor in pairs[0][0].without:
        trusted = root != "none"
        expected = weighed(**without(given_columns, factor), trusted=trusted)
        said = [reason.without[factor] for reason, _ in pairs]
        np.testing.assert_allclose(said, expected, rtol=0, atol=1e-9)
    if "worth" in pairs[0][0].without:
        # No credential is in the evidence: made the same for all, the rule says it itself.
        told = cohort.signals
        same = replace(cohort, signals=Signals(0.4 + 0 * told.v, 0.6 + 0 * told.r, told.T))
        said = [reason.without["worth"] for reason, _ in pairs]
        expected = one.decide("calibrated", same).weights
        np.testing.assert_allclose(said, expected, rtol=0, atol=1e-9)


def kept_with(reasons, row, nats):
    """Whether one is kept, had it so many nats more."""
    found = reasons.numbers
    llr = sum(found.evidence.values())
    llr[row] += nats
    llr = np.clip(llr, -6, 6)
    return judge(llr, found.worth, found.copies, found.examples, trusted=found.trusted).kept[
        row
    ]


def missing(reasons):
    """Hold the nats that were missing against the rule; returns how many lacked some."""
    lacking = 0
    for row, name in enumerate(reasons.numbers.names):
        reason = reasons.of(name)
        if reason.status != "left out":
            assert reason.missing is None
            continue
        lacking += 1
        assert reason.missing > 0
        assert kept_with(reasons, row, reason.missing + LITTLE)
        assert not kept_with(reasons, row, reason.missing - LITTLE)
    return lacking


@given(st.data())
@settings(max_examples=30)
@pytest.mark.parametrize("root", ROOTS)
def test_so_many_nats_more_keep_it_and_less_do_not(kit, root, data):
    missing(drawn(kit, data, root, least=3).reasons("calibrated"))


@pytest.mark.parametrize("root", ROOTS)
def test_some_are_left_out_and_lack_some_nats(kit, root):
    rng = np.random.default_rng(5)
    updates = kit.root().step() + 0.05 * rng.normal(size=(6, 12)).astype(np.float32)
    updates[1:3] *= -4
    signals = rng.uniform(0.2, 0.9, (3, 6))
    one = kit.given(updates.astype(np.float32), *signals, np.full(6, 20.0))
    given_root = None if ROOTS[root] is None else kit.root(donated=ROOTS[root])
    assert missing(replace(one, root=given_root).reasons("calibrated")) >= 1


def judged(record, evidence, *, worth=0.0):
    """The record, had there been that evidence, and weights by it."""
    told = columns(record) | {"evidence": [{"company": nats} for nats in evidence]}
    told["worth"] = [worth] * len(evidence)
    shares = weighed(**told, trusted=record.judgement.root != "none")
    people = [
        replace(
            one,
            weight=share,
            selected=share > 0,
            judgement=replace(
                one.judgement, evidence={"company": nats}, l=max(-6, nats), worth=worth
            ),
        )
        for one, nats, share in zip(record.contributors, evidence, shares, strict=True)
    ]
    return replace(record, contributors=tuple(people))


@pytest.mark.parametrize(
    ("root", "evidence", "expected"),
    [
        # e > 0 from l = logit(.3) - logit(.8) on; what lies below -6 has to be made up, too.
        ("rows", (2.0, 2.0, 1.0, 1.0, -9.0), 9 + math.log(3 / 7) - math.log(4)),
        ("none", (2.0, 2.0, 1.0, 1.0, -9.0), 9 + math.log(3 / 7) - math.log(4)),
        # Without trusted rows the better half is kept: here from the others' second on.
        ("none", (-5.5, -5.2, -5.0, -4.0, -8.0), 8 - 5.2),
        ("none", (-5.5, -5.0, -3.0, -8.0), 8 - 5.0),
    ],
)
def test_what_is_missing_is_counted_from_all_that_speaks_against_it(
    kit, root, evidence, expected
):
    n = len(evidence)
    given_root = None if ROOTS[root] is None else kit.root()
    one = kit.given(
        np.random.default_rng(2).normal(size=(n, 12)).astype(np.float32),
        *np.full((3, n), 0.5),
        np.full(n, 9.0),
        root=given_root,
    )
    record = judged(one.record("calibrated"), evidence)
    reasons = RoundReasons(record, one.dials)
    assert reasons.reproduced
    assert missing(reasons) > 0
    assert reasons.all()[-1].missing == pytest.approx(expected)


def test_copies_are_told_of_both_that_share_a_weight_and_of_others(kit):
    rng = np.random.default_rng(4)
    updates = kit.root().step() + rng.normal(size=(5, 12))
    updates[1] = updates[0]
    one = kit.given(
        updates.astype(np.float32), *np.full((3, 5), 0.5), np.full(5, 20.0), root=kit.root()
    )
    reasons = one.reasons("calibrated")
    copy = reasons.of("site-a")
    assert [one.judgement.copies for one in reasons.record.contributors[:2]] == [2.0, 2.0]
    assert copy.parts["copies"] < 0 < reasons.of("site-c").parts["copies"]
    assert copy.without["copies"] > copy.weight
