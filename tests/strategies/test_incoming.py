"""Large updates are viewed and small ones copied: what is wrong is found in either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord

from anml_fl.settings.aggregation import Aggregation
from strategies import incoming
from strategies.incoming import Incoming
from strategies.instruction import BadReplyError
from strategies.layout import Layout
from strategies.packing import pack
from strategies.rule import named_rule
from strategies.screened_strategy import ScreenedStrategy
from strategies.transport import Transport

MOST = float(np.finfo(np.float32).max)


@pytest.fixture(params=["copied", "viewed"])
def kept(request, monkeypatch):
    monkeypatch.setattr(incoming, "_SMALL", 2**15 if request.param == "copied" else 0)
    return request.param


def taking(model, most=5, before=None):
    names = tuple(model)
    layout = Layout(
        names,
        tuple(a.shape for a in model.values()),
        tuple(a.dtype for a in model.values()),
        frozenset(before or ()),
    )
    vector = np.empty(layout.size, layout.dtype)
    layout.fill(model, vector)
    return Incoming(layout, vector, before or {}, most)


def reason_against(one, values):
    """What is said against one more: at once of a copied one, in the end of a viewed one."""
    try:
        one.take(values)
    except BadReplyError as error:
        return str(error)
    return list(one.updates()[1].values())[-1]


def test_updates_are_those_taken_in_their_order(kept):
    model = {"w": np.array([[1.0, 2.0]], np.float32), "n": np.array(3)}
    one = taking(model)
    for shift in (1, 2):
        one.take({"w": model["w"] + np.float32(shift), "n": model["n"] + 4 * shift})
    updates, wrong = one.updates()
    assert wrong == {}
    assert updates.matrix.tolist() == [[1.0, 1.0, 4.0], [2.0, 2.0, 8.0]]


# Of four and more the pass that takes the distances finds it, around a centre or none.
@pytest.mark.parametrize("others", [1, 5])
@pytest.mark.parametrize(
    ("model", "value", "reason"),
    [
        ([0.0, 0.0], [np.nan, np.inf], "2 values are not finite"),
        ([0.0, 0.0], [0.0, -np.inf], "1 values are not finite"),
        ([-MOST, 0.0], [MOST, 0.0], "the update is too large for float32"),
        ([-MOST, 0.0], [np.nan, 0.0], "1 values are not finite"),
    ],
)
def test_what_is_not_finite_is_refused(kept, model, value, reason, others):
    one = taking({"w": np.array(model, np.float32)}, most=8)
    for _ in range(others):
        one.take({"w": np.array(model, np.float32)})
    assert reason_against(one, {"w": np.array(value, np.float32)}) == reason
    one.take({"w": np.array(model, np.float32)})
    updates, wrong = one.updates()
    copied = kept == "copied"
    assert len(updates) == others + (1 if copied else 2)
    assert wrong == ({} if copied else {others: reason})


@pytest.mark.parametrize("model", [0.0, MOST / 2, -1e30])
@pytest.mark.parametrize("value", [MOST / 2, 1e25, -MOST / 2])
def test_values_whose_squares_overflow_are_taken_if_the_update_is_finite(kept, model, value):
    one = taking({"w": np.full(3, model, np.float32)})
    for _ in range(5):
        one.take({"w": np.full(3, value, np.float32)})
    updates, wrong = one.updates()
    assert wrong == {}
    np.testing.assert_allclose(updates.matrix[4], np.float32(value) - np.float32(model))
    assert not updates.distances.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.complex64])
def test_every_kind_of_number_is_looked_at(kept, dtype, bad):
    one = taking({"w": np.ones(3, dtype)})
    one.take({"w": np.full(3, 60_000, dtype)})
    assert (
        reason_against(one, {"w": np.array([1, bad, 1], dtype)}) == "1 values are not finite"
    )


def test_buffers_are_copied_and_must_be_finite_where_they_were(kept):
    before = {"mean": np.array([0.0, np.inf], np.float32)}
    one = taking({"w": np.ones(3, np.float32), **before}, before=before)
    sent = np.array([1.0, 2.0], np.float32)
    found = one.take({"w": np.ones(3, np.float32), "mean": sent})["mean"]
    assert found.tolist() == [1.0, np.inf]
    assert not np.shares_memory(found, sent)
    with pytest.raises(BadReplyError, match="1 values are not finite"):
        one.take({"w": np.ones(3, np.float32), "mean": np.array([np.nan, 0], np.float32)})


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("rule", ["anml", "median", "krum"])
def test_hostile_replies_among_many_large_ones(federation, by_node, packed, rule):
    """In two blocks of columns and two arrays; the last ones of twelve are no models."""
    rng = np.random.default_rng(0)
    federation.model = {
        "w": rng.normal(size=(300, 100)).astype(np.float32),
        "b": rng.normal(size=20_000).astype(np.float32),
    }
    strategy = ScreenedStrategy(
        named_rule(rule, Aggregation()), transport=Transport(packed=packed)
    )
    strategy.participation = replace(strategy.participation, roster=by_node)
    sent = federation.ask(strategy, 12)
    models = [
        {
            n: v + 0.1 * rng.normal(size=v.shape).astype(np.float32)
            for n, v in sorted(federation.model.items())
        }
        for _ in sent
    ]
    models[9]["b"][-1] = np.nan
    models[10]["w"] = models[10]["w"][:-1]
    models[11]["b"][0] = np.inf
    arrays = [ArrayRecord({n: Array(one[n]) for n in federation.model}) for one in models]
    if packed:
        arrays = [pack(one, list(one)) for one in arrays]
    replies = [federation.reply(m, dict(a)) for m, a in zip(sent, arrays, strict=True)]
    arrays, _ = strategy.aggregate_train(1, replies)
    record, cohort = strategy.round.record, strategy.round.cohort
    reasons = [one.reason for one in record.contributors]
    assert reasons[:9] == [None] * 9
    assert reasons[9] == reasons[11] == "1 values are not finite"
    shapes = "(200000,), got (199600,)" if packed else "(300, 100), got (299, 100)"
    assert reasons[10].endswith(f"must have shape {shapes}")
    exact = np.stack(
        [
            np.concatenate(
                [(one[n].astype(float) - federation.model[n]).ravel() for n in arrays]
            )
            for one in models[:9]
        ]
    )
    assert len(cohort.contributors) == 9
    np.testing.assert_allclose(cohort.updates, exact, atol=1e-6)
    weights = np.array([one.weight for one in record.contributors[:9]])
    step = np.median(exact, axis=0) if rule == "median" else weights @ exact
    moved = np.concatenate([arrays[n].numpy().ravel() for n in arrays])
    start = np.concatenate([federation.model[n].ravel() for n in arrays])
    np.testing.assert_allclose(moved - start, step, atol=1e-6)
