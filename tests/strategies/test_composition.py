"""Rules behind pre-aggregations: what they see, and what is said of the contributors."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.krum import consistency, krum_scores
from anml_fl.plugins import PRE_AGGREGATIONS, RULES
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort
from strategies.composition import Composed
from strategies.context import Context
from strategies.decision import averaged
from strategies.rule import named_rule
from strategies.usable import usable


def root_needed(rule):
    module = import_module(RULES.load(rule).__module__)
    return getattr(module, "ROOT", "") == "needed"


# Those that go by updates and signals alone.
UNTOLD = [name for name in RULES.names if name != "oracle" and not root_needed(name)]


def cohort(updates, examples=None, v=None):
    updates = np.asarray(updates, dtype=np.float32)
    n = len(updates)
    scores = krum_scores(updates) if n >= 4 else np.zeros(n)
    ones = np.ones(n)
    return Cohort(
        tuple(f"c{i}" for i in range(n)),
        updates,
        scores,
        consistency(scores),
        Signals(ones if v is None else np.asarray(v, float), ones, ones),
        ones if examples is None else np.asarray(examples, float),
    )


def decide(name, cohort, number=1, state=None, honest=(), **settings):
    chosen = Aggregation(**settings)
    context = Context(
        number,
        np.zeros(cohort.updates.shape[1], cohort.updates.dtype),
        chosen,
        state or {},
        frozenset(honest),
    )
    return usable(named_rule(name, chosen).decide(cohort, context), name, cohort)


def drawn(n=9, d=4, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


@pytest.mark.parametrize("name", ["nnm", "arc", "norm_clipping", "bucketing"])
@pytest.mark.parametrize("rule", ["fedavg", "krum", "geometric_median", "anml", "cge"])
def test_the_step_is_the_mean_by_shares_as_far_as_nothing_is_clipped_off(name, rule):
    made = cohort(drawn(), examples=np.arange(1.0, 10.0))
    decision = decide(f"{name}+{rule}", made, n_byzantine=2)
    np.testing.assert_allclose(decision.weights.sum(), 1.0)
    np.testing.assert_array_equal(decision.selected, decision.weights > 0)
    mean = decision.weights @ made.updates
    along = float(decision.update @ mean / (mean @ mean))
    np.testing.assert_allclose(decision.update, along * mean, atol=1e-6)
    assert along <= 1 + 1e-6
    if name in ("nnm", "bucketing"):
        np.testing.assert_allclose(along, 1.0, rtol=1e-6)


def test_behind_nnm_krum_picks_a_mean_of_neighbours():
    made = cohort([[0.0], [1.0], [3.0], [6.0], [1e6]])
    decision = decide("nnm+krum", made, n_byzantine=1)
    # Means of the four nearest: 2.5 four times over, and one beyond: k = 2.
    np.testing.assert_allclose(decision.update, [2.5])
    np.testing.assert_allclose(decision.weights, [0.25, 0.25, 0.25, 0.25, 0.0])
    np.testing.assert_array_equal(decision.selected, [True] * 4 + [False])


def test_scores_and_q_are_those_of_what_the_rule_sees():
    seen = []

    def looks(cohort, context):
        seen.append(cohort)
        return averaged(cohort)

    made = cohort(drawn())
    context = Context(1, np.zeros(4, np.float32), Aggregation(n_byzantine=2))
    nnm = PRE_AGGREGATIONS.load("nnm")
    Composed((("nnm", nnm),), "looks", looks)(made, context)
    mixed = nnm(made, context).updates
    np.testing.assert_array_equal(seen[0].updates, mixed)
    np.testing.assert_array_equal(seen[0].scores, krum_scores(mixed, n_byzantine=2))
    np.testing.assert_array_equal(seen[0].q, consistency(seen[0].scores))
    assert seen[0].contributors == made.contributors
    assert not seen[0].updates.flags.writeable


def test_of_a_bucket_signals_and_examples_are_its_members_mean():
    seen = []

    def looks(cohort, context):
        seen.append(cohort)
        return averaged(cohort)

    made = cohort(drawn(5), examples=[1, 2, 4, 8, 16], v=[0.1, 0.2, 0.3, 0.4, 0.5])
    context = Context(1, np.zeros(4, np.float32))
    bucketing = PRE_AGGREGATIONS.load("bucketing")
    groups = bucketing(made, context).groups
    decision = Composed((("bucketing", bucketing),), "looks", looks)(made, context)
    for row, name in enumerate(seen[0].contributors):
        members = np.flatnonzero(groups == row)
        assert name in {made.contributors[i] for i in members}
        np.testing.assert_allclose(seen[0].signals.v[row], made.signals.v[members].mean())
        np.testing.assert_allclose(seen[0].examples[row], made.examples[members].mean())
        share = seen[0].examples[row] / seen[0].examples.sum() / members.size
        np.testing.assert_allclose(decision.weights[members], share)


def test_buckets_are_the_same_for_every_rule_and_others_in_another_round_or_run():
    made = cohort(drawn(20))
    context = Context(1, np.zeros(4, np.float32))
    bucketing = PRE_AGGREGATIONS.load("bucketing")
    first = bucketing(made, context).groups
    np.testing.assert_array_equal(bucketing(made, context).groups, first)
    for other in (Context(2, context.model), Context(1, context.model, seed=1)):
        assert (bucketing(made, other).groups != first).any()


def test_a_bucket_goes_now_under_one_members_name_and_now_under_anothers():
    seen = set()

    def looks(cohort, context):
        seen.add(cohort.contributors)
        return averaged(cohort)

    bucketing = PRE_AGGREGATIONS.load("bucketing")
    composed = Composed((("bucketing", bucketing),), "looks", looks)
    for number in range(1, 20):
        composed(cohort(drawn(2)), Context(number, np.zeros(4, np.float32)))
    assert seen == {("c0",), ("c1",)}


def test_under_a_coordinate_wise_rule_nobody_has_a_share():
    decision = decide("nnm+trimmed_mean", cohort(drawn()), n_byzantine=2)
    assert np.isnan(decision.weights).all()
    assert decision.selected.all()
    far = cohort(np.vstack([drawn(8), np.full((1, 4), 1e6)]))
    bulyan = decide("nnm+bulyan", far, n_byzantine=1)
    assert np.isnan(bulyan.weights).all()
    # All rows that bulyan selected are of the other eight.
    np.testing.assert_array_equal(bulyan.selected, [True] * 8 + [False])


def test_a_chain_works_from_left_to_right():
    made = cohort(np.vstack([drawn(8), np.full((1, 4), 1e6)]))
    context = Context(1, np.zeros(4, np.float32), Aggregation(n_byzantine=2))
    arc, nnm = PRE_AGGREGATIONS.load("arc"), PRE_AGGREGATIONS.load("nnm")
    clipped = arc(made, context)
    again = cohort(clipped.updates)
    mixed = nnm(again, context)
    decision = decide("arc+nnm+fedavg", made, n_byzantine=2)
    np.testing.assert_allclose(decision.update, mixed.updates.mean(axis=0), atol=1e-6)
    whole = mixed.mixing.mean(axis=0) * clipped.mixing
    np.testing.assert_allclose(decision.weights, whole / whole.sum())
    other = decide("nnm+arc+fedavg", made, n_byzantine=2)
    assert not np.allclose(other.update, decision.update)


def test_norm_clipping_is_itself_before_the_mean():
    made = cohort([[1.0, 0.0], [0.0, 2.0], [8.0, 0.0]], examples=[1, 1, 2])
    one, two = (decide(name, made) for name in ("norm_clipping", "norm_clipping+fedavg"))
    np.testing.assert_allclose(one.update, [(1 + 2 * 2) / 4, 2 / 4])
    np.testing.assert_allclose(one.weights, np.array([1, 1, 0.5]) / 2.5)
    np.testing.assert_array_equal(two.update, one.update)
    np.testing.assert_array_equal(two.weights, one.weights)


def test_who_is_clipped_to_nothing_has_no_share_and_is_not_selected():
    made = cohort([[0.0], [0.0], [0.0], [5.0]])
    decision = decide("norm_clipping+fedavg", made)
    np.testing.assert_allclose(decision.weights, [1 / 3, 1 / 3, 1 / 3, 0.0])

    def last(cohort, context):
        return averaged(cohort, np.arange(4) == 3)

    clipped = PRE_AGGREGATIONS.load("norm_clipping")
    alone = Composed((("norm_clipping", clipped),), "last", last)(
        made, Context(1, np.zeros(1, np.float32))
    )
    np.testing.assert_array_equal(alone.update, [0.0])
    np.testing.assert_array_equal(alone.weights, np.zeros(4))
    assert not alone.selected.any()
    assert alone.note == "all that was selected is clipped to nothing"
    usable(alone, "last", made)


def test_judgements_of_a_bucket_are_its_members():
    made = cohort(drawn(7))
    decision = decide("bucketing+calibrated", made)
    assert len(decision.judgements) == 7
    groups = PRE_AGGREGATIONS.load("bucketing")(
        made, Context(1, np.zeros(4, np.float32))
    ).groups
    for one, row in zip(decision.judgements, groups, strict=True):
        assert one is decision.judgements[int(np.flatnonzero(groups == row)[0])]


def test_told_who_is_honest_a_rule_counts_rows_without_attackers():
    made = cohort(drawn(6))
    honest = ("c0", "c1", "c2", "c3", "c4")
    decision = decide("bucketing+oracle", made, honest=honest)
    groups = PRE_AGGREGATIONS.load("bucketing")(
        made, Context(1, np.zeros(4, np.float32))
    ).groups
    np.testing.assert_array_equal(decision.selected, groups != groups[5])
    clipped = decide("norm_clipping+oracle", made, honest=honest)
    np.testing.assert_array_equal(clipped.selected, [True] * 5 + [False])


@pytest.mark.parametrize("before", PRE_AGGREGATIONS.names)
@pytest.mark.parametrize("rule", UNTOLD)
def test_every_pre_aggregation_stands_before_every_rule(before, rule):
    for n in (1, 2, 3, 4, 8):
        state = {}
        for number in (1, 2):
            decision = decide(
                f"{before}+{rule}", cohort(drawn(n), v=np.full(n, 0.5)), number, state
            )
            state = decision.state
            assert np.isfinite(decision.update).all()


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float32, (6, 3), elements=st.floats(-(2.0**100), 2.0**100, width=32)),
    st.sampled_from(PRE_AGGREGATIONS.names),
    st.sampled_from(["krum", "geometric_median", "median", "anml", "centred_clipping"]),
)
def test_no_update_is_too_large_or_too_small(updates, before, rule):
    decision = decide(f"{before}+{rule}", cohort(updates), n_byzantine=2)
    assert np.isfinite(decision.update).all()
    low, high = np.minimum(updates.min(axis=0), 0), np.maximum(updates.max(axis=0), 0)
    room = 1e-5 * np.abs(updates).max()
    assert (decision.update >= low - room).all()
    assert (decision.update <= high + room).all()


@pytest.mark.parametrize("rule", ["krum", "median", "geometric_median", "multikrum"])
@pytest.mark.parametrize("far", [50.0, 1e12])
def test_a_quarter_of_hostile_updates_cannot_carry_nnm_away(rule, far):
    rng = np.random.default_rng(0)
    honest = rng.standard_normal((9, 5))
    hostile = far * rng.standard_normal((3, 5))
    decision = decide(f"nnm+{rule}", cohort(np.vstack([hostile, honest])), n_byzantine=3)
    assert np.linalg.norm(decision.update - honest.mean(axis=0)) <= 3.0
