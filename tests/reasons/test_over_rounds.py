"""Reasons over a run's rounds: sums by hand, and what holds of any run."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.reasons import schemes
from anml_fl.reasons.over_rounds import over_rounds
from anml_fl.reasons.round_numbers import RoundNumbers
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials

ALL = Dials(fraction=1.0)
LATE = "no reply in time"


def person(name, q, weight, **more):
    said = {"v": 0.8, "r": 0.4, "T": 1.0, "s": 0.32, "examples": 100.0} | more
    return ContributorRecord(name, q=q, weight=weight, selected=weight > 0, **said)


def refused(name, why=LATE):
    gone = dict.fromkeys("qvrTs", math.nan)
    return ContributorRecord(name, **gone, weight=0.0, selected=False, reason=why)


def q_round(number, **q):
    """A round in which q alone counts; None is no reply."""
    there = {name: Fraction(value) for name, value in q.items() if value is not None}
    whole = sum(there.values())
    people = tuple(
        refused(name)
        if value is None
        else person(name, value, float(there[name] / whole) if whole else 0.0)
        for name, value in q.items()
    )
    return RoundRecord(number, "anml", "krum", math.nan, 0.32, people)


# q = 1, 0.6, 0.4 and 1, 1, nothing: shares 0.5, 0.3, 0.2, and a half each.
TWO = (q_round(1, a=1.0, b=0.6, c=0.4), q_round(2, a=1.0, b=1.0, c=None))


def test_means_are_over_the_rounds_that_made_a_model():
    found = over_rounds(TWO, ALL)
    assert list(found) == ["a", "b", "c"]
    a, b, c = found.values()
    assert (a.weight, b.weight, c.weight) == pytest.approx((0.5, 0.4, 0.1))
    # A third each, then a half for those who replied; for c it would have been a third.
    assert (a.equal, b.equal, c.equal) == pytest.approx((5 / 12, 5 / 12, 1 / 3))
    assert (a.rounds, a.new_models, a.counted, a.first, a.last) == (2, 2, 2, 1, 2)
    assert (c.rounds, c.counted, c.left_out, c.first, c.last) == (2, 1, 0, 1, 1)
    assert c.refused == {LATE: 1}


def test_parts_add_up_and_a_missing_reply_is_one():
    a, _, c = over_rounds(TWO, ALL).values()
    assert a.parts == pytest.approx({"q": (0.5 - 1 / 3) / 2})
    assert c.parts == pytest.approx({"q": (0.2 - 1 / 3) / 2, "refused": -1 / 6})
    assert sum(c.parts.values()) == pytest.approx(c.weight - c.equal)


def test_what_decided_is_what_took_it_farthest_over_all_rounds():
    a, _, c = over_rounds(TWO, ALL).values()
    assert a.decided_by == "q"
    assert (a.decided["q"].rounds, a.decided["q"].value) == (1, 1.0)
    assert a.decided["q"].mean == pytest.approx(2 / 3)
    # 2/15 by q in one round, a third by the missing reply in the other.
    assert c.decided_by == "refused"
    assert c.decided["refused"].part == pytest.approx(-1 / 3)
    assert c.decided["q"].part == pytest.approx(-2 / 15)
    assert c.decided["q"].at_an_end == -1


def test_an_end_is_one_in_every_round_that_it_decided():
    turns = [q_round(1, a=1.0, b=0.6, c=0.4), q_round(2, a=0.7, b=1.0, c=0.6)]
    _, b, c = over_rounds(turns, ALL).values()
    assert c.decided["q"].at_an_end == -1
    assert c.decided["q"].value == pytest.approx(0.5)
    assert b.decided["q"].at_an_end == 0


def test_ups_and_downs_that_cancel_out_decide_nothing():
    turns = [q_round(1, a=1.0, b=0.5), q_round(2, a=0.5, b=1.0)]
    for one in over_rounds(turns, ALL).values():
        assert one.weight == pytest.approx(one.equal)
        assert one.decided_by is None
        assert one.decided["q"].rounds == 2


def test_under_another_strategy_counts_whoever_was_refused_as_nothing():
    a, _, c = over_rounds(TWO, ALL).values()
    assert a.under["fedavg"].rounds == c.under["fedavg"].rounds == 2
    assert a.under["fedavg"].weight == pytest.approx(5 / 12)
    assert c.under["fedavg"].weight == pytest.approx(1 / 6)
    assert (c.under["fedavg"].own, c.under["q_only"].weight) == pytest.approx((0.1, 0.1))
    assert "anml" not in c.under


def test_of_rounds_that_do_not_follow_nothing_is_claimed():
    second = TWO[1]
    twisted = [
        replace(one, weight=weight)
        for one, weight in zip(second.contributors, (0.9, 0.1, 0.0), strict=True)
    ]
    other = replace(second, contributors=tuple(twisted))
    a = over_rounds([TWO[0], other], ALL)["a"]
    assert a.weight == pytest.approx(0.7)
    assert a.under["fedavg"].rounds == 1
    assert a.under["fedavg"].own == pytest.approx(0.5)
    # What did it is the rule's own, and no more is known of it.
    assert a.decided_by == "rule"
    assert sum(a.parts.values()) == pytest.approx(a.weight - a.equal)


def test_a_round_without_a_new_model_is_in_no_mean():
    idle = RoundRecord(3, "anml", None, math.nan, 0.32, (
        replace(person("a", 1.0, 0.0), selected=False), refused("c")
    ), note="too few")  # fmt: skip
    a, _, c = over_rounds([*TWO, idle], ALL).values()
    assert (a.rounds, a.new_models, a.counted, a.left_out) == (3, 2, 2, 0)
    assert a.weight == pytest.approx(0.5)
    assert c.refused == {LATE: 2}
    assert c.parts == pytest.approx({"q": -1 / 15, "refused": -1 / 6})
    nothing = over_rounds([idle], ALL)["a"]
    assert (nothing.weight, nothing.equal, nothing.first) == (None, None, None)


def test_of_records_without_examples_no_more_is_known_than_that_the_rule_did_it():
    older = [
        replace(one, contributors=tuple(replace(p, examples=None) for p in one.contributors))
        for one in TWO
    ]
    a, _, c = over_rounds(older, ALL).values()
    assert a.weight == pytest.approx(0.5)
    assert a.under == c.under == {}
    assert a.parts == pytest.approx({"rule": a.weight - a.equal})


def test_under_a_coordinate_wise_rule_nobody_has_a_share():
    people = (replace(person("a", 1.0, 0.5), weight=math.nan, selected=True), refused("b"))
    record = RoundRecord(1, "median", None, math.nan, 0.32, people)
    a, b = over_rounds([record], ALL).values()
    assert (a.weight, a.equal, a.parts, a.counted) == (None, 1.0, {}, 1)
    assert (b.weight, b.equal) == (0.0, 0.5)
    assert "NaN" not in a.to_json()


def test_json_has_the_fields_and_no_nan():
    told = json.loads(over_rounds(TWO, ALL)["c"].to_json())
    assert told["decided"]["refused"] == {
        "rounds": 1, "part": pytest.approx(-1 / 3), "value": None, "mean": None,
        "at_an_end": 0, "measure": None,
    }  # fmt: skip
    assert told["under"]["fedavg"]["rounds"] == 2
    assert told["refused"] == {LATE: 1}


SHARES = st.floats(0, 1).map(lambda x: round(x, 3))


@st.composite
def runs(draw):
    """Some rounds of one strategy, whose weights are those that it makes."""
    people = [f"c{i}" for i in range(draw(st.integers(2, 6)))]
    branch, scheme = draw(
        st.sampled_from(
            [("krum", schemes.gated_q), ("blend", schemes.blend), ("uniform", schemes.uniform)]
        )
    )
    dials = Dials(fraction=draw(st.sampled_from([0.4, 0.7, 1.0])))
    records = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        asked = [name for name in people if draw(st.integers(0, 5))] or people
        replied = []
        for name in asked:
            q, v, r, T = (draw(SHARES) for _ in range(4))
            count = float(draw(st.integers(1, 200)))
            one = person(name, q, 0.0, v=v, r=r, T=T, s=v * r, examples=count)
            replied.append(one if draw(st.integers(0, 4)) else refused(name))
        bare = RoundRecord(number, "anml", branch, 0.0, 0.0, tuple(replied))
        found = RoundNumbers.of(bare)
        with np.errstate(all="ignore"):  # where all weights are 0, nobody has a share
            made = np.nan_to_num(scheme(found, dials)) if found.names else ()
        shares = dict(zip(found.names, made, strict=True))
        weighed = tuple(
            replace(one, weight=w, selected=w > 0)
            for one in replied
            for w in [float(shares.get(one.contributor, 0.0))]
        )
        records.append(replace(bare, contributors=weighed))
    return records, dials


@settings(max_examples=60, deadline=None)
@given(runs())
def test_what_holds_of_any_run(given_run):
    records, dials = given_run
    reasons = [RoundReasons(record, dials) for record in records]
    for name, one in over_rounds(records, dials).items():
        own = [p for r in records for p in r.contributors if p.contributor == name]
        assert one.rounds == len(own)
        assert one.counted == sum(p.selected for p in own)
        assert sum(one.refused.values()) == sum(p.reason is not None for p in own)
        made = [r for r in records if any(p.selected for p in r.contributors)]
        weights = [p.weight for r in made for p in r.contributors if p.contributor == name]
        assert one.new_models == len(weights)
        if not weights:
            assert one.weight is None
            continue
        assert one.weight == pytest.approx(np.mean(weights))
        assert sum(one.parts.values()) == pytest.approx(one.weight - one.equal, abs=1e-9)
        assert sum(of.rounds for of in one.decided.values()) <= one.new_models
        for other, of in one.under.items():
            told = [
                r.of(name).under.get(other, 0.0)
                for r in reasons
                if r.record in made
                and any(p.contributor == name for p in r.record.contributors)
                and any(other in reason.under for reason in r.all())
            ]
            assert of.rounds == len(told)
            assert of.weight == pytest.approx(np.mean(told))
        assert "NaN" not in one.to_json()
