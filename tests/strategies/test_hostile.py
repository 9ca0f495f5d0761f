"""Ten thousand hostile replies: no exception, no bad model, a reason for everything."""

from __future__ import annotations

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, MetricRecord
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from anml_fl.plugins import RULES
from anml_fl.settings.aggregation import Aggregation
from strategies.catalogue import strategy

# Each pre-aggregation before some rule, too.
NAMES = (
    *RULES.names,
    "arc+nnm+geometric_median",
    "bucketing+krum",
    "norm_clipping+anml",
    "client_momentum+centred_clipping",
)
# What they add to the model may be shorter than any update: down to nothing at all.
SHORTENING = {
    *("oracle", "fedgreed", "loss_drop"),
    *("centred_clipping", "norm_clipping", "lasa", "flare"),
    *("arc+nnm+geometric_median", "norm_clipping+anml", "client_momentum+centred_clipping"),
}
REPLIES = 10_000
VALUES = [0.0, 1.0, -1.0, 1e-30, 1e38, -1e38, 3.4e38, -3.4e38, np.nan, np.inf, -np.inf]
COUNTS = [1, 7, 10**9, 0, -1, -109, 10**15, 2**62, 0.0, 0.5, 1e300, float("nan"), float("inf")]
KINDS = [
    *("honest",) * 4,
    "values",
    "one value",
    "shape",
    "dtype",
    "extra",
    "missing",
    "empty arrays",
    "no arrays",
    "two records",
    "garbage bytes",
    "lying header",
    "count",
    "list count",
    "no metrics",
    "odd metrics",
    "empty content",
    "no nonce",
    "random nonce",
    "other nonce",
    "old nonce",
    "forged id",
    "forged reply-to",
    "twice",
    "error",
    "silent",
]
VALID = {"honest", "values", "one value", "count"}
# Drawn so that now and then nothing is wrong: the same byte, the right shape, oneself.
HARMLESS = {"lying header", "shape", "forged id", "forged reply-to", "other nonce"}


