"""The momentum that the server keeps of each contributor, by stable identity."""

from __future__ import annotations

import numpy as np

from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort
from strategies.context import Context
from strategies.rule import named_rule
from strategies.usable import usable


def cohort(names, updates):
    ones = np.ones(len(names))
    return Cohort(tuple(names), updates, ones, ones, Signals(ones, ones, ones), ones)


def decide(name, cohort, number, state, **settings):
    chosen = Aggregation(**settings)
    model = np.zeros(cohort.updates.shape[1], cohort.updates.dtype)
    context = Context(number, model, chosen, state)
    return usable(named_rule(name, chosen).decide(cohort, context), name, cohort)


def drawn(n):
    return np.random.default_rng(0).standard_normal((n, 4)).astype(np.float32)


def test_momentum_is_kept_by_identity_and_beside_the_rules_own_state():
    name, state = "client_momentum+centred_clipping", {}
    rounds = [["a", "b", "c"], ["b", "c", "d"], ["a", "b", "d"]]
    came = drawn(9).reshape(3, 3, 4)
    momentum, centre = {}, np.zeros(4)
    for number, (names, updates) in enumerate(zip(rounds, came, strict=True), 1):
        made = cohort(names, updates)
        decision = decide(name, made, number, state, client_momentum=0.5, clipping_radius=0.7)
        for who, update in zip(names, updates.astype(float), strict=True):
            momentum[who] = (momentum[who] + update) / 2 if who in momentum else update
        pulls = [momentum[who] - centre for who in names]
        centre = centre + np.mean(
            [pull * min(1, 0.7 / np.linalg.norm(pull)) for pull in pulls], axis=0
        )
        np.testing.assert_allclose(decision.update, centre, atol=1e-6)
        state = decision.state
    assert {key.partition("/")[0] for key in state} == {"0:client_momentum", "rule"}


def test_momentum_of_who_was_away_for_a_hundred_rounds_begins_anew():
    state = {}
    for number in range(1, 104):
        who, update = ("a", float(number)) if number in (1, 103) else ("b", 5.0)
        made = cohort((who,), np.full((1, 1), update))
        decision = decide("client_momentum+fedavg", made, number, state)
        state = decision.state
        if number == 2:
            names = state["0:client_momentum/contributors"]
            assert b"a" in names.tobytes()
    np.testing.assert_allclose(decision.update, [103.0])
    assert state["0:client_momentum/momentum"].shape == (2, 1)


def test_two_of_a_kind_keep_states_of_their_own():
    made = cohort("abc", drawn(3))
    state = {}
    for number in (1, 2, 3):
        state = decide("client_momentum+client_momentum+fedavg", made, number, state).state
    assert {key.partition("/")[0] for key in state} == {
        "0:client_momentum",
        "1:client_momentum",
    }
