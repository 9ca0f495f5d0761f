"""What nodes are called: their own words, where these can take nothing from anybody."""

from __future__ import annotations

import re

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.proto.node_pb2 import NodeInfo
from flwr.supercore.primitives.asymmetric import generate_key_pairs, public_key_to_bytes
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.registry.memory import InMemoryRegistry
from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from strategies.anml import Anml
from strategies.enrolment import Told, clean_name
from strategies.identity import ByName, by_public_key
from strategies.names import Node, identities

WHY = "reply without its round's secret: the ClientApp needs echo_nonce"
KEYS = [f"key-{i:016x}" for i in range(3)]
NAMES = [
    "north",
    "south",
    "partition-1",
    "partition-2",
    "node-9",
    "node-1000001",
    KEYS[0],
    "x",
]


def pem():
    """Make a public key as a SuperNode sends it."""
    return public_key_to_bytes(generate_key_pairs()[1])


class Keyed(InlineGrid):
    """Nodes of which some authenticate with a key."""

    def __init__(self, app, nodes, keys):
        super().__init__(app, nodes, {})
        self.keys = dict(zip(self.get_node_ids(), keys, strict=True))

    def get_nodes(self):
        return [NodeInfo(node_id=node, public_key=key) for node, key in self.keys.items()]


def client(*mods, only=None, trained=None):
    """An app; `only` says which of its nodes have the mod."""

    def some(message, context, call_next):
        if only(context.node_config):
            return echo_nonce(message, context, call_next)
        return call_next(message, context)

    app = ClientApp(mods=[some] if only else list(mods))

    @app.train()
    def train(message, context):
        w = message.content["arrays"]["w"].numpy()
        if trained is not None:
            trained.append(context.node_id)
        content = {
            "arrays": ArrayRecord({"w": Array(w + np.float32(1))}),
            "metrics": MetricRecord({"num-examples": 10}),
        }
        return Message(RecordDict(content), reply_to=message)

    return app


def run(chosen, app, nodes, rounds=1):
    grid = InlineGrid(app, nodes, {}) if isinstance(app, ClientApp) else app
    return chosen.start(grid, ArrayRecord({"w": Array(np.zeros(3, np.float32))}), rounds)


def called(chosen, number=0):
    return [c.contributor for c in chosen.records[number].contributors]


def test_nodes_are_called_by_their_names_else_by_their_partitions():
    chosen = Anml()
    nodes = [{"name": "north"}, {"name": "a", "partition-id": 5}, {"partition-id": 7}]
    run(chosen, client(echo_nonce), nodes)
    assert called(chosen) == ["a", "north", "partition-7"]


def test_where_a_registry_is_given_its_keys_are_the_names():
    grid = InlineGrid(client(echo_nonce), [{"name": "north"}, {"name": "south"}], {})
    chosen = Anml(registry=InMemoryRegistry())
    assert chosen.participation.roster is by_public_key
    run(chosen, grid, [])
    assert called(chosen) == sorted(f"node-{node}" for node in grid.get_node_ids())


def test_a_name_takes_nothing_from_a_key():
    grid = Keyed(
        client(echo_nonce), [{"name": "north"}, {"name": "north"}, {}], [pem() for _ in "klm"]
    )
    keys = by_public_key(grid)
    chosen = Anml()
    run(chosen, grid, [])
    own = list(keys.values())
    assert called(chosen) == sorted([f"north@{own[0]}", f"north@{own[1]}", own[2]])
    assert chosen.records[0].note == "3 valid replies, fewer than 4: q = 1 for all"


def test_random_bytes_that_a_simulation_has_in_a_keys_place_name_nobody():
    nodes = [{"name": "north", "partition-id": 0}, {"partition-id": 1}]
    chosen = Anml()
    run(chosen, Keyed(client(echo_nonce), nodes, [b"-" * 32, bytes(range(32))]), [])
    assert called(chosen) == ["north", "partition-1"]


def test_a_name_that_two_claim_is_neithers_and_the_record_says_so_once(caplog):
    chosen = Anml()
    nodes = [{"name": "a", "partition-id": i} for i in range(2)] + [
        {"name": "b"},
        {"name": "c"},
    ]
    run(chosen, client(echo_nonce), nodes, 2)
    assert called(chosen) == called(chosen, 1) == ["b", "c", "partition-0", "partition-1"]
    notes = [f"the name 'a' is claimed by 2 nodes: the node is partition-{i}" for i in (0, 1)]
    assert chosen.records[0].note == "; ".join(notes)
    assert chosen.records[1].note is None
    assert [line for line in caplog.messages if "'a'" in line] == notes


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Clinic\n\x1b[2JNorth\u202e", "Clinic [2JNorth"),
        ("n" * 5000, "n" * 64),
        ("\x00\t", "partition-0"),
        ("Z\u0308urich", "Z\u0308urich"),
        ("u\u0308ber", "\u00fcber"),
        (KEYS[0], "partition-0"),
        ("friend@" + KEYS[0], "partition-0"),
        ("node-123456789", "partition-0"),
    ],
)
def test_names_are_cleaned_and_cannot_look_like_a_key(name, shown):
    chosen = Anml()
    run(chosen, client(echo_nonce), [{"name": name, "partition-id": 0}, {"name": "b"}])
    assert called(chosen) == sorted([shown, "b"])