def spoilt(draw, federation, kind, message, messages, old):
    """Make the replies of one node: none, one, or several."""
    arrays = federation.moved(draw(st.sampled_from([0.0, 0.01, -0.02, 1.0])))
    examples = draw(st.integers(1, 500))
    other = draw(st.sampled_from(messages))
    if kind == "values":
        arrays["w"] = np.full((4, 3), draw(st.sampled_from(VALUES)), np.float32)
    elif kind == "one value":
        arrays["w"] = arrays["w"].copy()
        arrays["w"][draw(st.integers(0, 3)), draw(st.integers(0, 2))] = draw(
            st.sampled_from(VALUES)
        )
    elif kind == "shape":
        shape = draw(st.lists(st.integers(0, 5), max_size=4))
        arrays["w"] = np.zeros(shape, np.float32)
    elif kind == "dtype":
        name = draw(st.sampled_from(["f8", "f2", ">f4", "i4", "u1", "?", "c8", "S3", "M8[s]"]))
        arrays["w"] = np.zeros((4, 3), name)
    elif kind == "extra":
        arrays[draw(st.text(max_size=9))] = np.ones(3)
    elif kind == "missing":
        del arrays[draw(st.sampled_from(sorted(arrays)))]
    elif kind == "empty arrays":
        arrays = {}
    elif kind == "garbage bytes":
        data = draw(st.binary(max_size=40)) if draw(st.booleans()) else b"\x93NUMPY\x01\x00"
        arrays["w"] = Array(
            "float32", (4, 3), "numpy.ndarray", data + draw(st.binary(max_size=9))
        )
    elif kind == "lying header":
        good = bytearray(Array(arrays["w"]).data)
        good[draw(st.integers(0, len(good) - 1))] = draw(st.integers(0, 255))
        arrays["w"] = Array("float32", (4, 3), "numpy.ndarray", bytes(good))
    elif kind == "count":
        examples = draw(st.sampled_from(COUNTS))
    elif kind == "list count":
        examples = draw(st.sampled_from([[], [1], [1.0, 2.0]]))
    if kind in ("error", "silent"):
        error = Message(Error(draw(st.integers(0, 9)), draw(st.text())), reply_to=message)
        return [error] if kind == "error" else []
    reply = federation.reply(message, arrays, examples)
    content = reply.content
    if kind in ("no arrays", "no metrics", "no nonce"):
        del content[{"no arrays": "arrays", "no metrics": "metrics", "no nonce": "echo"}[kind]]
    elif kind == "two records":
        content["more"] = ArrayRecord({"w": Array(arrays["w"])})
    elif kind == "odd metrics":
        content["metrics"] = draw(
            st.sampled_from([MetricRecord(), ConfigRecord({"num-examples": 3}), ArrayRecord()])
        )
    elif kind == "empty content":
        content.clear()
    elif kind == "random nonce":
        content["echo"] = ConfigRecord(
            {"nonce": draw(st.binary() | st.text() | st.integers(0, 9))}
        )
    elif kind == "other nonce":
        content["echo"] = ConfigRecord({"nonce": other.content["config"]["nonce"]})
    elif kind == "old nonce":
        content["echo"] = ConfigRecord({"nonce": draw(st.sampled_from(old))})
    elif kind == "forged id":
        reply.metadata.__dict__["_src_node_id"] = other.metadata.dst_node_id
    elif kind == "forged reply-to":
        reply.metadata.__dict__["_reply_to_message_id"] = other.metadata.message_id
    return [reply, reply] if kind == "twice" else [reply]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_replies(federation, by_node, trusted, name):
    made = 0
    more = {"honest": {"c100", "c101"}, "roster": by_node, "root": trusted(name)}

    @settings(
        max_examples=-(-REPLIES // (7 * len(NAMES))) + 25,
        deadline=None,
        phases=[
            Phase.generate
        ],  # shrinking messages takes minutes; the blob repeats a failure
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one_round(data):
        nonlocal made
        draw = data.draw
        chosen = strategy(name, Aggregation(), **more)
        n = draw(st.integers(3, 12))
        old = [m.content["config"]["nonce"] for m in federation.ask(chosen, n)]
        messages = federation.ask(chosen, n, server_round=2)
        kinds = draw(st.lists(st.sampled_from(KINDS), min_size=n, max_size=n))
        sent = {
            f"c{message.metadata.dst_node_id}": spoilt(
                draw, federation, kind, message, messages, old
            )
            for kind, message in zip(kinds, messages, strict=True)
        }
        replies = [reply for own in sent.values() for reply in own]
        made += len(replies)
        arrays, _ = chosen.aggregate_train(2, draw(st.permutations(replies)))
        check(federation, chosen, arrays, dict(zip(sent, kinds, strict=True)), sent)

    one_round()
    assert made >= REPLIES / len(NAMES)


def check(federation, chosen, arrays, kinds, sent):
    record = chosen.records[-1]
    # Everyone who was asked is in the record, with a share or with a reason.
    assert [c.contributor for c in record.contributors] == sorted(sent)
    for one in record.contributors:
        kind = kinds[one.contributor]
        if one.reason is None:
            assert kind in VALID | HARMLESS
        else:
            assert one.reason
            assert (one.weight, one.selected) == (0.0, False)
            assert kind != "honest"
    valid = [c for c in record.contributors if c.reason is None]
    if not valid:
        assert arrays is None
        assert record.note == "no valid reply: the model stays as it is"
        return
    assert arrays is not None, record.note
    new = {key: arrays[key].numpy() for key in ("w", "b")}
    for array in new.values():
        assert np.isfinite(array).all()
        assert array.dtype == np.float32
    if chosen.name == "fltrust":  # no longer than the server's own step, of 1 in each value
        steps = [array - federation.model[key] for key, array in new.items()]
        assert sum((step**2).sum() for step in steps) <= 15 * (1 + 1e-5)
    else:
        within(federation, chosen.name, new, [sent[c.contributor][0] for c in valid])
    shares = np.array([c.weight for c in valid])
    if not np.isnan(shares).any():
        assert (shares >= 0).all()
        assert shares.sum() == pytest.approx(1.0) or (record.note and not shares.any())


def within(federation, name, new, replies):
    """Hold a model inside the span of the valid updates, coordinate by coordinate."""
    for key, array in new.items():
        taken = np.stack([reply.content["arrays"][key].numpy() for reply in replies])
        taken = taken.astype(np.float64)
        if name in SHORTENING:
            taken = np.concatenate([taken, federation.model[key][None].astype(np.float64)])
        # What float32 loses when the global model is taken off and put on again.
        room = 1e-6 * (np.abs(taken).max(axis=0) + np.abs(federation.model[key]))
        assert (array >= taken.min(axis=0) - room).all()
        assert (array <= taken.max(axis=0) + room).all()


@pytest.mark.parametrize("name", NAMES)
def test_where_all_send_the_largest_numbers_the_record_says_what_became_of_the_model(
    federation, by_node, trusted, name
):
    more = {"honest": {"c100", "c101"}, "roster": by_node, "root": trusted(name)}
    chosen = strategy(name, Aggregation(), **more)
    largest = np.finfo(np.float32).max
    sent = federation.ask(chosen, 8)
    arrays = {
        key: np.full_like(value, largest) if value.dtype.kind == "f" else value
        for key, value in federation.moved(0.0).items()
    }
    new, _ = chosen.aggregate_train(1, [federation.reply(m, arrays, 5) for m in sent])
    record = chosen.records[-1]
    assert all(one.reason is None for one in record.contributors)
    if new is None:  # a mean of the largest rounds up
        assert record.note == "the new model would not be finite: the old one is kept"
        assert not any(one.weight or one.selected for one in record.contributors)
    else:
        assert all(np.isfinite(new[key].numpy()).all() for key in new)
