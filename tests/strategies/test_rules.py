"""Each aggregation rule against its definition, worked out by hand or by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import trim_mean

from anml_fl.federation.root_use import needed, root_use
from anml_fl.method.krum import consistency, krum_scores
from anml_fl.plugins import RULES
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.catalogue import strategy
from strategies.cohort import Cohort, example_factors
from strategies.context import Context


def cohort(updates, examples=None, f=None):
    updates = np.asarray(updates, dtype=np.float32)
    n = len(updates)
    scores = krum_scores(updates, n_byzantine=f) if n >= 4 else np.zeros(n)
    ones = np.ones(n)
    return Cohort(
        tuple(f"c{i}" for i in range(n)),
        updates,
        scores,
        consistency(scores),
        Signals(ones, ones, ones),
        ones if examples is None else np.asarray(examples, float),
    )


# Those that weigh by updates alone.
BASELINES = tuple(
    name
    for name in RULES.names
    if name not in ("anml", "softmax_blend", "multiplicative", "oracle")
    and not needed(root_use(name))
)
# These cut long updates off, zero small values, or damp the step of few.
SHORTENING = ("calibrated", "norm_clipping", "centred_clipping", "lasa", "flare")


def decide(name, settings, cohort):
    context = Context(1, np.zeros(cohort.updates.shape[1], cohort.updates.dtype), settings)
    return RULES.load(name)(cohort, context)


# Nine at uneven distances, so that no two scores tie, and one far away.
LINE = [[x] for x in (0.0, 1.3, 2.1, 2.6, 3.0, 3.7, 4.9, 6.8, 9.0, 100.0)]


def test_fedavg_is_the_mean_by_examples():
    decision = decide("fedavg", Aggregation(), cohort([[0.0], [1.0], [4.0]], [1, 2, 1]))
    np.testing.assert_allclose(decision.update, [1.5])
    np.testing.assert_allclose(decision.weights, [0.25, 0.5, 0.25])


def test_krum_takes_the_one_update_nearest_to_its_neighbours():
    decision = decide("krum", Aggregation(), cohort(LINE))
    # k = 10 - 3 - 2 = 5: 3.0 has .16 + .49 + .81 + 2.89 + 3.61 = 7.96; 2.6 has 8.60.
    np.testing.assert_array_equal(decision.weights, np.eye(10)[4])
    np.testing.assert_allclose(decision.update, [3.0])


def test_multikrum_averages_the_n_minus_f_lowest():
    decision = decide("multikrum", Aggregation(n_byzantine=2), cohort(LINE, f=2))
    order = np.argsort(krum_scores(np.array(LINE), n_byzantine=2), kind="stable")
    kept = sorted(order[:8])
    assert sorted(np.flatnonzero(decision.selected)) == kept
    np.testing.assert_allclose(decision.update, np.array(LINE)[kept].mean(axis=0), rtol=1e-6)


def test_q_only_weighs_by_q_and_keeps_seven_of_ten():
    given_cohort = cohort(LINE)
    decision = decide("q_only", Aggregation(), given_cohort)
    assert decision.branch == "krum"
    assert decision.selected.sum() == 7
    kept = np.where(decision.selected, given_cohort.q, 0.0)
    np.testing.assert_allclose(decision.weights, kept / kept.sum())
    np.testing.assert_allclose(decision.update, decision.weights @ np.array(LINE), rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_median_and_trimmed_mean_agree_with_scipy(n):
    updates = np.random.default_rng(n).standard_normal((n, 7))
    made = cohort(updates)
    np.testing.assert_allclose(
        decide("median", Aggregation(), made).update, np.median(updates, axis=0), atol=1e-6
    )
    np.testing.assert_allclose(
        decide("trimmed_mean", Aggregation(trim=0.3), made).update,
        trim_mean(updates, 0.3),
        atol=1e-6,
    )


def test_bulyan_follows_its_paper():
    """Brute force: Krum again and again, then the coordinates nearest to the median."""
    updates = np.random.default_rng(0).standard_normal((11, 3))
    f = 2
    left, chosen = list(range(11)), []
    while len(chosen) < 11 - 2 * f:
        scores = []
        for i in left:
            near = sorted(np.sum((updates[i] - updates[j]) ** 2) for j in left if j != i)
            scores.append(sum(near[: max(1, min(len(left) - f - 2, len(left) - 1))]))
        chosen.append(left.pop(int(np.argmin(scores))))
    expected = []
    for column in range(3):
        values = updates[chosen, column]
        nearest = sorted(values, key=lambda x: abs(x - np.median(values)))[: 11 - 4 * f]
        expected.append(np.mean(nearest))
    decision = decide("bulyan", Aggregation(n_byzantine=f), cohort(updates))
    np.testing.assert_allclose(decision.update, expected, atol=1e-6)
    assert sorted(np.flatnonzero(decision.selected)) == sorted(chosen)
    assert decision.note is None


def test_bulyan_says_how_many_attackers_it_bears():
    note = decide("bulyan", Aggregation(n_byzantine=4), cohort(LINE)).note
    assert note == "bulyan bears 1 attackers of 10, not 4"


@pytest.mark.parametrize("name", ["median", "trimmed_mean", "bulyan"])
def test_coordinate_wise_rules_have_no_weights_and_bear_the_largest_numbers(name):
    decision = decide(name, Aggregation(), cohort(np.full((8, 2), 3.4e38)))
    assert np.isnan(decision.weights).all()
    np.testing.assert_allclose(decision.update, 3.4e38, rtol=1e-6)


def test_oracle_averages_the_honest_alone(federation, by_node):
    chosen = strategy("oracle", Aggregation(), honest={"c100", "c103"}, roster=by_node)
    sent = federation.ask(chosen, 4)
    replies = [federation.reply(m, federation.moved(float(i))) for i, m in enumerate(sent)]
    model, _ = chosen.aggregate_train(1, replies)
    np.testing.assert_allclose(model["b"].numpy(), 1.5)
    weights = [c.weight for c in chosen.records[-1].contributors]
    np.testing.assert_allclose(weights, [0.5, 0.0, 0.0, 0.5])


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", ["krum", "multikrum"])
def test_with_fewer_than_four_krum_has_no_meaning_and_all_are_averaged(name, n):
    updates = np.arange(n, dtype=float)[:, None]
    decision = decide(name, Aggregation(), cohort(updates))
    np.testing.assert_allclose(decision.update, updates.mean(axis=0))


def test_a_claim_counts_up_to_five_medians():
    claims = np.array([1.0, 90.0, 100.0, 110.0, 1e9])
    np.testing.assert_array_equal(
        example_factors(claims, weighting=True), [1.0, 90.0, 100.0, 110.0, 500.0]
    )
    np.testing.assert_array_equal(example_factors(claims, weighting=False), np.ones(5))


def test_unknown_strategy_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown strategy 'fedavgg'; did you mean fedavg"):
        strategy("fedavgg", Aggregation())


@given(
    arrays(np.float32, (6, 3), elements=st.floats(-(2.0**100), 2.0**100, width=32)),
    st.permutations(range(6)),
    st.sampled_from(sorted(BASELINES)),
)
def test_every_rule_stays_inside_the_span_whatever_the_order(updates, order, name):
    low, high = updates.min(axis=0), updates.max(axis=0)
    if name in SHORTENING:
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    room = 1e-5 * np.abs(updates).max()
    for rows in (list(range(6)), order):
        update = decide(name, Aggregation(), cohort(updates[rows])).update
        assert (update >= low - room).all()
        assert (update <= high + room).all()


def test_every_name_in_the_catalogue_makes_a_strategy_of_that_name():
    assert [strategy(name, Aggregation()).name for name in RULES.names] == list(RULES.names)
