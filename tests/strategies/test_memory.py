"""What a round keeps of its replies, and that blocks of columns change no bit."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from flwr.serverapp.strategy.bulyan import aggregate_n_closest_weights
from flwr.serverapp.strategy.fedtrimmedavg import trim_mean
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.settings.aggregation import Aggregation
from strategies.decision import averaged
from strategies.layout import Layout
from strategies.packing import PACKED, pack, unpacked_values
from strategies.rule import Rule
from strategies.rules._columns import by_columns
from strategies.screened_strategy import ScreenedStrategy
from strategies.transport import Transport


@pytest.mark.parametrize("packed", [False, True])
def test_replies_are_gone_when_the_rule_is_asked(federation, by_node, packed):
    """Without a search for circles, which comes at some time or other."""
    kept, alive = [], []

    def watching(cohort, context):
        alive.append([one() is not None for one in kept])
        return averaged(cohort)

    strategy = ScreenedStrategy(
        Rule(watching, "watching", Aggregation()), transport=Transport(packed=packed)
    )
    strategy.participation = replace(strategy.participation, roster=by_node)
    sent = federation.ask(strategy, 4)

    def replies():
        for message in sent:
            moved = {n: Array(np.asarray(a)) for n, a in federation.moved(0.1).items()}
            arrays = pack(ArrayRecord(moved), list(moved)) if packed else moved
            reply = federation.reply(message, dict(arrays))
            record = reply.content["arrays"]
            kept.extend(weakref.ref(one) for one in (reply, record, *record.values()))
            yield reply

    gc.disable()
    try:
        strategy.aggregate_train(1, iter(list(replies())))
    finally:
        gc.enable()
    assert len(strategy.round.cohort.contributors) == 4
    assert alive == [[False] * len(kept)]


def test_the_round_before_is_gone_when_the_next_one_is_sent(federation, by_node):
    strategy = ScreenedStrategy(Rule(lambda c, _: averaged(c), "mean", Aggregation()))
    strategy.participation = replace(strategy.participation, roster=by_node)
    sent = federation.ask(strategy, 4)
    strategy.aggregate_train(1, [federation.reply(m) for m in sent])
    updates = weakref.ref(strategy.round.cohort.updates)
    gc.disable()
    try:
        federation.ask(strategy, 4, 2)
        assert updates() is None
    finally:
        gc.enable()


RULES = {
    "median": lambda rows: np.median(rows, axis=0),
    "trimmed mean": lambda rows: trim_mean(rows, 0.2),
    "around the median": lambda rows: aggregate_n_closest_weights(
        [np.median(rows, axis=0)], [[row] for row in rows], 5
    )[0],
}


@pytest.mark.parametrize("name", RULES)
@given(st.integers(8, 12), st.integers(1, 40), st.integers(1, 64))
def test_blocks_of_columns_are_bit_for_bit_the_whole(name, n, d, block):
    rule = RULES[name]
    updates = np.random.default_rng([n, d]).normal(size=(n, d)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("strategies.rules._columns._BLOCK", block)
        found = by_columns(updates, rule)
    assert found.tobytes() == rule(updates.astype(np.float64)).tobytes()


def test_packed_bytes_are_those_that_numpy_writes():
    model = {
        "w": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "n": np.array(7),
        "none": np.empty((0, 2), np.float16),
        "flag": np.array([True, False]),
    }
    record = ArrayRecord({name: Array(value) for name, value in model.items()})
    packed = pack(record, list(model))
    buffer = BytesIO()
    values = b"".join(value.tobytes() for value in model.values())
    np.save(buffer, np.frombuffer(values, np.uint8))
    assert packed[PACKED].data == buffer.getvalue()
    found = unpacked_values(packed, Layout.of(record))
    assert {name: value.tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in model.items()
    }
