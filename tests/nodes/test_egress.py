"""What leaves a node: nothing that its owner's policy does not name."""

from __future__ import annotations

import json
import math
import os

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

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.settings.egress import EgressPolicy, read_policy
from anml_fl.settings.section import ConfigError
from clients.app import app
from clients.echo import echo_nonce
from clients.egress import guarded
from clients.redaction import discreet
from clients.unpacked import unpacked
from strategies.arrays import values_of
from strategies.claims import ask_claims
from strategies.instruction import attribute, instruct
from strategies.packing import PACKED
from strategies.participation import Participation
from strategies.rule import Rule
from strategies.rules.fedavg import fedavg
from strategies.screened_strategy import ScreenedStrategy
from strategies.statistics_query import ask_statistics
from strategies.transport import Transport

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


@pytest.fixture
def policy(sites):
    """Write a policy, and return what a node's config says of it."""

    def write(text=""):
        (sites.folder / "egress.toml").write_text(text)
        return {"egress": sites.folder / "egress.toml"}

    return write


def asked(sites, kind, which=app, *, packed=False, **node):
    """Ask all nodes; contributor to reply, and to why there is none."""
    transport = Transport(packed=packed)
    arrays, config = sites.arrays(), sites.agreed()
    if kind == "query.statistics":
        arrays = None
    else:
        arrays, config = transport.sent(arrays, transport.layout(arrays), config)
    grid = sites.grid(which, **node)
    sent = instruct(sites.roster(grid), kind, 1, config, arrays)
    return attribute(sent, list(grid.send_and_receive([one.message for one in sent])))[:2]


def norm(sites, site):
    """An update's norm, by NumPy, of a reply that no policy bounds."""
    trained = asked(sites, "train")[0][site].content["arrays"]
    before = sites.model()
    moved = [trained[n].numpy().astype(np.float64) - before[n] for n in before]
    return math.sqrt(sum((one**2).sum() for one in moved))


def entries(sites):
    return [json.loads(x) for x in (sites.folder / "egress.log").read_text().splitlines()]


def refused_everywhere(sites, found, said):
    credited, left_out = found
    assert credited == {}
    assert set(left_out) == set(sites.tables)
    for reason in left_out.values():
        assert f"egress: {said}" in reason
        assert CANARY not in reason


