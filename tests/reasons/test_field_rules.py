"""Rules that choose, or weigh by one number: what they measured is told, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.plugins import RULES

COORDINATE_WISE = {"median", "trimmed_mean", "bulyan", "meamed"}
# Whose shares are no function of a number that is recorded.
OPAQUE = COORDINATE_WISE | {"lasa"}
ANML = {"anml", "softmax_blend", "multiplicative", "q_only", "calibrated"}
CHOOSING = ("krum", "multikrum", "cge", "dnc", "fedgreed", "flanders", "oracle")
WEIGHING = (
    "centred_clipping",
    "flare",
    "fltrust",
    "foolsgold",
    "geometric_median",
    "loss_drop",
    "norm_clipping",
)


def some(kit, n=6, seed=0):
    """A round of different lengths and directions, most of which go the root set's way."""
    rng = np.random.default_rng(seed)
    updates = kit.root().step() + rng.normal(size=(n, 12)) * np.linspace(0.2, 2, n)[:, None]
    counts = rng.integers(10, 90, n).astype(float)
    signals = rng.uniform(0.2, 0.9, (3, n))
    return kit.given(updates.astype(np.float32), *signals, counts, root=kit.root())


@pytest.mark.parametrize("name", RULES.names)
def test_of_every_rule_but_the_opaque_ones_the_weights_are_reproduced(kit, name):
    reasons = some(kit).reasons(name)
    assert reasons.reproduced == (name not in OPAQUE)
    assert set(RULES.names) == {*CHOOSING, *WEIGHING, *OPAQUE, *ANML, "fedavg"}
    assert reasons.record.contributors[0].weight == pytest.approx(
        some(kit).decide(name).weights[0], nan_ok=True
    )


@given(st.data())
@settings(max_examples=12)
@pytest.mark.parametrize("name", CHOOSING)
def test_who_was_left_out_by_choice_is_told_so(kit, name, data):
    one = replace(data.draw(kit.drawn()), root=kit.root())
    decision, reasons = one.decide(name), one.reasons(name)
    if not decision.selected.any():  # such as where every loss is infinite
        return
    assert reasons.reproduced
    kit.adds_up(reasons)
    examples = one.cohort().examples
    by_examples = examples / examples.sum()
    measured = decision.measured
    for reason, row in kit.by_name(reasons, decision):
        chooser = "measure" if measured is not None else "rule"
        if decision.selected.all():
            assert set(reason.parts) <= {"examples"}
            continue
        assert reason.without == pytest.approx({chooser: by_examples[row]})
        assert reason.parts["examples"] == pytest.approx(by_examples[row] - 1 / len(examples))
        if reason.status == "left out":
            assert reason.decided_by == chooser
            # All of these keep the least.
            worst = None if measured is None else max(measured[decision.selected])
            beyond = worst is not None and measured[row] > worst
            assert reason.line == (pytest.approx(worst) if beyond else None)


@given(st.data())
@settings(max_examples=12)
@pytest.mark.parametrize("name", WEIGHING)
def test_who_was_weighed_by_a_number_is_told_what_examples_alone_would_give(kit, name, data):
    one = replace(data.draw(kit.drawn(least=2)), root=kit.root())
    decision, reasons = one.decide(name), one.reasons(name)
    examples = one.cohort().examples
    if not decision.selected.any() or not reasons.reproduced:
        # A distance of 0, of which one is over: shares are told, and nothing of how.
        assert name == "geometric_median" or not decision.selected.any()
        return
    kit.adds_up(reasons)
    for reason, row in kit.by_name(reasons, decision):
        assert set(reason.without) <= {"measure", "examples"}
        if "measure" in reason.without:
            assert reason.without["measure"] == pytest.approx(examples[row] / examples.sum())
        if "examples" in reason.without:
            alike = decision.weights / examples
            assert reason.without["examples"] == pytest.approx(alike[row] / alike.sum())


# In a first round flare thinks the same of all.
@pytest.mark.parametrize("name", sorted({*WEIGHING} - {"flare"}))
def test_a_number_and_examples_are_what_each_of_them_weighs_by(kit, name):
    one = some(kit)
    reasons = one.reasons(name)
    assert reasons.reproduced
    told = {factor for reason in reasons.all() for factor in reason.parts}
    assert told == {"measure", "examples"}


@pytest.mark.parametrize("name", sorted(OPAQUE))
def test_of_an_opaque_rule_nothing_is_claimed_but_other_strategies(kit, name):
    one = some(kit, n=8)
    decision, reasons = one.decide(name), one.reasons(name)
    for reason, row in kit.by_name(reasons, decision):
        assert reason.without == {}
        assert reason.uncut is None
        assert set(reason.parts) == (set() if name in COORDINATE_WISE else {"rule"})
        expected = one.decide("q_only").weights[row]
        assert reason.under["q_only"] == pytest.approx(expected, abs=1e-9)
        assert reason.decided_by in ("rule", None)


CHAINS = (
    "nnm+anml",
    "bucketing+calibrated",
    "arc+cge",
    "nnm+krum",
    "client_momentum+calibrated",
)


@given(st.data())
@settings(max_examples=8)
@pytest.mark.parametrize("name", [*CHAINS, "norm_clipping+softmax_blend", "bucketing+q_only"])
def test_behind_pre_aggregations_only_the_share_is_told(kit, name, data):
    one = data.draw(kit.drawn(least=2))
    decision, reasons = one.decide(name), one.reasons(name)
    assert not reasons.reproduced
    if not decision.selected.any():
        return
    kit.adds_up(reasons)
    for reason, row in kit.by_name(reasons, decision):
        assert set(reason.parts) == {"rule"}
        assert reason.decided_by in ("rule", None)
        assert (reason.without, reason.uncut, reason.missing) == ({}, None, None)
        assert (reason.value, reason.line, reason.measure) == (None, None, None)
        if decision.branch is not None:  # its q is not the one that it decided by
            assert reason.under == {}
        else:
            expected = one.decide("softmax_blend").weights[row]
            assert reason.under["softmax_blend"] == pytest.approx(expected, abs=1e-9)


def test_a_rule_of_ones_own_is_not_taken_for_one_that_is_known(kit):
    one = some(kit)
    for name in ("q_only", "anml", "fedavg", "krum"):
        record = replace(one.record(name), strategy="mine:rule")
        reasons = replace(one.reasons(name), record=record)
        assert not reasons.reproduced
        for reason in reasons.all():
            assert set(reason.parts) == {"measure" if record.measure else "rule"}
            assert reason.without == {}
