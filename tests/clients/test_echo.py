"""The mod: what it adds to our strategies' messages, and leaves alone in all others."""

from __future__ import annotations

import random
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAdam, FedAvg, FedMedian, FedProx, Krum
from flwr.supercore.task_identity import TaskIdentity

from clients.echo import echo_nonce
from clients.unpacked import unpacked
from server.engines.inline_grid import InlineGrid
from strategies.anml import Anml

MODS = [[], [echo_nonce], [echo_nonce, unpacked], [unpacked, echo_nonce]]


def an_app(mods, arrays="arrays"):
    app = ClientApp(mods=list(mods))

    @app.train()
    def train(message, context):
        w = message.content[arrays]["w"].numpy() + np.float32(context.node_config["i"])
        metrics = MetricRecord({"num-examples": 10, "loss": 0.5})
        content = {arrays: ArrayRecord({"w": Array(w)}), "metrics": metrics}
        return Message(RecordDict(content), reply_to=message)

    @app.evaluate()
    def evaluate(message, context):
        w = message.content[arrays]["w"].numpy()
        metrics = MetricRecord({"num-examples": 10, "mean": float(w.mean())})
        return Message(RecordDict({"metrics": metrics}), reply_to=message)

    @app.query()
    def query(message, context):
        return Message(RecordDict({"names": ConfigRecord({"n": 1})}), reply_to=message)

    return app


def model():
    return ArrayRecord({"w": Array(np.zeros(3, np.float32))})


@pytest.mark.parametrize(
    "chosen",
    [
        FedAvg,
        partial(FedAvg, configrecord_key="settings", arrayrecord_key="weights"),
        FedMedian,
        partial(FedProx, proximal_mu=0.1),
        FedAdam,
        Krum,
    ],
    ids=["FedAvg", "other names", "FedMedian", "FedProx", "FedAdam", "Krum"],
)
def test_under_flowers_strategies_the_mods_change_nothing(chosen):
    def run(mods):
        random.seed(0)  # Flower asks nodes in an order of chance, and its Krum picks the first
        strategy = chosen()
        app = an_app(mods, strategy.arrayrecord_key)
        grid = InlineGrid(app, [{"i": i} for i in range(4)], {})
        result = strategy.start(grid, model(), num_rounds=2)
        return (
            result.arrays["w"].numpy().tolist(),
            {k: dict(v) for k, v in result.train_metrics_clientapp.items()},
            {k: dict(v) for k, v in result.evaluate_metrics_clientapp.items()},
        )

    expected = run(MODS[0])
    assert expected[1]
    assert expected[2]
    for mods in MODS[1:]:
        assert run(mods) == expected


def test_under_ours_the_same_app_takes_part_packed_or_not():
    for packed in (False, True):
        grid = InlineGrid(an_app(MODS[2]), [{"i": i} for i in range(4)], {})
        chosen = Anml(packed=packed)
        chosen.start(grid, model(), num_rounds=1)
        assert [c.reason for c in chosen.records[0].contributors] == [None] * 4


@pytest.mark.parametrize("mods", MODS)
def test_queries_and_messages_without_a_config_go_their_way(mods):
    grid = InlineGrid(an_app(mods), [{"i": 0}], {})
    (node,) = grid.get_node_ids()
    contents = [
        RecordDict(),
        RecordDict({"config": ConfigRecord({"nonce": "a text", "layout": 7})}),
        RecordDict({"config": MetricRecord({"nonce": 1})}),
        RecordDict({"arrays": model(), "config": ConfigRecord({"layout": "mine"})}),
    ]
    for content in contents:
        (reply,) = grid.send_and_receive([Message(content, node, "query")])
        assert dict(reply.content["names"]) == {"n": 1}
        assert set(reply.content) == {"names"}


@pytest.mark.parametrize("answer", [None, 7, "done", RecordDict()], ids=str)
def test_an_app_that_returns_no_message_is_told_so_on_every_engine(answer):
    TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 1, 1, 1
    config = ConfigRecord({"nonce": b"x" * 16})
    message = Message(RecordDict({"config": config}), 2, "train")
    with pytest.raises(TypeError, match=f"return a Message, got {type(answer).__name__}$"):
        echo_nonce(message, SimpleNamespace(), lambda m, c: answer)


def test_an_error_is_passed_on_as_it_is():
    TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 1, 1, 1
    message = Message(RecordDict({"config": ConfigRecord({"nonce": b"x" * 16})}), 2, "train")
    error = Message(Error(2, "boom"), reply_to=message)
    assert echo_nonce(message, SimpleNamespace(), lambda m, c: error) is error
