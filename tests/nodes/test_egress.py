"""What leaves a node: nothing that its owner's policy does not name."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from flwr.app import (
    Array,
    ArrayRecord,
    ConfigRecord,
    Context,
    Message,
    MessageType,
    MetricRecord,
    RecordDict,
)
from flwr.clientapp import ClientApp

from anml_fl.settings.egress import EgressPolicy
from anml_fl.settings.section import ConfigError
from clients.app import app
from clients.echo import echo_nonce
from clients.egress import guarded
from clients.redaction import discreet
from clients.unpacked import unpacked
from strategies.arrays import values_of
from strategies.claims import ask_claims
from strategies.instruction import instruct
from strategies.packing import PACKED
from strategies.statistics_query import ask_statistics

CANARY = "Canary"


def leaking(change):
    """Our own ClientApp behind its mods, with something done to its reply."""
    leaky = ClientApp(mods=[discreet, guarded, echo_nonce, unpacked])

    def answer(message, context):
        reply = app(message, context)
        del reply.content["echo"]
        reply.content.pop("egress", None)
        change(reply.content)
        return reply

    leaky.train()(answer)
    leaky.evaluate()(answer)
    leaky.query("statistics")(answer)
    return leaky


def norm(sites, site):
    """An update's norm, by NumPy, of a reply that no policy bounds."""
    trained = sites.asked("train")[0][site].content["arrays"]
    before = sites.model()
    moved = [trained[n].numpy().astype(np.float64) - before[n] for n in before]
    return math.sqrt(sum((one**2).sum() for one in moved))


def entries(sites):
    return [json.loads(x) for x in (sites.folder / "egress.log").read_text().splitlines()]


@pytest.mark.parametrize("kind", ["train", "evaluate", "query.statistics"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_our_own_app_replies_leaves_under_the_usual_policy(sites, policy, kind, packed):
    credited, left_out = sites.asked(kind, packed=packed, **policy())
    assert left_out == {}
    for reply in credited.values():
        assert dict(reply.content["egress"]) == {"sha256": EgressPolicy().digest}
    assert not (sites.folder / "egress.log").exists()


def test_a_node_with_a_table_has_the_usual_policy_without_a_file(sites):
    sites.refuse(
        sites.asked("train", leaking(lambda c: c.update(x=MetricRecord({"a": 1.0})))),
        "a record 'x' is none that may leave",
    )
    # Each node's record lies beside its table.
    (line,) = (sites.folder / "north" / "egress.log").read_text().splitlines()
    assert json.loads(line)["rule"] == "a record 'x' is none that may leave"


def test_a_node_without_table_and_policy_is_left_alone(sites, instruct_alone):
    reply = guarded(*instruct_alone({}))
    assert set(reply.content) == {"anything"}
    with pytest.raises(ConfigError, match="'anything' is none that may leave"):
        guarded(*instruct_alone(sites.node("north", egress_log="/nowhere/egress.log")))


@pytest.fixture
def instruct_alone(sites):
    """A message, a node's context, and an app that answers with anything."""

    def make(node):
        grid = sites.grid()
        (first, *_) = instruct(sites.roster(grid), "train", 1, sites.agreed())
        first.message.metadata.__dict__["_message_id"] = "an id"

        def answer(message, context):
            return Message(
                RecordDict({"anything": MetricRecord({"a": 1.0})}), reply_to=message
            )

        return first.message, Context(1, 7, node, RecordDict(), {}), answer

    return make


def more_metrics(content):
    content["metrics"]["ages"] = 61.5


def a_canary_as_a_name(content):
    content["metrics"]["Canary Smith, 61"] = 1.0


def a_list(content):
    content["metrics"]["num-examples"] = [61, 62, 63]


def a_text(content):
    content["code"] = ConfigRecord({"sha256": CANARY})


def one_more_key(content):
    content["code"]["rows"] = CANARY


def tokens(content):
    content["credentials"] = ConfigRecord({"tokens": [f"{CANARY} 61 years"]})


def identity(content):
    content["identity"] = ConfigRecord({"partition-id": CANARY})


def more_in_the_echo(content, nonce):
    content["echo"] = ConfigRecord({"nonce": nonce, "more": CANARY})


def another_nonce(content, nonce):
    content["echo"] = ConfigRecord({"nonce": CANARY.encode()})


def other_arrays(content):
    content["rows"] = ArrayRecord({"ages": Array(np.array([61.0]))})


def another_kind(content):
    content["arrays"] = ConfigRecord({"rows": CANARY})


def one_array_more(content):
    content["arrays"]["ages"] = Array(np.array([61.0]))


def another_shape(content):
    name = next(iter(content["arrays"]))
    content["arrays"][name] = Array(np.zeros(1, np.float32))


def another_type(content):
    name = next(iter(content["arrays"]))
    wide = content["arrays"][name].numpy().astype(np.float64)
    content["arrays"][name] = Array(wide)


def statistics_unasked(content):
    content["statistics"] = ConfigRecord({"json": CANARY})


NOT_THE_MODEL = "the arrays are not those of the global model"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (more_metrics, "metric 'ages' is not listed"),
        (a_canary_as_a_name, "metric whose name is not shown is not listed"),
        (a_list, "metric 'num-examples' is no single number"),
        (a_text, "record 'code' holds what it must not"),
        (one_more_key, "record 'code' holds what it must not"),
        (tokens, "credentials may not leave"),
        (identity, "record 'identity' holds what it must not"),
        (other_arrays, "a record 'rows' is none that may leave"),
        (another_kind, "a record 'arrays' is none that may leave"),
        (one_array_more, NOT_THE_MODEL),
        (another_shape, NOT_THE_MODEL),
        (another_type, NOT_THE_MODEL),
        (statistics_unasked, "statistics leave in answer to a question for them alone"),
    ],
)
def test_what_is_not_named_does_not_leave_and_is_noted(sites, policy, change, said, caplog):
    sites.refuse(sites.asked("train", leaking(change), **policy()), said)
    noted = entries(sites)
    assert [(one["message"], one["rule"][: len(said)]) for one in noted] == [
        ("train", said)
    ] * 3
    assert all(set(one) == {"at", "message", "rule"} for one in noted)
    assert CANARY not in caplog.text + (sites.folder / "egress.log").read_text()
    assert "nothing of the reply to train leaves this node" in caplog.text


