"""Contributors test a round's model: what is asked, what is taken, and what it may cost."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg
from flwr.serverapp.strategy.strategy_utils import aggregate_metricrecords
from hypothesis import given
from hypothesis import strategies as st

from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from strategies.anml import Anml
from strategies.metrics import Metrics, Reported, error_and_score

NODES = [{"name": name, "i": i} for i, name in enumerate("abcde")]


class Claimed:
    """A run log that keeps claims, and how often it was told."""

    def __init__(self):
        self.claims = {}

    def claimed(self, server_round, claims):
        self.claims[server_round] = claims


def client(evaluate=None, arrays="arrays", config="config", count="num-examples", seen=None):
    """An app whose nodes say loss = i while training; `evaluate` gives metrics for a node."""
    app = ClientApp(mods=[echo_nonce])

    @app.train()
    def train(message, context):
        w = message.content[arrays]["w"].numpy() + np.float32(1)
        if seen is not None:
            seen.append(("train", dict(message.content[config])))
        metrics = MetricRecord({count: 10, "loss": float(context.node_config["i"])})
        return Message(
            RecordDict({arrays: ArrayRecord({"w": Array(w)}), "metrics": metrics}),
            reply_to=message,
        )

    if evaluate is not None:

        @app.evaluate()
        def test(message, context):
            if seen is not None:
                seen.append(("evaluate", dict(message.content[config])))
            found = evaluate(context.node_config["i"])
            if not isinstance(found, RecordDict):
                found = RecordDict({"metrics": MetricRecord({count: 10, **found})})
            return Message(found, reply_to=message)

    return app


def run(chosen, app, rounds=1, nodes=NODES, **options):
    arrays = ArrayRecord({"w": Array(np.zeros(3, np.float32))})
    return chosen.start(InlineGrid(app, nodes, {}), arrays, num_rounds=rounds, **options)


def evaluated(app, **options):
    """Ask once, by hand, and give what the run log was told beside the aggregate."""
    chosen = Anml(**options)
    chosen.log = Claimed()
    grid = InlineGrid(app, NODES, {})
    arrays = ArrayRecord({"w": Array(np.zeros(3, np.float32))})
    asked = chosen.configure_evaluate(1, arrays, ConfigRecord(), grid)
    found = chosen.aggregate_evaluate(1, grid.send_and_receive(asked))
    return chosen.log.claims[1], found


def test_metrics_are_aggregated_by_their_medians_and_the_result_is_flowers():
    chosen = Anml()
    result = run(chosen, client(lambda i: {"accuracy": [0.9, 0.8, 0.7, 0.6, 0.0][i]}), 2)
    assert {k: dict(v) for k, v in result.train_metrics_clientapp.items()} == {
        1: {"loss": 2.0},
        2: {"loss": 2.0},
    }
    assert {k: dict(v) for k, v in result.evaluate_metrics_clientapp.items()} == {
        1: {"accuracy": 0.7},
        2: {"accuracy": 0.7},
    }


def test_flowers_weighted_mean_is_one_argument_away():
    app = client(lambda i: {"accuracy": i / 10, "loss": 1.0})
    ours = run(
        Anml(
            train_metrics_aggr_fn=aggregate_metricrecords,
            evaluate_metrics_aggr_fn=aggregate_metricrecords,
        ),
        app,
    )
    theirs = run(FedAvg(), app)
    for name in ("train_metrics_clientapp", "evaluate_metrics_clientapp"):
        found, wanted = getattr(ours, name)[1], getattr(theirs, name)[1]
        assert dict(found) == pytest.approx(dict(wanted))


def test_claims_weigh_nothing():
    honest, lying = Anml(), Anml()
    run(honest, client(lambda i: {"accuracy": 0.5}), 2)
    run(lying, client(lambda i: {"accuracy": 1e300 if i == 0 else 0.5}), 2)
    assert [r.to_json() for r in honest.records] == [r.to_json() for r in lying.records]


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        ({"accuracy": math.nan}, "metric 'accuracy' must be finite, got nan"),
        ({"accuracy": math.inf}, "metric 'accuracy' must be finite, got inf"),
        ({f"m{i}": 0.5 for i in range(10_000)}, "10001 metrics, more than 32"),
        ({"x" * 65: 0.5}, "a metric's name must have 1 to 64 printable characters"),
        ({"a\nb": 0.5}, "a metric's name must have 1 to 64 printable characters"),
        ({"num-examples": 0}, "num-examples must lie in [1, 1000000000], got 0"),
        (
            {"num-examples": -1e9},
            "num-examples must lie in [1, 1000000000], got -1000000000.0",
        ),
        ({"num-examples": math.nan}, "num-examples must lie in [1, 1000000000], got nan"),
        (RecordDict({"metrics": ConfigRecord({"accuracy": "1e400"})}), "no num-examples"),
        (RecordDict({"metrics": MetricRecord({"accuracy": 0.5})}), "no num-examples"),
        (RecordDict(), "no num-examples"),
        ({"accuracy": 10**400}, "unreadable claim (OverflowError)"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_hostile_metrics_are_left_out_with_the_reason_and_the_others_count(hostile, reason):
    claims, found = evaluated(client(lambda i: hostile if i == 0 else {"accuracy": i / 10}))
    assert list(claims.left_out) == ["a"]
    assert claims.left_out["a"].startswith(reason)
    assert claims.metrics == {
        name: {"accuracy": i / 10} for i, name in enumerate("abcde") if i
    }
    assert dict(found) == {"accuracy": 0.25}


def test_lists_are_left_aside_and_odd_metrics_cannot_reach_the_apps_function():
    def said(i):
        return {"other": 1.0} if i == 0 else {"accuracy": 0.5, "by class": [0.1, 0.9]}

    def mine(contents, key):
        return MetricRecord({"mean": sum(c["metrics"]["accuracy"] for c in contents) / 4})

    claims, found = evaluated(client(said), evaluate_metrics_aggr_fn=mine)
    assert claims.metrics["a"] == {"other": 1.0}
    assert claims.metrics["b"] == {"accuracy": 0.5}
    assert dict(found) == {"mean": 0.5}


def test_a_count_is_bounded_before_it_weighs_in_the_apps_function():
    def said(i):
        return {"num-examples": 10**9 if i == 0 else 10, "loss": 100.0 if i == 0 else 1.0}

    _, found = evaluated(client(said), evaluate_metrics_aggr_fn=aggregate_metricrecords)
    # Five times the median count: 50 of 90.
    assert found["loss"] == pytest.approx((50 * 100 + 40 * 1) / 90)


def test_a_mistake_in_the_apps_own_function_ends_the_run_under_its_name():
    def broken(contents, key):
        raise ZeroDivisionError("mine")

    for name in ("train_metrics_aggr_fn", "evaluate_metrics_aggr_fn"):
        with pytest.raises(ZeroDivisionError, match=f"raised by {name}, .*broken"):
            run(Anml(**{name: broken}), client(lambda i: {"loss": 1.0}))
        with pytest.raises(TypeError, match=f"{name} must return a MetricRecord, got float"):
            run(Anml(**{name: lambda contents, key: 0.5}), client(lambda i: {"loss": 1.0}))


def test_an_app_that_cannot_evaluate_is_asked_once_and_told_of_at_info(caplog):
    asked = []

    class Counting(InlineGrid):
        def push_messages(self, messages):
            messages = list(messages)
            asked.extend(m.metadata.message_type for m in messages)
            return super().push_messages(messages)

    chosen = Anml()
    arrays = ArrayRecord({"w": Array(np.zeros(3, np.float32))})
    with caplog.at_level(logging.INFO, "flwr"):
        chosen.start(Counting(client(), NODES, {}), arrays, num_rounds=3)
    assert asked.count("evaluate") == len(NODES)
    said = [one for one in caplog.records if "not asked again" in one.message]
    assert [one.levelno for one in said] == [logging.INFO]
    assert "No evaluate function registered" in said[0].message
    assert not [one for one in caplog.records if one.levelno > logging.INFO]


def test_one_that_cannot_evaluate_costs_the_others_nothing():
    def said(i):
        if i == 0:
            raise RuntimeError("no test rows")
        return {"accuracy": 0.5}

    chosen, seen = Anml(), []
    result = run(chosen, client(said, seen=seen), 2)
    assert sorted(result.evaluate_metrics_clientapp) == [1, 2]
    assert sum(kind == "evaluate" for kind, _ in seen) == 2 * len(NODES)


def test_late_and_forged_evaluations_are_left_out():
    chosen = Anml()
    chosen.log = Claimed()
    grid = InlineGrid(client(lambda i: {"accuracy": 0.5}), NODES, {})
    arrays = ArrayRecord({"w": Array(np.zeros(3, np.float32))})
    asked = list(chosen.configure_evaluate(1, arrays, ConfigRecord(), grid))
    replies = list(grid.send_and_receive(asked))
    replies[1].content["echo"] = ConfigRecord({"nonce": b"x" * 16})
    late, replies = replies[0], replies[1:]
    chosen.aggregate_evaluate(1, replies)
    claims = chosen.log.claims[1]
    lost = [
        asked[0].content["config"]["contributor"],
        asked[1].content["config"]["contributor"],
    ]
    assert claims.left_out == dict.fromkeys(lost, "no reply in time")
    assert claims.refused == ("no nonce of this round",)
    chosen.configure_evaluate(2, arrays, ConfigRecord(), grid)
    assert chosen.aggregate_evaluate(2, [late]) is None
    assert set(chosen.log.claims) == {1}


def test_nobody_is_asked_where_the_fraction_is_zero():
    seen = []
    result = run(Anml(fraction_evaluate=0.0), client(lambda i: {"loss": 1.0}, seen=seen))
    assert {kind for kind, _ in seen} == {"train"}
    assert result.evaluate_metrics_clientapp == {}


def test_configs_reach_the_clients_and_the_caller_keeps_its_own():
    seen = []
    train, evaluate = ConfigRecord({"lr": 0.1}), ConfigRecord({"k": 3})
    run(
        Anml(fraction_evaluate=0.4, seed=1),
        client(lambda i: {"loss": 1.0}, seen=seen),
        train_config=train,
        evaluate_config=evaluate,
    )
    kinds = [kind for kind, _ in seen]
    assert (kinds.count("train"), kinds.count("evaluate")) == (5, 2)
    for kind, config in seen:
        assert config["server-round"] == 1
        assert ("lr" in config, "k" in config) == (kind == "train", kind == "evaluate")
    assert (dict(train), dict(evaluate)) == ({"lr": 0.1}, {"k": 3})


def test_records_and_counts_may_have_other_names():
    names = {"arrayrecord_key": "weights", "configrecord_key": "settings"}
    app = client(lambda i: {"loss": 1.0}, "weights", "settings", "rows")
    chosen = Anml(**names, weighted_by_key="rows")
    result = run(chosen, app)
    assert [c.reason for c in chosen.records[0].contributors] == [None] * 5
    assert dict(result.evaluate_metrics_clientapp[1]) == {"loss": 1.0}
    reason = "no num-examples in the metrics"
    with pytest.raises(RuntimeError, match=f"changed the model.*{reason}"):
        run(Anml(**names), app)


@pytest.mark.parametrize(
    ("said", "error", "score"),
    [
        ({"loss": 0.7, "accuracy": 0.75}, 0.25, 0.7),
        ({"accuracy": 0.75}, 0.25, math.nan),
        ({"test_accuracy": 0.5, "test_loss": 2.0}, 0.5, 2.0),
        ({"error": 0.1, "accuracy": 0.75}, 0.1, 0.75),
        ({"rmse": 3.0, "mae": 2.0}, math.nan, 3.0),
        ({"accuracy": 75.0}, math.nan, 75.0),
        ({"accuracy": math.nan, "curve": [1.0]}, math.nan, math.nan),
        ({}, math.nan, math.nan),
    ],
    ids=str,
)
def test_what_the_apps_own_test_says_is_in_the_rounds_record(said, error, score):
    chosen = Anml()
    calls = []

    def test(number, arrays):
        calls.append((number, float(arrays["w"].numpy()[0])))
        return MetricRecord(said) if number else None

    result = run(chosen, client(), 2, evaluate_fn=test)
    assert calls == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert [(r.test_error, r.test_score) for r in chosen.records] == [
        (pytest.approx(error, nan_ok=True), pytest.approx(score, nan_ok=True))
    ] * 2
    assert sorted(result.evaluate_metrics_serverapp) == [1, 2]
    assert error_and_score(MetricRecord(said)) == pytest.approx((error, score), nan_ok=True)


def test_no_rounds_test_the_first_model_alone():
    result = run(
        Anml(), client(), 0, evaluate_fn=lambda number, arrays: MetricRecord({"loss": number})
    )
    assert {k: dict(v) for k, v in result.evaluate_metrics_serverapp.items()} == {
        0: {"loss": 0}
    }
    assert not result.arrays


def test_with_fraction_train_zero_nobody_trains_and_the_model_is_still_tested():
    seen = []
    chosen = Anml(fraction_train=0.0)
    result = run(chosen, client(lambda i: {"loss": 2.0}, seen=seen), 2)
    assert {kind for kind, _ in seen} == {"evaluate"}
    assert [r.contributors for r in chosen.records] == [(), ()]
    assert "nobody was asked: fraction_train is 0" in chosen.records[0].note
    assert dict(result.evaluate_metrics_clientapp[2]) == {"loss": 2.0}


def test_the_log_has_flowers_lines(caplog):
    with caplog.at_level(logging.INFO, "flwr"):
        run(Anml(fraction_train=0.9, seed=5), client(lambda i: {"loss": 1.0}))
    text = caplog.text
    for line in (
        "Starting Anml strategy:",
        "Number of rounds: 1",
        "Sampling: train (0.90), evaluate (1.00), by seed 5",
        "[ROUND 1/1]",
        "aggregate_evaluate: 5 of 5 contributors say what the model is worth",
        "Aggregated MetricRecord: {'loss': 1.0}",
        "Strategy execution finished in",
    ):
        assert line in text


FINITE = st.floats(-1e6, 1e6)


@given(st.lists(FINITE, min_size=1, max_size=9), st.lists(FINITE, max_size=8))
def test_liars_in_the_minority_move_no_median_beyond_what_others_say(honest, lies):
    lies = lies[: len(honest) - 1]
    told = {
        f"c{i}": Reported("metrics", {"loss": x}, 10) for i, x in enumerate([*honest, *lies])
    }
    found = Metrics().of_evaluation(told)["loss"]
    assert min(honest) <= found <= max(honest)
