"""What a pre-aggregation must not give, and names that stand for none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from anml_fl.catalogue import UnknownNameError, UnusableError
from anml_fl.plugins import PRE_AGGREGATIONS, RULES
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort
from strategies.composition import Composed
from strategies.context import Context
from strategies.decision import Decision
from strategies.pre_aggregation import Mixed
from strategies.rule import named_rule


def drawn():
    updates, ones = np.random.default_rng(0).standard_normal((5, 4)), np.ones(5)
    return Cohort(
        tuple("abcde"), updates.astype(np.float32), ones, ones, Signals(ones, ones, ones), ones
    )


def decide(composed):
    return composed(drawn(), Context(1, np.zeros(4, np.float32)))


def bad(**changed):
    def function(cohort, context):
        n, d = cohort.updates.shape
        good = {"updates": np.ones((n, d), np.float32), "mixing": np.eye(n)}
        return Mixed(**{**good, **changed})

    return function


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda cohort, context: 3, "must return a strategies.pre_aggregation.Mixed, got int"),
        (bad(updates=np.ones((5, 3))), "updates must have the shape (m, 4), m >= 1"),
        (bad(updates=np.full((5, 4), np.nan)), "updates must be finite"),
        (bad(updates=np.ones((5, 4), int)), "numbers, got int64 of shape (5, 4)"),
        (bad(note=3), "note must be a text or None, got int"),
        (bad(note="a\nb"), "note must be printable text, got 'a\\nb'"),
        (bad(state=[1]), "state must be a mapping from names to arrays, got list"),
        (bad(state={"a": 1}), "state['a'] must be an array of numbers, got int"),
        (bad(updates=[1]), "updates must be an array of floating-point numbers, got list"),
        (bad(mixing=np.ones((2, 5))), "mixing must have the shape (5, 5) or (5,), got (2, 5)"),
        (bad(mixing=-np.eye(5)), "mixing must be >= 0, got -1"),
        (bad(mixing=np.full((5, 5), 0.3)), "no row of mixing may sum to more than 1, got 1.5"),
        (bad(mixing=np.full(5, 2.0)), "no row of mixing may sum to more than 1, got 2"),
        (bad(mixing=np.ones(5, int)), "mixing must be an array of floating-point numbers"),
        (
            bad(updates=np.ones((2, 4)), mixing=np.full((2, 5), 0.2)),
            "groups must be given: 2 rows are no 5 contributors'",
        ),
        (bad(groups=np.zeros(5, int)), "groups must be the rows from 0 to 4"),
        (bad(groups=np.arange(4)), "groups must be an array of 5 whole numbers"),
        (
            bad(groups=np.arange(5), mixing=np.ones(5)),
            "mixing must be a matrix, and no row of it all zeros",
        ),
    ],
)
def test_what_no_rule_can_be_given_is_refused(function, said):
    composed = Composed((("own", function),), "fedavg", RULES.load("fedavg"))
    with pytest.raises(UnusableError) as caught:
        decide(composed)
    assert str(caught.value).startswith("pre-aggregation 'own'")
    assert said in str(caught.value)


def test_what_the_rule_behind_must_not_decide_is_refused_under_its_name():
    def rude(cohort, context):
        return Decision(cohort.updates[0], np.full(5, math.inf), np.ones(5, bool))

    nnm = PRE_AGGREGATIONS.load("nnm")
    with pytest.raises(UnusableError, match="strategy 'rude': weights must be finite"):
        decide(Composed((("nnm", nnm),), "rude", rude))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "nmm+krum",
            "unknown pre-aggregation 'nmm' in 'nmm+krum'; did you mean nnm?",
        ),
        ("nnm+krumm", "unknown strategy 'krumm' in 'nnm+krumm'; did you mean krum?"),
        ("krum+nnm", "unknown pre-aggregation 'krum' in 'krum+nnm'; known: nnm, bucketing"),
        ("+krum", "unknown pre-aggregation '' in '+krum'"),
        ("nnm+", "unknown strategy '' in 'nnm+'"),
    ],
)
def test_a_part_that_is_unknown_is_named_with_its_table(name, said):
    with pytest.raises(UnknownNameError) as caught:
        named_rule(name, Aggregation())
    assert str(caught.value).startswith(said)


def test_what_is_no_function_stands_before_no_rule():
    with pytest.raises(UnusableError, match="pre-aggregation 'math:pi' must be a function"):
        named_rule("math:pi+krum", Aggregation())


def test_ones_own_may_stand_anywhere_in_a_chain():
    own = "strategies.pre_aggregations.nnm:nnm+strategies.rules.krum:krum"
    ours, theirs = (
        decide(named_rule(name, Aggregation()).decide) for name in (own, "nnm+krum")
    )
    np.testing.assert_array_equal(ours.weights, theirs.weights)
