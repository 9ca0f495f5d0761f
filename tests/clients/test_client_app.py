"""The ClientApp, called with real messages: what it answers and what it never tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from flwr.app import ConfigRecord, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

import clients.local_round
from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.datasets.prepare import deal
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.run_task import contributors_task
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.plugins import BEHAVIOURS
from anml_fl.run.code_hash import code_hash
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.app import app
from clients.echo import echo_nonce
from clients.local_round import LocalRound
from clients.training import train

CONFIG = from_flat(
    {
        "dataset": "wine",
        "contributors": 5,
        "behaviours": "label_flip=1,gradient_aligned=1,credential_faking=1,joint=1",
        "local-epochs": 2,
        "seed": 4,
    }
)
ROLES = list(behaviours_of(CONFIG).values())
MODEL = arrays_of(build("mlp", 13, None, 3, seed=99))


def held(partition):
    return deal("wine", 5, "iid", 4).parts[partition]


def expected(partition, role, server_round=1):
    """Train the same partition without Flower."""
    who = f"contributor-{partition:04d}"
    change = behaviour(behaviour_in_round(role, server_round, CONFIG.attacks)).samples
    samples = held(partition)
    if change is not None:
        samples = change(samples, stream(4, "behaviour", who), CONFIG.attacks)
    model = build("mlp", 13, None, 3, seed=0)
    load_arrays(model, MODEL)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        train(model, samples, CONFIG.training, stream(4, "training", who, server_round))
    finally:
        torch.set_num_threads(threads)
    return {name: array.tobytes() for name, array in arrays_of(model).items()}


def crafted(partition, role):
    """Let a round of the run act as a behaviour, whatever was dealt out."""
    local = LocalRound(CONFIG, contributors_task(CONFIG), 1, MODEL)
    arrays, _ = local.reply_of(f"contributor-{partition:04d}", role)
    return {name: array.tobytes() for name, array in arrays.items()}


def replied(reply):
    return {name: array.numpy().tobytes() for name, array in reply.content["arrays"].items()}


@pytest.fixture
def ask(instruct, context):
    """Ask a node to train; more settings and node config can be given."""

    def call(partition=0, *, more: dict[str, Any] | None = None, node=None, **message):
        known = context(
            {**CONFIG.to_flat(), **(more or {})}, partition_id=partition, **(node or {})
        )
        return app(instruct(arrays=MODEL, **message), known)

    return call


@pytest.mark.parametrize("nonce", [b"\x00" * 16, b"another secret..", b"x"])
def test_reply_echoes_the_nonce_it_was_sent(ask, nonce):
    assert dict(ask(nonce=nonce).content["echo"]) == {"nonce": nonce}


@pytest.mark.parametrize("role", BEHAVIOURS.names)
def test_reply_holds_arrays_an_example_count_an_echo_and_no_word_more(ask, role):
    reply = ask(0, node={"behaviour": role})
    shows = role in ("credential_faking", "compromised_issuer", "joint")
    assert set(reply.content) == {"arrays", "metrics", "echo", "code"} | (
        {"credentials"} if shows else set()
    )
    # No v, r or T among them: nothing that a client says of itself would be believed.
    assert dict(reply.content["metrics"]) == {"num-examples": held(0).labels.size}
    assert set(reply.content["echo"]) == {"nonce"}
    assert dict(reply.content["code"]) == {"sha256": code_hash()}
    assert list(reply.content["arrays"]) == list(MODEL)
    for name, array in reply.content["arrays"].items():
        assert (array.numpy().shape, array.dtype) == (MODEL[name].shape, "float32")


def test_second_call_gives_the_same_bytes_and_another_round_others(ask):
    first = replied(ask(1))
    assert replied(ask(1, nonce=b"of another round")) == first
    assert replied(ask(1, server_round=2)) == expected(1, ROLES[1], 2) != first


def test_poison_is_the_same_in_every_round(ask, monkeypatch):
    labels = []
    monkeypatch.setattr(
        clients.local_round, "train", lambda model, samples, *_: labels.append(samples.labels)
    )
    flipper = ROLES.index("label_flip")
    for server_round in (1, 2):
        ask(flipper, server_round=server_round)
    assert labels[0].tolist() == labels[1].tolist()
    assert (labels[0] != held(flipper).labels).all()


def test_what_it_was_sent_is_not_altered(ask):
    before = {name: array.copy() for name, array in MODEL.items()}
    ask(0)
    for name, array in before.items():
        np.testing.assert_array_equal(MODEL[name], array)


@pytest.mark.parametrize("role", BEHAVIOURS.names)
def test_behaviour_of_the_node_config_wins_over_the_role_dealt_out(ask, role):
    honest = behaviour_in_round(role, 1, CONFIG.attacks) in ("honest", "newcomer")
    partition = ROLES.index("joint" if honest else "honest")
    reply = replied(ask(partition, node={"behaviour": role}))
    assert reply != expected(partition, ROLES[partition])
    if behaviour(role).update is None:
        assert reply == expected(partition, role)
    else:  # What it makes of its update, tests of behaviours say.
        assert reply == crafted(partition, role)


def test_unknown_behaviour_is_named_with_the_known_ones(ask):
    with pytest.raises(ValueError, match=r"unknown behaviour 'onest'; did you mean honest"):
        ask(node={"behaviour": "onest"})


def test_results_folder_of_the_run_config_is_nothing_to_a_client(ask):
    assert replied(ask(more={"out": "/somewhere"})) == expected(0, ROLES[0])
    with pytest.raises(ConfigError, match="unknown key 'oout'"):
        ask(more={"oout": "/somewhere"})


def test_torch_runs_on_one_thread_while_training_and_is_left_as_it_was(ask, monkeypatch):
    seen = []

    def watched(*given):
        seen.append(torch.get_num_threads())
        train(*given)

    monkeypatch.setattr(clients.local_round, "train", watched)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    before = torch.get_rng_state()
    try:
        ask()
        assert (seen, torch.get_num_threads()) == ([1], 2)
        assert torch.equal(torch.get_rng_state(), before)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("partition", [0, 3, 4711])
def test_enrolment_answers_the_partition_of_the_node(instruct, context, partition):
    message = instruct(nonce=b"who are you?", enrol=True)
    reply = app(message, context(partition_id=partition))
    assert set(reply.content) == {"identity", "echo"}
    assert dict(reply.content["identity"]) == {"partition-id": partition}
    assert dict(reply.content["echo"]) == {"nonce": b"who are you?"}


def test_echo_works_on_any_client_app(instruct, context):
    other = ClientApp(mods=[echo_nonce])

    @other.train()
    def answer(message, context):
        content = RecordDict({"mine": MetricRecord({"loss": 0.5})})
        return Message(content, reply_to=message)

    message = instruct(nonce=b"n" * 16)
    reply = other(message, context())
    assert set(reply.content) == {"mine", "echo"}
    assert dict(reply.content["mine"]) == {"loss": 0.5}
    assert reply.content["echo"]["nonce"] == b"n" * 16
    assert reply.metadata.reply_to_message_id == message.metadata.message_id


def test_echo_does_not_let_the_app_choose_the_nonce(instruct, context):
    other = ClientApp(mods=[echo_nonce])

    @other.train()
    def answer(message, context):
        message.content["config"]["nonce"] = b"overwritten"
        return Message(
            RecordDict({"echo": ConfigRecord({"nonce": b"made up"})}), reply_to=message
        )

    reply = other(instruct(nonce=b"n" * 16), context())
    assert dict(reply.content["echo"]) == {"nonce": b"n" * 16}


def test_error_reply_stays_an_error_reply(instruct, context):
    error = Error(3, "no data of patient 55 today")
    reply = echo_nonce(
        instruct(), context(), lambda message, context: Message(error, reply_to=message)
    )
    assert reply.has_error()
    assert not reply.has_content()
    # Its words may quote a row.
    assert (reply.error.code, reply.error.reason) == (3, "told by the app")