@pytest.mark.parametrize("change", [more_in_the_echo, another_nonce])
def test_an_echo_that_says_more_does_not_leave(sites, policy, change):
    """Set by an app that has no `echo_nonce` between itself and the policy."""
    bare = ClientApp(mods=[discreet, guarded])

    @bare.train()
    def answer(message, context):
        reply = app(message, context)
        change(reply.content, message.content["config"]["nonce"])
        del reply.content["egress"]
        return reply

    sites.refuse(
        sites.asked("train", bare, **policy()),
        "record 'echo' holds what it must not",
    )


def test_credentials_leave_where_the_policy_lets_them(sites, policy):
    def shown(content):
        content["credentials"] = ConfigRecord({"tokens": ["eyJhbGciOiJF.e30.c2ln-_"]})

    found = sites.asked("train", leaking(shown), **policy())
    sites.refuse(found, "credentials may not leave")
    assert sites.asked("train", leaking(shown), **policy("credentials = true"))[1] == {}
    found = sites.asked("train", leaking(tokens), **policy("credentials = true"))
    sites.refuse(found, "record 'credentials' holds what it must not")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("train", "arrays = false", "arrays may not leave"),
        ("train", 'metrics = ["value"]', "metric 'num-examples' is not listed"),
        ("evaluate", 'metrics = ["num-examples"]', "metric 'value' is not listed"),
        ("query.statistics", "statistics = false", "statistics may not leave"),
        ("train", "largest_norm = 1e-6", "the update's norm exceeds 1e-06"),
        ("train", "largest_bytes = 100", "the reply is larger than 100 bytes"),
    ],
)
def test_each_rule_of_a_policy_holds(sites, policy, kind, text, said):
    sites.refuse(sites.asked(kind, **policy(text)), said)
    assert {one["message"] for one in entries(sites)} == {kind}


