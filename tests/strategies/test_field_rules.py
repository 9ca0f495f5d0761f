"""Rules of the field as strategies have them: bad updates, memory, and a root set."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.federation.root_use import needed, root_use
from anml_fl.method.calibrated.root import Root
from anml_fl.method.krum import consistency, krum_scores
from anml_fl.method.robust.foolsgold import foolsgold
from anml_fl.plugins import RULES
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort
from strategies.context import Context
from strategies.usable import usable

SHAPES = ((3, 4), (3,))
D = 15
RULES_HERE = (
    "dnc", "fltrust", "fedgreed", "loss_drop", "foolsgold", "flanders", "lasa", "flare",
)  # fmt: skip
REMEMBERING = ("foolsgold", "flanders", "flare")

_RNG = np.random.default_rng(0)
FEATURES = _RNG.normal(size=(30, 4))
LABELS = np.arange(30) % 3
WAY = np.concatenate([(np.eye(3)[LABELS] - 1 / 3).T @ FEATURES / 30, np.zeros((3, 1))], axis=1)
# The step of gradient descent that a model of zeros takes on the rows.
STEP = np.concatenate([WAY[:, :4].ravel(), WAY[:, 4]]).astype(np.float32)


def outputs(steps):
    """A linear model that begins with zeros."""
    with np.errstate(over="ignore", invalid="ignore"):
        weights = np.asarray(steps, np.float64).reshape(len(steps), D)
        said = FEATURES @ weights[:, :12].reshape(-1, 3, 4).transpose(0, 2, 1)
        said += weights[:, None, 12:]
    return np.clip(np.nan_to_num(said), -1e6, 1e6)


ROOT = Root(LABELS, 3, outputs, lambda: STEP, "30 rows of the server's")


def cohort(updates, names=None, examples=None):
    updates = np.asarray(updates, np.float32)
    n = len(updates)
    scores = krum_scores(updates) if n >= 4 else np.zeros(n)
    ones = np.ones(n)
    made = Cohort(
        tuple(names or (f"c{i}" for i in range(n))),
        updates,
        scores,
        consistency(scores),
        Signals(ones, ones, ones),
        ones if examples is None else np.asarray(examples, float),
    )
    updates.setflags(write=False)
    return made


def decide(name, given, round_=1, state=None, root=ROOT):
    context = Context(
        round_,
        np.zeros(D, np.float32),
        Aggregation(),
        state=state or {},
        root=root,
        root_update=None if root is None else root.step,
        shapes=SHAPES,
    )
    return usable(RULES.load(name)(given, context), name, given)


def drawn(n, seed=0):
    """Updates that go the root set's way, each with noise of its own."""
    noise = 0.02 * np.random.default_rng(seed).normal(size=(n, D))
    return (STEP + noise).astype(np.float32)


# ── A client is never believed ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", RULES_HERE)
@pytest.mark.parametrize("n", [1, 2, 3, 12])
@pytest.mark.parametrize("kind", ["zeros", "alike", "huge", "tiny", "one huge", "one zero"])
def test_no_update_makes_a_rule_fail_or_give_what_is_no_number(name, n, kind):
    updates = drawn(n)
    match kind:
        case "zeros" | "alike":
            updates[:] = 0 if kind == "zeros" else STEP
        case "huge" | "tiny":
            updates[:] = np.sign(updates) * (3.4e38 if kind == "huge" else 1e-45)
        case "one huge" | "one zero":
            updates[0] = -3.4e38 if kind == "one huge" else 0
    state = {}
    for number in range(1, 5):
        # As a strategy asks, which refuses an update that is not finite.
        with np.errstate(over="ignore", invalid="ignore"):
            decision = decide(name, cohort(updates), number, state)
        state = decision.state
        assert np.isfinite(decision.update).all()
        assert decision.weights.sum() == pytest.approx(1.0) or not decision.selected.any()
        assert all(np.isfinite(array).all() for array in state.values())


@pytest.mark.parametrize("name", RULES_HERE)
def test_an_enormous_update_does_not_carry_the_model_away(name):
    updates, state = drawn(12), {}
    for number in range(1, 5):
        sent = updates.copy()
        if number == 4:  # after the rounds that FLANDERS needs
            sent[5] = 1e30
        decision = decide(name, cohort(sent), number, state)
        state = decision.state
    if name == "foolsgold":  # which looks at angles alone: one unlike all others is in
        assert decision.selected[5]
        return
    assert np.linalg.norm(decision.update) < 3 * np.linalg.norm(STEP)


# ── Order, and memory ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", RULES_HERE)
def test_same_decisions_in_whatever_order_replies_arrive(name):
    updates, order = drawn(9), np.random.default_rng(1).permutation(9)
    names = [f"c{i}" for i in range(9)]
    straight, turned = {}, {}
    for number in range(1, 5):
        updates = updates + drawn(9, number)
        first = decide(name, cohort(updates, names), number, straight)
        second = decide(
            name, cohort(updates[order], [names[i] for i in order]), number, turned
        )
        straight, turned = first.state, second.state
        np.testing.assert_allclose(second.weights, first.weights[order], atol=1e-6)
        np.testing.assert_allclose(second.update, first.update, atol=1e-5)