def test_each_node_is_asked_once_and_one_that_comes_later_takes_no_name():
    asked = []

    def watch(message, context, call_next):
        if message.content["config"].get("enrol"):
            asked.append(context.node_config["name"])
        return echo_nonce(message, context, call_next)

    grid = InlineGrid(client(watch), [{"name": "a"}, {"name": "b"}, {"name": "a"}], {})
    everyone = list(grid.get_node_ids())
    there = everyone[:2]
    grid.get_nodes = lambda: [NodeInfo(node_id=node) for node in there]
    by_name = ByName()
    assert by_name(grid) == dict(zip(everyone, "ab", strict=False))
    there.append(everyone[2])
    later = {**dict(zip(everyone, "ab", strict=False)), everyone[2]: f"node-{everyone[2]}"}
    assert by_name(grid) == by_name(grid) == later
    assert sorted(asked) == ["a", "a", "b"]
    (note,) = by_name.take_notes()
    assert note == f"the name 'a' is another node's: the node is node-{everyone[2]}"
    assert by_name.take_notes() == ()


def test_a_name_is_free_again_when_its_node_is_gone():
    grid = InlineGrid(client(echo_nonce), [{"name": "a"}, {"name": "a"}], {})
    first, second = grid.get_node_ids()
    by_name, there = ByName(), [first]
    grid.get_nodes = lambda: [NodeInfo(node_id=node) for node in there]
    assert by_name(grid) == {first: "a"}
    there[:] = [second]
    assert by_name(grid) == {second: "a"}


def test_whoever_lacks_the_mod_is_named_once_and_the_others_go_on(caplog):
    chosen = Anml()
    app = client(only=lambda node: node["name"] != "bare")
    nodes = [{"name": name, "partition-id": i} for i, name in enumerate(["bare", *"abcd"])]
    grid = InlineGrid(app, nodes, {})
    run(chosen, grid, [], 3)
    bare = f"node-{next(iter(grid.get_node_ids()))}"
    for record in chosen.records:
        assert {c.contributor: c.reason for c in record.contributors} == {
            **dict.fromkeys("abcd"),
            bare: WHY,
        }
    assert [line for line in caplog.messages if WHY in line] == [
        f"round 1: {bare} left out: {WHY}"
    ]


@pytest.mark.parametrize("count", [2, 5])
def test_where_nobody_has_the_mod_the_first_round_is_the_last(count):
    chosen, trained = Anml(), []
    with pytest.raises(RuntimeError, match=f"^{WHY}: {count} of {count} contributors replied"):
        run(chosen, client(trained=trained), [{} for _ in range(count)], 50)
    assert len(trained) == count
    assert len(chosen.records) == 1


def test_one_without_the_mod_cannot_end_the_run_while_the_others_are_late(
    federation, by_node, omit
):
    chosen = Anml(roster=by_node)
    sent = federation.ask(chosen, 5)
    chosen.aggregate_train(1, [federation.reply(sent[0], nonce=omit)])
    sent = federation.ask(chosen, 5, 2)
    arrays, _ = chosen.aggregate_train(2, [federation.reply(m) for m in sent])
    assert arrays is not None
    sent = federation.ask(chosen, 5, 3)
    chosen.aggregate_train(3, [federation.reply(m, nonce=omit) for m in sent])
    assert len(chosen.records) == 3


def tellers():
    told = st.builds(
        Told,
        name=st.sampled_from(["", *NAMES]) | st.text(max_size=8).map(clean_name),
        partition=st.none() | st.integers(0, 3),
    )
    keyed = st.sampled_from(["", "", *KEYS])
    nodes = st.integers(1_000_000, 1_000_012)
    return st.dictionaries(nodes, st.builds(Node, key=keyed, told=told), max_size=8)


def own_keys(nodes):
    """A key is one node's: SuperLink sees to that."""
    return {
        node: Node(one.key and f"key-{node:016x}", one.told) for node, one in nodes.items()
    }


@given(tellers(), tellers())
def test_no_two_nodes_are_called_alike_and_none_by_anothers_key_or_id(first, second):
    first = own_keys(first)
    second = {node: one for node, one in own_keys(second).items() if node not in first}
    known, _ = identities(first, {})
    later, _ = identities(second, known)
    everyone = {**known, **later}
    assert set(everyone) == {*first, *second}
    assert len(set(everyone.values())) == len(everyone)
    for node, name in everyone.items():
        one = {**first, **second}[node]
        shown = re.search("key-[0-9a-f]{16}$", name)
        assert (shown.group() if shown else "") == one.key
        if re.fullmatch(r"node-\d{7}", name):
            assert name == f"node-{node}"


@given(tellers(), st.randoms())
def test_names_do_not_depend_on_the_order_in_which_nodes_are_listed(nodes, random):
    nodes = own_keys(nodes)
    order = list(nodes)
    random.shuffle(order)
    assert identities({node: nodes[node] for node in order}, {}) == identities(nodes, {})