@pytest.mark.parametrize("kind", ["train", "evaluate", "query.statistics"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_our_own_app_replies_leaves_under_the_usual_policy(sites, policy, kind, packed):
    credited, left_out = asked(sites, kind, packed=packed, **policy())
    assert left_out == {}
    for reply in credited.values():
        assert dict(reply.content["egress"]) == {"sha256": EgressPolicy().digest}
    assert not (sites.folder / "egress.log").exists()


def test_a_node_with_a_table_has_the_usual_policy_without_a_file(sites):
    refused_everywhere(
        sites,
        asked(sites, "train", leaking(lambda c: c.update(x=MetricRecord({"a": 1.0})))),
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
    refused_everywhere(sites, asked(sites, "train", leaking(change), **policy()), said)
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

    refused_everywhere(
        sites,
        asked(sites, "train", bare, **policy()),
        "record 'echo' holds what it must not",
    )


def test_credentials_leave_where_the_policy_lets_them(sites, policy):
    def shown(content):
        content["credentials"] = ConfigRecord({"tokens": ["eyJhbGciOiJF.e30.c2ln-_"]})

    found = asked(sites, "train", leaking(shown), **policy())
    refused_everywhere(sites, found, "credentials may not leave")
    assert asked(sites, "train", leaking(shown), **policy("credentials = true"))[1] == {}
    found = asked(sites, "train", leaking(tokens), **policy("credentials = true"))
    refused_everywhere(sites, found, "record 'credentials' holds what it must not")


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
    refused_everywhere(sites, asked(sites, kind, **policy(text)), said)
    assert {one["message"] for one in entries(sites)} == {kind}


@pytest.mark.parametrize("packed", [False, True])
def test_the_norm_is_that_of_the_update(sites, policy, packed):
    largest = norm(sites, "north")
    node = policy(f"largest_norm = {largest * (1 + 1e-9)!r}")
    assert "north" in asked(sites, "train", packed=packed, **node)[0]
    node = policy(f"largest_norm = {largest * (1 - 1e-9)!r}")
    assert "norm exceeds" in asked(sites, "train", packed=packed, **node)[1]["north"]


def test_an_update_that_is_no_number_exceeds_every_norm(sites, policy):
    def broken(content):
        name = next(iter(content["arrays"]))
        bad = content["arrays"][name].numpy() * np.float32("nan")
        content["arrays"][name] = Array(bad)

    found = asked(sites, "train", leaking(broken), **policy("largest_norm = 1e30"))
    refused_everywhere(sites, found, "the update's norm exceeds 1e+30")


def test_an_app_cannot_hide_an_update_by_changing_its_message(sites, policy):
    bare = ClientApp(mods=[discreet, guarded, echo_nonce])

    @bare.train()
    def answer(message, context):
        far = {n: a + 1000 for n, a in values_of(message.content["arrays"]).items()}
        for name, array in far.items():
            message.content["arrays"][name] = Array(array)
        content = RecordDict({"arrays": ArrayRecord({n: Array(a) for n, a in far.items()})})
        return Message(content, reply_to=message)

    found = asked(sites, "train", bare, **policy("largest_norm = 10.0"))
    refused_everywhere(sites, found, "the update's norm exceeds 10")


def test_packed_arrays_of_another_length_do_not_leave(sites, policy):
    bare = ClientApp(mods=[discreet, guarded, echo_nonce])

    @bare.train()
    def answer(message, context):
        rows = Array(np.frombuffer(CANARY.encode(), np.uint8))
        return Message(RecordDict({"arrays": ArrayRecord({PACKED: rows})}), reply_to=message)

    refused_everywhere(
        sites, asked(sites, "train", bare, packed=True, **policy()), NOT_THE_MODEL
    )


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

    found = asked(sites, "query.statistics", leaking(altered), **policy())
    refused_everywhere(sites, found, said)


def test_arrays_do_not_leave_with_statistics(sites, policy):
    def sneaked_in(content):
        content["arrays"] = ArrayRecord({"ages": Array(np.array([61.0]))})

    found = asked(sites, "query.statistics", leaking(sneaked_in), **policy())
    refused_everywhere(sites, found, "arrays leave in answer to a model alone")


def test_statistics_have_one_text_alone(sites, policy):
    def spaced(content):
        content["statistics"]["json"] += "     "

    found = asked(sites, "query.statistics", leaking(spaced), **policy())
    refused_everywhere(sites, found, "the statistics are not as they must be")


def test_a_policy_holds_from_the_moment_at_which_it_is_saved(sites, policy):
    """Also where the file keeps its time, as after `cp -p`."""
    node = policy("arrays = true \n")
    assert asked(sites, "train", **node)[1] == {}
    before = node["egress"].stat()
    policy("arrays = false\n")
    os.utime(node["egress"], ns=(before.st_atime_ns, before.st_mtime_ns))
    refused_everywhere(sites, asked(sites, "train", **node), "arrays may not leave")


def test_a_policy_that_cannot_be_read_lets_nothing_leave(sites, policy, caplog):
    node = policy("larges_norm = 1")
    credited, left_out = asked(sites, "train", **node)
    assert credited == {}
    said = "error 2: EgressError: egress: egress.toml cannot be used; the node's log says more"
    assert left_out["north"] == said
    assert "egress.toml: unknown key 'larges_norm'; known: arrays, statistics" in caplog.text
    (sites.folder / "egress.toml").unlink()
    assert asked(sites, "train", **node)[1]["north"] == said
    assert str(sites.folder) in caplog.text


def test_a_record_that_cannot_be_written_holds_nothing_up(sites, policy, caplog):
    node = policy("arrays = false") | {"egress_log": sites.folder / "none" / "egress.log"}
    refused_everywhere(sites, asked(sites, "train", **node), "arrays may not leave")
    assert "egress: it could not be noted" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("least_count = 0", "least_count: Input should be greater than or equal to 1, got 0"),
        ("largest_norm = 0", "largest_norm: Input should be greater than 0, got 0"),
        ("arrays = ", "not valid TOML"),
    ],
)
def test_a_policy_says_what_is_wrong_in_it(tmp_path, text, said):
    (tmp_path / "egress.toml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_policy(tmp_path / "egress.toml")
    assert said in str(raised.value)


def test_a_policys_hash_is_that_of_its_rules(tmp_path):
    written = tmp_path / "egress.toml"
    written.write_text("# ours\nstatistics=true\n\narrays = true\n")
    assert read_policy(written).digest == EgressPolicy().digest
    written.write_text("statistics = false")
    assert read_policy(written).digest != EgressPolicy().digest
    written.write_text(read_policy(written).text)
    assert read_policy(written) == EgressPolicy(statistics=False)


def test_a_round_records_by_which_policy_each_reply_left(sites, policy):
    grid = sites.grid(**policy("largest_norm = 1000.0"))
    taking_part = Participation(roster=sites.roster, patience=1.0)
    strategy = ScreenedStrategy(Rule(fedavg, "fedavg"), participation=taking_part)
    (done,) = strategy.rounds(grid, sites.arrays(), 1, train_config=sites.agreed())
    wanted = EgressPolicy(largest_norm=1000.0).digest
    assert [one.egress for one in done.record.contributors] == [wanted] * 3
    line = done.record.to_json()
    assert RoundRecord.from_json(line).to_json() == line
    assert line.count(wanted) == 3


def test_a_round_without_policies_has_no_word_of_them():
    one = ContributorRecord("a", 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, True)
    line = RoundRecord(1, "anml", None, 0.0, 0.0, (one,)).to_json()
    assert "egress" not in line
    assert RoundRecord.from_json(line).contributors == (one,)


def test_no_cell_leaves_or_is_noted(sites, policy, caplog):
    node = policy("largest_norm = 1e-9")
    grid = sites.grid(**node)
    roster, arrays, config = sites.roster(grid), sites.arrays(), sites.agreed()
    found = [
        ask_statistics(grid, roster, sites.schema, 1.0),
        ask_claims(grid, roster, arrays, config, "f1", 1.0),
        asked(sites, MessageType.TRAIN, **node),
    ]
    text = f"{found} {caplog.text} {(sites.folder / 'egress.log').read_text()}"
    assert not [cell for cell in sites.cells() if cell in text]
