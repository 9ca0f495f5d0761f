"""The server's steps: against closed forms, against Flower's own, and in rounds that fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flwr.app import ArrayRecord
from flwr.serverapp.strategy import FedAdagrad, FedAdam, FedAvgM, FedYogi
from pydantic import ValidationError

from anml_fl.catalogue import UnusableError
from anml_fl.settings.aggregation import Aggregation
from strategies.anml import Anml
from strategies.decision import averaged
from strategies.rule import Rule
from strategies.screened_strategy import ScreenedStrategy
from strategies.server_optimizer import (
    ServerOptimizer,
    server_optimizer,
    server_settings,
)
from strategies.server_step import STATE, ServerState, server_step

D = np.array([0.5, -0.02, 3.0, -1e-4])
ETA, B1, B2, TAU = 0.3, 0.8, 0.9, 0.01


def closed_form(kind, t):
    """The t-th step where every round has the same update, worked out without a recursion."""
    if kind == "fedavgm":
        return ETA * D * (1 - B1**t) / (1 - B1)
    m = (1 - B1**t) * D
    v = {
        "fedadagrad": t * D**2,
        "fedadam": (1 - B2**t) * D**2,
        # v stays below d^2 for so long: each step adds a tenth of it.
        "fedyogi": t * (1 - B2) * D**2,
    }[kind]
    rate = ETA
    if kind == "fedadam":
        rate *= np.sqrt(1 - B2 ** (t + 1)) / (1 - B1 ** (t + 1))
    return rate * m / (np.sqrt(v) + TAU)


@pytest.mark.parametrize("kind", ["fedavgm", "fedadagrad", "fedadam", "fedyogi"])
@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_steps_of_a_constant_update_are_those_of_the_closed_form(kind, dtype, close):
    chosen, state = ServerOptimizer(kind, ETA, B1, B2, TAU), ServerState()
    for t in range(1, 7):
        step, state = server_step(D.astype(dtype), state, chosen)
        assert (step.dtype, state.momentum.dtype, state.steps) == (dtype, dtype, t)
        np.testing.assert_allclose(step, closed_form(kind, t), rtol=close)


def test_yogi_lets_the_second_moment_fall_by_no_more_than_it_would_rise():
    chosen = ServerOptimizer("fedyogi", beta_2=0.75)
    _, state = server_step(np.array([4.0]), ServerState(), chosen)
    _, state = server_step(np.array([1.0]), state, chosen)
    # 16 / 4, then 4 - 1 / 4: Adam's would be 3.25.
    assert state.second_moment.tolist() == [3.75]


@pytest.mark.parametrize("size", [1, 2**16 - 1, 2**16 + 1])
def test_blocks_do_not_show(size):
    update = np.random.default_rng(0).normal(size=size)
    step, _ = server_step(update, ServerState(), ServerOptimizer("fedadam"))
    one, _ = server_step(update[-1:], ServerState(), ServerOptimizer("fedadam"))
    assert step[-1] == one[0]
    assert np.sign(step).tolist() == np.sign(update).tolist()


@pytest.mark.parametrize(
    ("kind", "flower"),
    [
        ("fedavgm", FedAvgM(server_learning_rate=1.0, server_momentum=0.9)),
        ("fedadagrad", FedAdagrad()),
        ("fedadam", FedAdam()),
        ("fedyogi", FedYogi()),
    ],
)
def test_rounds_are_those_of_flowers_own_strategy(federation, by_node, kind, flower):
    """With our defaults, which but for FedAvgM's momentum are Flower's."""
    del federation.model["steps"]
    rng = np.random.default_rng(1)
    ours = ScreenedStrategy(
        Rule(
            lambda cohort, context: averaged(cohort),
            "mean",
            Aggregation(server_optimizer=kind),
        )
    )
    ours.participation = replace(ours.participation, roster=by_node)
    theirs = federation.arrays()
    flower.current_arrays = theirs  # FedAvgM reads the first round's alone
    for number in range(1, 6):
        if kind != "fedavgm":
            flower.current_arrays = {name: one.numpy() for name, one in theirs.items()}
        moves = [rng.normal(0, 0.1 * number, 15) for _ in range(3)]
        examples = (10, 20, 30)
        answers = [
            {
                "w": federation.model["w"] + move[:12].reshape(4, 3).astype(np.float32),
                "b": federation.model["b"] + move[12:].astype(np.float32),
            }
            for move in moves
        ]
        sent = federation.ask(ours, 3, number)
        replies = [
            federation.reply(m, a, n) for m, a, n in zip(sent, answers, examples, strict=True)
        ]
        new, _ = ours.aggregate_train(number, replies)
        again = [
            federation.reply(m, a, n) for m, a, n in zip(sent, answers, examples, strict=True)
        ]
        theirs, _ = flower.aggregate_train(number, again)
        assert isinstance(theirs, ArrayRecord)
        for name in federation.model:
            np.testing.assert_allclose(
                new[name].numpy(), theirs[name].numpy(), rtol=2e-5, atol=2e-6
            )
        # Both go on from one model: what differs then is the step alone.
        federation.model = {name: one.numpy() for name, one in theirs.items()}


# ── In rounds ───────────────────────────────────────────────────────────────────────────────


def rounds(federation, strategy, moves):
    """Do rounds of four contributors, who each make the same move."""
    for number, by in enumerate(moves, start=1):
        sent = federation.ask(strategy, 4, number)
        replies = [federation.reply(m, federation.moved(by)) for m in sent]
        strategy.aggregate_train(number, replies)
        yield strategy.round


def test_a_round_that_changes_nothing_leaves_the_servers_state_as_it_is(federation, by_node):
    strategy = Anml(server_optimizer="fedadam", roster=by_node, min_replies=1.0)
    (first,) = rounds(federation, strategy, [0.5])
    assert first.state[STATE + "steps"] == 1
    sent = federation.ask(strategy, 4, 2)
    strategy.aggregate_train(2, [federation.reply(m) for m in sent[:3]])
    assert strategy.round.state is first.state
    assert not strategy.round.changed


def test_a_second_moment_that_is_not_finite_keeps_model_and_state(federation, by_node):
    strategy = Anml(server_optimizer="fedadam", roster=by_node)
    first, second = rounds(federation, strategy, [0.5, 1e25])
    assert first.changed
    assert not second.changed
    assert second.state is first.state
    assert {c.weight for c in second.record.contributors} == {0.0}
    assert second.record.note == "the new model would not be finite: the old one is kept"


def test_buffers_stay_medians(federation, by_node):
    everyone = Aggregation(fraction=1.0)
    strategy = Anml(settings=everyone, server_optimizer="fedyogi", roster=by_node)
    sent = federation.ask(strategy, 5)
    steps = (1, 9, 8, 3, 70)
    replies = [
        federation.reply(m, {**federation.moved(0.1), "steps": np.array(s)})
        for m, s in zip(sent, steps, strict=True)
    ]
    arrays, _ = strategy.aggregate_train(1, replies)
    assert arrays["steps"].numpy() == 8


def test_without_a_server_optimizer_the_update_is_added_as_it_is(federation, by_node):
    strategy = Anml(roster=by_node)
    (done,) = rounds(federation, strategy, [0.25])
    assert done.state == {}
    assert done.arrays["b"].numpy().tolist() == [0.25] * 3


def test_a_run_that_goes_on_makes_the_same_steps(federation, by_node):
    def fresh():
        return Anml(server_optimizer="fedadam", roster=by_node)

    *_, before, last = rounds(federation, fresh(), [0.5, 0.1, 0.3])
    other = fresh()
    other.resume(2, before.state)
    sent = federation.ask(other, 4)
    other.aggregate_train(1, [federation.reply(m, federation.moved(0.3)) for m in sent])
    assert other.round.arrays["w"].data == last.arrays["w"].data
    for name, array in last.state.items():
        assert array.tobytes() == other.round.state[name].tobytes()


def test_a_rule_neither_sees_nor_names_the_servers_arrays(federation, by_node):
    seen = []

    def counting(cohort, context):
        seen.append(sorted(context.state))
        return replace(averaged(cohort), state={"own": np.ones(1)})

    def naming(cohort, context):
        return replace(averaged(cohort), state={STATE + "steps": np.ones(1)})

    settings = Aggregation(server_optimizer="fedavgm")
    strategy = ScreenedStrategy(Rule(counting, "counting", settings))
    strategy.participation = replace(strategy.participation, roster=by_node)
    *_, last = rounds(federation, strategy, [0.1, 0.2])
    assert seen == [[], ["own"]]
    assert sorted(last.state) == sorted(["own", *ServerState().arrays])
    strategy.rule = Rule(naming, "naming", settings)
    with pytest.raises(UnusableError, match="state must have other names than"):
        list(rounds(federation, strategy, [0.1]))


def test_a_state_of_another_model_is_refused():
    chosen = ServerOptimizer("fedavgm")
    _, state = server_step(np.ones(3), ServerState(), chosen)
    with pytest.raises(ValueError, match="state has 3 numbers, the update 2"):
        server_step(np.ones(2), state, chosen)


# ── Settings ────────────────────────────────────────────────────────────────────────────────


def test_options_and_settings_say_the_same():
    mine = ServerOptimizer("fedyogi", 0.5, 0.7, 0.9, 0.1)
    for chosen in (
        Anml(server_optimizer=mine),
        Anml(settings=Aggregation(**server_settings(mine))),
    ):
        assert server_optimizer(chosen.rule.settings) == mine
    assert server_optimizer(Anml(server_optimizer=None).rule.settings) is None
    assert server_optimizer(Anml(server_optimizer="fedadam").rule.settings) == ServerOptimizer(
        "fedadam"
    )


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (
            "adam",
            ValueError,
            "unknown server optimizer 'adam'; known: none, fedavgm, fedadagrad",
        ),
        (0.1, TypeError, "must be a name or a ServerOptimizer, got float"),
    ],
)
def test_another_server_optimizer_is_refused(given, error, text):
    with pytest.raises(error, match=text):
        Anml(server_optimizer=given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("momentum", 1.0),
        ("beta_2", 1.0),
        ("tau", 0.0),
        ("tau", np.nan),
    ],
)
def test_a_number_outside_its_range_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        ServerOptimizer("fedadam", **{name: value})
    with pytest.raises(ValidationError):
        Aggregation(**{f"server_{name}": value})


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="'sgd'; known: fedavgm, fedadagrad, fedadam, fedyogi"
    ):
        ServerOptimizer("sgd")


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ("none", "server_learning_rate"),
        ("none", "server_momentum"),
        ("none", "server_beta_2"),
        ("none", "server_tau"),
        ("fedavgm", "server_beta_2"),
        ("fedavgm", "server_tau"),
        ("fedadagrad", "server_beta_2"),
    ],
)
def test_a_number_that_the_step_does_not_read_is_refused(chosen, name):
    with pytest.raises(ValueError, match=f"{name} is of server_optimizer = .* with {chosen}:"):
        Aggregation(server_optimizer=chosen, **{name: 0.5})


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("fedavgm", ["server_learning_rate", "server_momentum"]),
        ("fedadagrad", ["server_learning_rate", "server_momentum", "server_tau"]),
        ("fedyogi", ["server_learning_rate", "server_beta_2", "server_tau"]),
    ],
)
def test_a_number_that_the_step_reads_is_taken(chosen, names):
    settings = Aggregation(server_optimizer=chosen, **dict.fromkeys(names, 0.5))
    assert [getattr(settings, name) for name in names] == [0.5] * len(names)
