"""Each way in which a reply can be bad, and the reason that is recorded."""

from __future__ import annotations

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, MetricRecord

from strategies.anml import Anml


@pytest.fixture
def strategy(by_node):
    return Anml(roster=by_node)


def outcome(federation, strategy, spoil):
    """Let the first of five replies be spoiled; return its reason and the new model."""
    sent = federation.ask(strategy, 5)
    replies = [federation.reply(m, federation.moved(0.01 * i)) for i, m in enumerate(sent)]
    replies[0] = spoil(federation, sent[0])
    arrays, metrics = strategy.aggregate_train(1, replies)
    assert metrics is None
    record = strategy.records[-1]
    assert [c.reason is None for c in record.contributors] == [False, True, True, True, True]
    first = record.contributors[0]
    assert (first.weight, first.selected) == (0.0, False)
    assert np.isnan(first.q)
    assert record.excluded == 1
    return first.reason, arrays


def with_w(value):
    return lambda f, m: f.reply(m, {**f.moved(0.0), "w": value})


def raw(data, dtype="float32", shape=(4, 3), stype="numpy.ndarray"):
    return with_w(Array(dtype, shape, stype, data))


GOOD = Array(np.zeros((4, 3), np.float32)).data
HUGE_HEADER = GOOD.replace(b"(4, 3)", b"(9**9)")
ARRAYS = {
    "NaN": (with_w(np.full((4, 3), np.nan, np.float32)), "12 values are not finite"),
    "one inf": (
        with_w(np.where(np.eye(4, 3) > 0, np.inf, 0).astype(np.float32)),
        "3 values are not finite",
    ),
    "shape": (
        with_w(np.zeros((3, 4), np.float32)),
        "array 'w' must have shape (4, 3), got (3, 4)",
    ),
    "flat": (with_w(np.zeros(12, np.float32)), "array 'w' must have shape (4, 3), got (12,)"),
    "float64": (with_w(np.zeros((4, 3))), "array 'w' must be float32, got float64"),
    "int": (with_w(np.zeros((4, 3), np.int32)), "array 'w' must be float32, got int32"),
    "big-endian": (
        with_w(np.zeros((4, 3), ">f4")),
        "array 'w' must be float32, got big-endian float32",
    ),
    "claimed type": (raw(GOOD, "float64"), "array 'w' must be float32, got float64"),
    "claimed nonsense": (
        raw(GOOD, "O" * 99),
        "array 'w' must be float32, got '" + "O" * 40 + "'",
    ),
    "text": (with_w(np.full((4, 3), "a")), "array 'w' must be float32, got '<U1'"),
    "void": (with_w(np.zeros((4, 3), "V2")), "array 'w' must be float32, got void16"),
    "claimed shape": (raw(GOOD, shape=(3, 4)), "array 'w' must have shape (4, 3), got (3, 4)"),
    "no bytes": (raw(b""), "array 'w' is not a readable .npy array"),
    "cut": (raw(GOOD[:-1]), "array 'w' must have 176 bytes, got 175"),
    "longer": (raw(GOOD + b"x"), "array 'w' must have 176 bytes, got 177"),
    "hostile header": (raw(HUGE_HEADER), "array 'w' is not a readable .npy array"),
    "garbage": (
        raw(b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 9999),
        "array 'w' is not a readable .npy array",
    ),
    "pickle": (raw(GOOD, stype="pickle"), "array 'w' must be a numpy.ndarray, got 'pickle'"),
    "missing layer": (
        lambda f, m: f.reply(m, {"w": f.model["w"], "steps": f.model["steps"]}),
        "missing arrays 'b'",
    ),
    "extra layer": (
        lambda f, m: f.reply(m, {**f.moved(0.0), "evil": np.ones(3)}),
        "unknown arrays 'evil'",
    ),
    "empty record": (lambda f, m: f.reply(m, {}), "missing arrays 'b', 'steps', 'w'"),
    "counter of another shape": (
        lambda f, m: f.reply(m, {**f.moved(0.0), "steps": np.zeros(2, np.int64)}),
        "array 'steps' must have shape (), got (2,)",
    ),
}
COUNTS = [0, -1, 10**15, float("nan"), float("inf"), -float("inf"), 0.5, [10], []]


@pytest.mark.parametrize("case", ARRAYS)
def test_bad_arrays_are_left_out_with_the_reason(federation, strategy, case):
    spoil, expected = ARRAYS[case]
    reason, arrays = outcome(federation, strategy, spoil)
    assert reason == expected
    assert all(np.isfinite(arrays[name].numpy()).all() for name in ("w", "b"))


@pytest.mark.parametrize("count", COUNTS, ids=str)
def test_absurd_example_count_is_left_out(federation, strategy, count):
    reason, _ = outcome(federation, strategy, lambda f, m: f.reply(m, examples=count))
    assert reason == f"num-examples must lie in [1, 1000000000], got {count}"


def test_no_metrics_are_left_out(federation, strategy, omit):
    reason, _ = outcome(federation, strategy, lambda f, m: f.reply(m, examples=omit))
    assert reason == "no num-examples in the metrics"


def test_metrics_of_another_kind_are_left_out(federation, strategy):
    def spoil(f, m):
        reply = f.reply(m)
        reply.content["metrics"] = ArrayRecord()
        return reply

    assert outcome(federation, strategy, spoil)[0] == "no num-examples in the metrics"


def test_no_arrays_and_two_array_records_are_left_out(federation, strategy, omit):
    reason, _ = outcome(federation, strategy, lambda f, m: f.reply(m, omit))
    assert reason == "exactly one array record is needed, got []"

    def spoil(f, m):
        reply = f.reply(m)
        reply.content["more"] = ArrayRecord()
        return reply

    reason, _ = outcome(federation, strategy, spoil)
    assert reason == "exactly one array record is needed, got ['arrays', 'more']"


def test_update_that_overflows_is_left_out(federation, strategy):
    federation.model["w"][:] = -3e38
    reason, _ = outcome(
        federation,
        strategy,
        lambda f, m: f.reply(m, {**f.moved(0.0), "w": np.full((4, 3), 3e38, np.float32)}),
    )
    assert reason == "the update is too large for float32"


def test_hostile_text_is_shortened(federation, strategy):
    reason, _ = outcome(
        federation, strategy, lambda f, m: f.reply(m, {"x" * 10**5: np.ones(1)})
    )
    assert len(reason) <= 200


def test_fortran_order_reads_as_the_same_array(federation, by_node):
    strategy = Anml(roster=by_node, min_train_nodes=1, min_available_nodes=1)
    sent = federation.ask(strategy, 1)
    update = {**federation.moved(1.0)}
    update["w"] = np.asfortranarray(update["w"])
    arrays, _ = strategy.aggregate_train(1, [federation.reply(sent[0], update)])
    np.testing.assert_array_equal(arrays["w"].numpy(), federation.moved(1.0)["w"])


def test_other_metrics_are_ignored(federation, strategy):
    sent = federation.ask(strategy, 2)
    replies = [federation.reply(m) for m in sent]
    replies[0].content["metrics"] = MetricRecord({"num-examples": 10, "v": 1.0, "r": [1.0]})
    strategy.aggregate_train(1, replies)
    assert [c.reason for c in strategy.records[-1].contributors] == [None, None]
    assert strategy.records[-1].contributors[0].v == 0.25
