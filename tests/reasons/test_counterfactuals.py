"""Weights by the method, and what else they were: each number is what the real rule gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.registry.interface import Signals

RULES = ("anml", "softmax_blend", "multiplicative", "q_only", "fedavg")
# Settings under which the gate takes each of its branches, where s allows it.
BRANCHES = {
    "uniform": {"tau_h": 0.0},
    "blend": {"tau_h": 1.0, "tau_c": -1.0},
    "krum": {"tau_h": 1.0, "tau_c": 1.0},
}
# By which rule a branch can be held whatever becomes of s and q.
HELD = {"blend": "softmax_blend", "multiplicative": "multiplicative", "uniform": "anml"}
ALIKE = 0.37


def same(weight, expected):
    np.testing.assert_allclose(weight, expected, rtol=0, atol=1e-9)


def made_alike(cohort, factor):
    """The cohort, had that signal been one number for all."""
    ones, told = np.ones(len(cohort.q)), cohort.signals
    if factor == "q":
        return replace(cohort, q=ALIKE * ones)
    if factor == "examples":
        return replace(cohort, examples=5 * ones)
    v, r, fresh = told.v, told.r, told.T
    if factor == "credentials":
        v, r = ALIKE * ones, 0.8 * ones
    else:
        fresh = 0.9 * ones
    return replace(cohort, signals=Signals(v, r, fresh))


def told(record, cohort):
    """Which of the rule's factors tell contributors apart."""
    columns = {"q": cohort.q, "credentials": cohort.signals.s, "freshness": cohort.signals.T}
    unread = {"krum": ["credentials"], "uniform": ["q", "credentials"]}
    for factor in unread.get(record.branch, [] if record.branch else list(columns)):
        del columns[factor]
    if record.strategy == "q_only":
        del columns["freshness"]
    columns["examples"] = cohort.examples
    return {factor for factor, column in columns.items() if np.ptp(column) > 0}


def all_weigh_the_same(one, name, cohort):
    """Whether examples alone would decide, were nobody cut off."""
    alike = replace(cohort, examples=np.ones(len(cohort.q)))
    return len(set(one.but(fraction=1.0).decide(name, alike).weights)) == 1


def by_name(one, name, decision):
    """Whether the fraction was taken of those who all weigh the same."""
    return not decision.selected.all() and all_weigh_the_same(one, name, one.cohort())


def decides(reason):
    """What decided took a share farthest the way that it lies from an equal one."""
    if reason.status == "left out" or len(reason.parts) == 0:
        return
    found = reason.parts.values()
    most = max(found) if reason.weight >= reason.equal else -min(found)
    if reason.decided_by is None:
        assert most <= 0.005 * reason.equal
    else:
        assert most > 0.005 * reason.equal
        assert most == abs(reason.parts[reason.decided_by])


def hold(kit, one, name):
    """Hold all that is said of a round against the real rules."""
    cohort, decision = one.cohort(), one.decide(name)
    reasons = one.reasons(name)
    assert reasons.reproduced
    kit.adds_up(reasons)
    pairs = kit.by_name(reasons, decision)
    weights = decision.weights
    for reason, row in pairs:
        assert reason.weight == weights[row]
        assert reason.place == 1 + sum(other > weights[row] for other in weights)
        used = decision.selected[row] and weights[row] > 0
        assert reason.status == ("counted" if used else "left out")
        assert reason.missing is None
        decides(reason)
    for other in set(RULES) - {name}:
        expected = one.decide(other).weights
        same([reason.under[other] for reason, _ in pairs], expected)
    assert set(pairs[0][0].under) == set(RULES) - {name}
    if decision.branch in (None, "uniform") or decision.selected.all():
        assert {reason.uncut for reason, _ in pairs} == {None}
    else:
        same([reason.uncut for reason, _ in pairs], one.but(fraction=1.0).decide(name).weights)
    record = reasons.record
    factors = set(pairs[0][0].without)
    assert factors == ({"order"} if by_name(one, name, decision) else told(record, cohort))
    for factor in factors - {"order"}:
        held = name if name == "q_only" else HELD.get(decision.branch, name)
        asked = one
        if decision.branch == "krum" and name == "anml":
            # Neither stage 1 nor stage 2 lets s count, whatever q is now.
            asked = asked.but(tau_h=1.0, tau_c=1.0)
        alike = made_alike(cohort, factor)
        if all_weigh_the_same(asked, held, alike):
            asked = asked.but(fraction=1.0)
        found = asked.decide(held, alike)
        assert found.branch == decision.branch
        same([reason.without[factor] for reason, _ in pairs], found.weights)
    return reasons