@pytest.mark.parametrize("packed", [False, True])
def test_the_norm_is_that_of_the_update(sites, policy, packed):
    largest = norm(sites, "north")
    node = policy(f"largest_norm = {largest * (1 + 1e-9)!r}")
    assert "north" in sites.asked("train", packed=packed, **node)[0]
    node = policy(f"largest_norm = {largest * (1 - 1e-9)!r}")
    assert "norm exceeds" in sites.asked("train", packed=packed, **node)[1]["north"]


def test_an_update_that_is_no_number_exceeds_every_norm(sites, policy):
    def broken(content):
        name = next(iter(content["arrays"]))
        bad = content["arrays"][name].numpy() * np.float32("nan")
        content["arrays"][name] = Array(bad)

    found = sites.asked("train", leaking(broken), **policy("largest_norm = 1e30"))
    sites.refuse(found, "the update's norm exceeds 1e+30")


def test_an_app_cannot_hide_an_update_by_changing_its_message(sites, policy):
    bare = ClientApp(mods=[discreet, guarded, echo_nonce])

    @bare.train()
    def answer(message, context):
        far = {n: a + 1000 for n, a in values_of(message.content["arrays"]).items()}
        for name, array in far.items():
            message.content["arrays"][name] = Array(array)
        content = RecordDict({"arrays": ArrayRecord({n: Array(a) for n, a in far.items()})})
        return Message(content, reply_to=message)

    found = sites.asked("train", bare, **policy("largest_norm = 10.0"))
    sites.refuse(found, "the update's norm exceeds 10")


def test_packed_arrays_of_another_length_do_not_leave(sites, policy):
    bare = ClientApp(mods=[discreet, guarded, echo_nonce])

    @bare.train()
    def answer(message, context):
        rows = Array(np.frombuffer(CANARY.encode(), np.uint8))
        return Message(RecordDict({"arrays": ArrayRecord({PACKED: rows})}), reply_to=message)

    sites.refuse(sites.asked("train", bare, packed=True, **policy()), NOT_THE_MODEL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.update(classes=[4, 20]), "a count lies below 5"),
        # The rest of the rows is one.
        (lambda told: told.update(classes=[told["rows"] - 1, 0]), "a count lies below 5"),
        (lambda told: told["choices"].__setitem__(1, [1, 5, 0, 0]), "a count lies below 5"),
        (lambda told: told.update(counts=[0]), "the statistics are not as they must be"),
        (lambda told: told.update(note=CANARY), "the statistics are not as they must be"),
    ],
)
def test_statistics_leave_as_they_must_be(sites, policy, change, said):
    def altered(content):
        told = json.loads(content["statistics"]["json"])
        change(told)
        content["statistics"] = ConfigRecord({"json": json.dumps(told)})

    found = sites.asked("query.statistics", leaking(altered), **policy())
    sites.refuse(found, said)


def test_arrays_do_not_leave_with_statistics(sites, policy):
    def sneaked_in(content):
        content["arrays"] = ArrayRecord({"ages": Array(np.array([61.0]))})

    found = sites.asked("query.statistics", leaking(sneaked_in), **policy())
    sites.refuse(found, "arrays leave in answer to a model alone")


def test_statistics_have_one_text_alone(sites, policy):
    def spaced(content):
        content["statistics"]["json"] += "     "

    found = sites.asked("query.statistics", leaking(spaced), **policy())
    sites.refuse(found, "the statistics are not as they must be")


def test_no_cell_leaves_or_is_noted(sites, policy, caplog):
    node = policy("largest_norm = 1e-9")
    grid = sites.grid(**node)
    roster, arrays, config = sites.roster(grid), sites.arrays(), sites.agreed()
    found = [
        ask_statistics(grid, roster, sites.schema, 1.0),
        ask_claims(grid, roster, arrays, config, "f1", 1.0),
        sites.asked(MessageType.TRAIN, **node),
    ]
    text = f"{found} {caplog.text} {(sites.folder / 'egress.log').read_text()}"
    assert not [cell for cell in sites.cells() if cell in text]
