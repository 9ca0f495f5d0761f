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

from clients.echo import echo_nonce, wrap
from clients.redaction import WithheldError
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


def test_of_an_error_reply_the_number_is_passed_on():
    TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 1, 1, 1
    message = Message(RecordDict({"config": ConfigRecord({"nonce": b"x" * 16})}), 2, "train")
    error = Message(Error(2, "patient 55"), reply_to=message)
    passed = echo_nonce(message, SimpleNamespace(), lambda m, c: error)
    assert (passed.error.code, passed.error.reason) == (2, "told by the app")


def test_of_what_the_app_raises_the_kind_is_sent_and_all_is_in_the_nodes_log(caplog):
    message = Message(RecordDict({"config": ConfigRecord({"nonce": b"x" * 16})}), 2, "train")

    def app(message, context):
        raise ValueError("patient 55")

    with pytest.raises(WithheldError, match=r"ValueError in test_echo\.py, line") as raised:
        echo_nonce(message, SimpleNamespace(), app)
    assert "55" not in str(raised.value)
    assert raised.value.__context__ is None
    assert "patient 55" in caplog.text


def wrapped(mods, events):
    app = an_app(mods)

    @app.lifespan()
    def lifespan(context):
        events.append("begins")
        yield
        events.append("ends")

    return wrap(app)


@pytest.mark.parametrize("mods", MODS[:2])
def test_a_wrapped_app_takes_part_and_keeps_its_functions_and_its_lifespan(mods):
    events = []
    app = wrapped(mods, events)

    @app.query("late")
    def late(message, context):
        return Message(RecordDict({"late": ConfigRecord({"n": 2})}), reply_to=message)

    grid = InlineGrid(app, [{"i": i, "name": f"site {i}"} for i in range(4)], {})
    chosen = Anml(fraction_evaluate=0.0)
    chosen.start(grid, model(), num_rounds=1)
    assert [(c.contributor, c.reason) for c in chosen.records[0].contributors] == [
        (f"site {i}", None) for i in range(4)
    ]
    assert events == ["begins", "ends"] * 4  # the question for its name is none of the app's
    node = next(iter(grid.get_node_ids()))
    for kind, name, n in (("query", "names", 1), ("query.late", "late", 2)):
        (reply,) = grid.send_and_receive([Message(RecordDict(), node, kind)])
        assert {key: dict(reply.content[key]) for key in reply.content} == {name: {"n": n}}


def test_what_is_registered_after_wrapping_is_the_apps_own():
    app = wrap(ClientApp())
    seen = []

    @app.train(mods=[lambda m, c, following: seen.append("mod") or following(m, c)])
    def train(message, context):
        return Message(RecordDict(), reply_to=message)

    @app.evaluate()
    def evaluate(message, context):
        return Message(RecordDict(), reply_to=message)

    @app.lifespan()
    def lifespan(context):
        seen.append("lives")
        yield

    grid = InlineGrid(app, [{}], {})
    (node,) = grid.get_node_ids()
    for kind in ("train", "evaluate"):
        content = RecordDict({"any": ConfigRecord({"nonce": b"x" * 16})})
        (reply,) = grid.send_and_receive([Message(content, node, kind)])
        assert dict(reply.content["echo"]) == {"nonce": b"x" * 16}
    assert seen == ["lives", "mod", "lives"]


@pytest.mark.parametrize("thing", [None, echo_nonce, ClientApp], ids=["None", "mod", "class"])
def test_what_is_no_client_app_cannot_be_wrapped(thing):
    with pytest.raises(TypeError, match=r"wrap needs a flwr\.clientapp\.ClientApp, got"):
        wrap(thing)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({}, None),
        ({"name": ""}, None),
        ({"name": "north"}, {"name": "north"}),
        ({"name": 3, "partition-id": 1}, {"name": "3", "partition-id": 1}),
        ({"partition-id": "1"}, None),
        ({"partition-id": True}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("fit", [lambda app: app, wrap], ids=["mods", "wrap"])
def test_the_mod_says_who_the_node_is_and_the_app_is_not_called_for_it(node, told, fit):
    app = ClientApp(mods=[echo_nonce])

    @app.train()
    def train(message, context):
        raise AssertionError("called")

    grid = InlineGrid(fit(app), [node], {})
    (one,) = grid.get_node_ids()
    content = RecordDict({"config": ConfigRecord({"nonce": b"x" * 16, "enrol": True})})
    (reply,) = grid.send_and_receive([Message(content, one, "train")])
    found = {key: dict(reply.content[key]) for key in reply.content}
    assert found.pop("echo") == {"nonce": b"x" * 16}
    assert found == ({} if told is None else {"identity": told})
