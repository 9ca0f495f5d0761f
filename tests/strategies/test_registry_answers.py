"""A registry of one's own may answer anything: the round stays sane, and says what it got."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from anml_fl.method.records import RoundRecord
from anml_fl.registry.interface import Signals
from anml_fl.registry.memory import InMemoryRegistry
from strategies.anml import Anml

N = 6


class Answering:
    """A registry that gives what it was told to."""

    def __init__(self, **changed):
        self.changed = changed

    def signals(self, contributors, *, at):
        half = {name: np.full(len(contributors), 0.5) for name in ("v", "r", "T")}
        return SimpleNamespace(**{**half, **self.changed})


def settle(federation, registry):
    chosen = Anml(registry=registry, roster=lambda g: {n: f"c{n}" for n in g.get_node_ids()})
    sent = federation.ask(chosen, N)
    steps = [0.5 + 0.01 * i for i in range(N)]
    replies = [
        federation.reply(m, federation.moved(x)) for m, x in zip(sent, steps, strict=True)
    ]
    arrays, _ = chosen.aggregate_train(1, replies)
    record = chosen.records[-1]
    assert RoundRecord.from_json(record.to_json()).to_json() == record.to_json()
    return arrays, record


@pytest.mark.parametrize("name", ["v", "r", "T"])
@pytest.mark.parametrize("value", [1.5, -0.1, np.nan, np.inf, -np.inf, 1e300])
def test_one_value_out_of_range_leaves_its_contributor_out_and_nobody_else(
    federation, name, value
):
    given = np.full(N, 0.5)
    given[2] = value
    arrays, record = settle(federation, Answering(**{name: given}))
    bad = record.contributors[2]
    assert bad.reason == f"the registry gives {name} = {value:g}, which must lie in [0, 1]"
    assert (bad.weight, bad.selected) == (0, False)
    assert np.isnan([bad.q, bad.v, bad.r, bad.T, bad.s]).all()
    others = [c for c in record.contributors if c is not bad]
    assert {c.reason for c in others} == {None}
    assert sum(c.weight for c in others) == pytest.approx(1)
    assert 0.5 <= arrays["b"].numpy().min() <= arrays["b"].numpy().max() <= 0.56


@pytest.mark.parametrize(
    "value",
    [
        None,
        0.5,
        "half",
        np.full(N - 1, 0.5),
        np.full((N, 1), 0.5),
        np.full(N, True),
        np.full(N, 0.5 + 0j),
        np.full(N, "0.5"),
        np.full(N, 0.5, object),
        [[0.5], [0.5, 0.5]],
    ],
    ids=str,
)
def test_what_is_no_vector_of_numbers_changes_nothing(federation, value, caplog):
    arrays, record = settle(federation, Answering(r=value))
    why = f"the registry gives no vector of {N} numbers for r"
    assert arrays is None
    assert {c.reason for c in record.contributors} == {why}
    assert record.note == "no valid reply: the model stays as it is"
    assert f"round 1: {N} left out: {why}" in caplog.text


@pytest.mark.parametrize("answer", [None, 0.5, {}, (np.ones(N),) * 3], ids=str)
def test_an_answer_that_is_no_signals_changes_nothing(federation, answer):
    registry = SimpleNamespace(signals=lambda contributors, at: answer)
    arrays, record = settle(federation, registry)
    assert arrays is None
    assert {c.weight for c in record.contributors} == {0}


def test_lists_and_whole_numbers_are_as_good_as_arrays(federation):
    _, expected = settle(federation, Answering(v=np.ones(N)))
    for v in ([1.0] * N, [1] * N, np.ones(N, np.float32), np.ones(N, np.int8)):
        assert settle(federation, Answering(v=v))[1].contributors == expected.contributors


def test_of_a_good_registry_nothing_is_changed(federation):
    plain = InMemoryRegistry()
    _, record = settle(federation, plain)
    assert isinstance(plain.signals(["x"], at=0.0), Signals)
    assert {(c.v, c.r, c.T, c.reason) for c in record.contributors} == {(0.25, 0.4, 1.0, None)}


def test_a_registry_that_fails_says_so_itself(federation):
    def fail(contributors, at):
        raise ConnectionError("the hospital's registry is away")

    with pytest.raises(ConnectionError, match="hospital's registry is away"):
        settle(federation, SimpleNamespace(signals=fail))