@given(st.data())
@settings(max_examples=40)
@pytest.mark.parametrize("name", RULES)
def test_all_that_is_said_of_a_round_is_what_the_rules_give(kit, name, data):
    hold(kit, data.draw(kit.drawn()), name)


@given(st.data())
@settings(max_examples=40)
@pytest.mark.parametrize("branch", BRANCHES)
def test_it_is_in_each_branch_of_the_gate(kit, branch, data):
    hold(kit, data.draw(kit.drawn(least=4, **BRANCHES[branch])), "anml")


def test_who_has_a_weight_of_nothing_did_not_count_though_all_are_selected(kit):
    rng = np.random.default_rng(1)
    one = kit.given(
        rng.normal(size=(5, 12)).astype(np.float32), *np.full((3, 5), 0.3), np.full(5, 9.0)
    ).but(fraction=1.0)
    reasons = hold(kit, one, "anml")
    assert all(person.selected for person in reasons.record.contributors)
    out = [reason for reason in reasons.all() if reason.status == "left out"]
    assert [(reason.value, reason.decided_by, reason.uncut) for reason in out] == [
        (0.0, "q", None)
    ]
    assert out[0].line == min(one.cohort().q[one.cohort().q > 0])


@pytest.mark.parametrize("branch", BRANCHES)
def test_each_branch_is_taken_and_told(kit, branch):
    rng = np.random.default_rng(1)
    one = kit.given(
        rng.normal(size=(6, 12)).astype(np.float32),
        *rng.uniform(0.3, 0.9, (3, 6)),
        rng.integers(10, 90, 6).astype(float),
    ).but(**BRANCHES[branch])
    reasons = hold(kit, one, "anml")
    assert reasons.record.branch == branch
    factors = {"uniform": {"freshness", "examples"}, "krum": {"q", "freshness", "examples"}}
    told = {"q", "credentials", "freshness", "examples"}
    assert set(reasons.all()[0].parts) == factors.get(branch, told)


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_weights_that_are_all_zero_are_told_as_they_were_counted(kit, branch, n):
    rng = np.random.default_rng(n)
    v, r = rng.uniform(0.3, 0.9, (2, n))
    given = kit.given(
        rng.normal(size=(n, 12)).astype(np.float32), v, r, np.zeros(n), np.arange(n) + 9.0
    )
    one = given.but(**BRANCHES[branch])
    reasons = hold(kit, one, "anml")
    assert "every weight is zero" in reasons.record.note


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("name", RULES)
def test_where_all_are_alike_their_places_by_name_decide_and_nothing_else(kit, name, n):
    given = kit.given(np.ones((n, 12), np.float32), *np.full((3, n), 0.5), np.full(n, 20.0))
    reasons = hold(kit, given.but(tau_h=1.0, fraction=0.5), name)
    selected = max(1, round(0.5 * n)) if name != "fedavg" else n
    factors = [one.decided_by for one in reasons.all()]
    weights = [one.weight for one in reasons.all()]
    if selected == n:
        assert factors == [None] * n
    else:
        assert factors == ["order"] * n
    assert weights == pytest.approx([1 / selected] * selected + [0] * (n - selected))


def test_who_weighs_as_much_as_the_lightest_that_was_kept_is_out_by_name(kit):
    # Four pairs of corners: by symmetry two contributors have each q.
    updates = np.zeros((4, 12), np.float32)
    updates[:, 0] = [0.0, 0.0, 3.0, 3.0]
    given = kit.given(updates, *np.full((3, 4), 0.5), np.full(4, 20.0))
    q = given.cohort().q
    assert q.tolist() == [1.0] * 4
    fresh = replace(given.but(tau_h=1.0, fraction=0.5), T=np.array([1.0, 0.5, 0.5, 0.25]))
    found = hold(kit, fresh, "anml").all()
    assert [one.decided_by for one in found[2:]] == ["order", "freshness"]
    assert [one.status for one in found] == ["counted", "counted", "left out", "left out"]
