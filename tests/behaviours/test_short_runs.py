"""Every attack in short runs: all reply, again the same, and the same on either engine."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.federation.backdoor_success import backdoor_success
from anml_fl.federation.run_task import task_of
from anml_fl.plugins import BEHAVIOURS
from studies.federations.run import federate

ATTACKS = [name for name in BEHAVIOURS.names if name not in ("honest", "newcomer")]
FEDERATION = {
    "dataset": "wine",
    "seed": 3,
    "contributors": 8,
    "rounds": 2,
    "local_epochs": 1,
    "turn_round": 2,
    "good_rounds": 1,
}


def trained(name, engine, **more):
    behaviours = {name: 3, "honest": 5}
    return federate(engine=engine, behaviours=behaviours, **{**FEDERATION, **more})


def decided(done, rule):
    """What was made of everybody, and the model that came of it."""
    (strategy,) = done.run.strategies
    people = [person for record in strategy.records for person in record.contributors]
    model = {name: array.tobytes() for name, array in done.models[rule].items()}
    return [(one.contributor, one.weight, one.v, one.r, one.reason) for one in people], model


@pytest.mark.parametrize("name", ATTACKS)
def test_attackers_who_know_the_rule_reply_in_time_and_alike_on_both_engines(name):
    inline, cohort = (
        trained(name, engine, strategies="krum", knowledge="rule", credentials="bought")
        for engine in ("inline", "cohort")
    )
    people, model = decided(inline, "krum")
    assert (people, model) == decided(cohort, "krum")
    assert len(people) == 16
    assert not any(reason and "Error" in reason for *_, reason in people)


@pytest.mark.parametrize("name", ["alie", "sybil", "mimicry"])
def test_attackers_who_know_their_own_do_so_on_both_engines(name):
    found = [
        decided(trained(name, engine, strategies="fedavg", knowledge="own"), "fedavg")
        for engine in ("inline", "cohort")
    ]
    assert found[0] == found[1]
    knowing = decided(trained(name, "cohort", strategies="fedavg"), "fedavg")
    assert knowing[1] != found[0][1]


def test_sign_flip_undoes_what_the_honest_learn():
    def error(**behaviours):
        settings = {**FEDERATION, "rounds": 6, "local_epochs": 6}
        return federate(**settings, strategies="fedavg", behaviours=behaviours).error("fedavg")

    assert error(honest=8) < 0.15
    assert error(honest=5, sign_flip=3) > error(honest=8) + 0.1


def test_a_backdoor_leaves_the_error_and_opens_the_door():
    def success(**behaviours):
        done = federate(
            **{**FEDERATION, "rounds": 8}, strategies="fedavg", behaviours=behaviours
        )
        task = task_of(done.config)
        model = task.model_of(done.models["fedavg"])
        return backdoor_success(task, model, done.config.attacks), done.error("fedavg")

    opened, with_it = success(honest=6, backdoor=2)
    shut, without = success(honest=8)
    assert opened > 0.8
    assert opened > shut + 0.3
    assert with_it < without + 0.2
    assert np.isfinite([opened, shut]).all()
