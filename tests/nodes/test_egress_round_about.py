"""Ways for a row around the policy: errors, headers, what a message says of itself."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, Error, Message, RecordDict
from flwr.clientapp import ClientApp

from anml_fl.catalogue import UnknownNameError
from anml_fl.datasets.table import TableError
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import TextError
from clients.app import app
from clients.echo import echo_nonce
from clients.egress import EgressError, guarded
from clients.redaction import WithheldError, discreet
from clients.unpacked import unpacked
from strategies.instruction import instruct
from strategies.transport import Transport

ROW = "Canary Smith, 61.1234567, sick"


def failing(error):
    raise error


def worded(message):
    return Message(Error(78123456, ROW), reply_to=message)


class Sneaky(type):
    """A kind of kind that answers for itself."""

    __mro__ = property(lambda cls: failing(ValueError(ROW)))
    __hash__ = property(lambda cls: failing(ValueError(ROW)))
    __name__ = ROW


FAULTS = {
    "settings": lambda message: failing(ConfigError(ROW)),
    "a name": lambda message: failing(UnknownNameError("rule", ROW, [])),
    "a text": lambda message: failing(TextError(ROW)),
    "a table": lambda message: failing(TableError(ROW)),
    "a rule": lambda message: failing(EgressError(ROW)),
    "what is withheld": lambda message: failing(WithheldError(ROW, type(ROW, (OSError,), {}))),
    "a kind": lambda message: failing(type(ROW, (KeyError,), {})(ROW)),
    "a kind of settings": lambda message: failing(type(ROW, (ConfigError,), {})(ROW)),
    "a kind of kind": lambda message: failing(Sneaky("x", (ConfigError,), {})(ROW)),
    "a file": lambda message: exec(compile("1 / 0", f"{ROW}/{ROW}", "exec")),  # noqa: S102
    "a line": lambda message: exec(compile("\n" * 611 + "1 / 0", "x", "exec")),  # noqa: S102
    "leaving": lambda message: sys.exit(ROW),
    "an error reply": worded,
    "no message": lambda message: ROW,
    "no message of a kind": lambda message: type(ROW, (), {})(),
}
MODS = {
    "as ours": [guarded, discreet, echo_nonce, unpacked],
    "the other way": [discreet, guarded, echo_nonce, unpacked],
    "alone": [guarded],
}


def answering(how, mods="as ours"):
    """Our own ClientApp's mods around anything."""
    made = ClientApp(mods=list(MODS[mods]))
    made.train()(how)
    return made


def replies(sites, which, *, packed=False, policy=""):
    """Ask all nodes to train, and return what they send, as it is sent."""
    (sites.folder / "egress.toml").write_text(policy)
    grid = sites.grid(which, egress=sites.folder / "egress.toml")
    transport, arrays = Transport(packed=packed), sites.arrays()
    arrays, config = transport.sent(arrays, transport.layout(arrays), sites.agreed())
    sent = instruct(sites.roster(grid), "train", 1, config, arrays)
    return list(grid.send_and_receive([one.message for one in sent]))


@pytest.mark.parametrize("mods", MODS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_error_says_its_kind_in_our_words_and_nothing_else(sites, fault, mods):
    for one in replies(sites, answering(lambda message, context: fault(message), mods)):
        reason = one.error.reason
        assert one.error.code == 2
        assert reason.startswith("EgressError: ")
        for word in ("Canary", "61", "78123456", "Smith"):
            assert word not in reason


def test_an_error_that_the_app_words_is_refused_and_noted(sites):
    said = "egress: an error that the app itself worded may not leave"
    which = answering(lambda message, context: worded(message))
    assert {one.error.reason for one in replies(sites, which)} == {f"EgressError: {said}"}
    assert "worded may not leave" in (sites.folder / "egress.log").read_text()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("settings", "ConfigError"), ("a kind", "KeyError"), ("a file", "ZeroDivisionError")],
)
def test_the_nodes_log_says_what_the_server_is_not_told(sites, fault, kind, caplog):
    which = answering(lambda message, context: FAULTS[fault](message))
    for one in replies(sites, which):
        assert one.error.reason == f"EgressError: {kind}; the node's log says more"
    assert caplog.text.count(ROW) >= 3


def with_text_in_headers(reply):
    """Lengthen each array's header by a comment, which `ast` passes over."""
    for name, array in list(reply.content["arrays"].items()):
        (length,) = struct.unpack("<H", array.data[8:10])
        header = array.data[10 : 10 + length].decode().rstrip()
        longer = f"{header} # {ROW}\n".encode()
        data = array.data[:8] + struct.pack("<H", len(longer)) + longer
        reply.content["arrays"][name] = Array(
            dtype=array.dtype,
            shape=array.shape,
            stype=array.stype,
            data=data + array.data[10 + length :],
        )


def in_another_order(reply):
    found = dict(reply.content["arrays"])
    reply.content["arrays"] = ArrayRecord(
        {
            name: Array(np.asfortranarray(one.numpy()))
            for name, one in reversed(list(found.items()))
        }
    )


def sent_to_say(reply):
    reply.metadata.__dict__["_group_id"] = ROW
    reply.metadata.__dict__["_message_type"] = "train.Canary"


@pytest.mark.parametrize("mods", ["as ours", "alone"])
@pytest.mark.parametrize("change", [with_text_in_headers, in_another_order, sent_to_say])
def test_what_leaves_is_written_anew(sites, change, mods):
    """In place of what the app wrote: the same values, and no room beside them."""

    def answer(message, context):
        reply = app(message, context)
        del reply.content["echo"], reply.content["egress"]
        change(reply)
        return reply

    for one, plain in zip(
        replies(sites, answering(answer, mods)), replies(sites, app), strict=True
    ):
        assert (one.metadata.group_id, one.metadata.message_type) == ("1", "train")
        found, expected = one.content["arrays"], plain.content["arrays"]
        assert list(found) == list(expected) == list(sites.model())
        assert [a.data for a in found.values()] == [a.data for a in expected.values()]


def test_a_packed_arrays_header_is_written_anew(sites):
    packing = ClientApp(mods=[guarded])

    @packing.train()
    def answer(message, context):
        reply = Message(
            RecordDict({"arrays": ArrayRecord(dict(message.content["arrays"]))}),
            reply_to=message,
        )
        with_text_in_headers(reply)
        return reply

    for one in replies(sites, packing, packed=True):
        (array,) = one.content["arrays"].values()
        assert b"Canary" not in array.data
        assert array.data == Array(array.numpy()).data


def test_an_app_that_alters_its_node_is_held_to_the_policy_that_was_there(sites):
    def leaves(message, context):
        context.node_config.update(egress="", data="")
        return Message(RecordDict({"rows": ArrayRecord()}), reply_to=message)

    for one in replies(sites, answering(leaves)):
        assert (
            one.error.reason == "EgressError: egress: a record 'rows' is none that may leave"
        )