@pytest.mark.parametrize("name", REMEMBERING)
def test_contributors_come_and_go_and_are_remembered_by_name(name):
    state, rng = {}, np.random.default_rng(0)
    for number in range(1, 12):
        there = sorted(rng.choice(20, 8, replace=False).tolist())
        names = [f"c{i}" for i in there]
        decision = decide(name, cohort(drawn(8, number), names), number, state)
        state = decision.state
        assert np.isfinite(decision.update).all()


@pytest.mark.parametrize("name", REMEMBERING)
def test_of_another_model_nothing_is_remembered(name):
    state = decide(name, cohort(drawn(6))).state
    narrower = np.ascontiguousarray(drawn(6)[:, :7])
    fresh, after = (
        RULES.load(name)(cohort(narrower), Context(2, np.zeros(7, np.float32), state=one))
        for one in ({}, state)
    )
    np.testing.assert_allclose(after.weights, fresh.weights)


def test_foolsgold_adds_up_each_contributors_rounds():
    rng = np.random.default_rng(3)
    rounds = rng.normal(0.2, 1.0, (4, 6, D)).astype(np.float32)
    state = {}
    for number, updates in enumerate(rounds, 1):
        decision = decide("foolsgold", cohort(updates), number, state)
        state = decision.state
    alpha = foolsgold(rounds.astype(np.float64).sum(axis=0))
    np.testing.assert_allclose(decision.weights, alpha / alpha.sum(), atol=1e-5)


def test_flanders_forgets_who_was_there_in_no_round_of_the_window():
    state = decide("flanders", cohort(drawn(6))).state
    before = state["updates"].nbytes
    for number in range(2, 30):
        names = [f"n{number}-{i}" for i in range(6)]
        state = decide("flanders", cohort(drawn(6, number), names), number, state).state
        assert state["models"].shape == (2, D)
        assert state["updates"].nbytes <= 4 * before


def test_flanders_leaves_out_who_turns_after_its_warm_up():
    state, updates = {}, drawn(10)
    for number in range(1, 4):
        sent = updates.copy()
        if number == 3:
            sent[:3] = -5 * sent[:3]
        decision = decide("flanders", cohort(sent), number, state)
        state = decision.state
        assert decision.selected.all() == (number < 3)
    np.testing.assert_array_equal(np.flatnonzero(~decision.selected), [0, 1, 2])


def test_flare_trusts_those_less_who_turn():
    state, updates, weights = {}, drawn(10), []
    for number in range(1, 6):
        sent = updates.copy()
        if number > 2:
            sent[:3] = -sent[:3]
        decision = decide("flare", cohort(sent), number, state)
        state = decision.state
        weights.append(decision.weights[:3].sum())
    assert weights[0] == pytest.approx(0.3)
    assert weights[-1] < 0.1


def test_dnc_draws_by_the_round_and_leaves_f_out():
    decision = decide("dnc", cohort(drawn(10)))
    assert decision.selected.sum() == 7
    np.testing.assert_allclose(decision.weights[decision.selected], 1 / 7)


# ── With a root set ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["fltrust", "fedgreed", "loss_drop"])
def test_a_root_set_bears_a_majority_that_acts_together(name):
    updates = drawn(10)
    updates[:7] = -updates[:7]
    decision = decide(name, cohort(updates))
    assert not decision.selected[:7].any()
    assert decision.update @ STEP > 0


@pytest.mark.parametrize("name", ["fltrust", "fedgreed", "loss_drop"])
def test_where_everybody_goes_the_other_way_the_model_stays_or_loses_least(name):
    decision = decide(name, cohort(-drawn(10)))
    if name == "fedgreed":  # the best alone is always taken
        assert decision.selected.any()
        return
    assert not decision.update.any()
    assert not decision.selected.any()
    assert decision.note


@pytest.mark.parametrize("name", ["fltrust", "fedgreed", "loss_drop"])
def test_without_one_the_error_says_what_would_do(name):
    assert needed(root_use(name))
    with pytest.raises(ValueError, match=rf"{name} needs a root set, .* give --root N or"):
        decide(name, cohort(drawn(4)), root=None)


@pytest.mark.parametrize("name", RULES_HERE)
def test_sample_weights_count(name):
    updates = drawn(2)
    heavy = decide(name, cohort(updates, examples=[3.0, 1.0]))
    even = decide(name, cohort(updates))
    if even.selected.all() and heavy.selected.all():
        np.testing.assert_allclose(
            heavy.weights[0] / heavy.weights[1], 3 * even.weights[0] / even.weights[1]
        )
