"""Which numbers a model may hold: all are averaged, or refused by name and type."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.settings.aggregation import Aggregation
from clients.unpacked import unpacked
from strategies.anml import Anml
from strategies.catalogue import strategy
from strategies.layout import Layout

AVERAGED = [
    np.bool_,
    *(np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)),
    np.float16,
    np.float32,
    np.float64,
    np.complex64,
    np.complex128,
]

BASELINES = ("fedavg", "krum", "multikrum", "q_only", "bulyan", "median", "trimmed_mean")


def trained(federation, chosen, model, updates, arrays=None):
    """One round of a model, in which nodes send it moved; returns the new one."""
    federation.model = model
    sent = federation.ask(chosen, len(updates))
    replies = [federation.reply(m, u) for m, u in zip(sent, updates, strict=True)]
    new, _ = chosen.aggregate_train(1, replies)
    assert {c.reason for c in chosen.records[-1].contributors} == {None}
    return new


@pytest.mark.parametrize("dtype", AVERAGED, ids=str)
@pytest.mark.parametrize("name", ["anml", *BASELINES])
def test_a_step_that_all_take_is_taken_in_every_type_and_under_every_rule(
    federation, by_node, dtype, name
):
    chosen = strategy(name, Aggregation(), roster=by_node)
    old = np.array([[0, 0], [0, 0]], dtype)
    new = trained(federation, chosen, {"w": old}, [{"w": old + old.dtype.type(1)}] * 5)
    assert new["w"].dtype == str(old.dtype)
    assert new["w"].numpy().tolist() == np.ones((2, 2), dtype).tolist()


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64, np.bool_], ids=str)
def test_whole_numbers_are_judged_where_there_are_no_others(federation, by_node, dtype):
    """The one that differs is the farthest, and has no weight."""
    chosen = Anml(roster=by_node)
    zero, one = np.zeros(9, dtype), np.ones(9, dtype)
    new = trained(federation, chosen, {"w": zero}, [{"w": one}] * 4 + [{"w": zero}])
    assert [c.q for c in chosen.records[-1].contributors] == [1, 1, 1, 1, 0]
    assert new["w"].numpy().all()


def test_complex_numbers_are_as_far_apart_as_their_two_parts(federation, by_node):
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(6, 2, 8)).astype(np.float32)
    as_complex, as_parts = Anml(roster=by_node), Anml(roster=by_node)
    new = trained(
        federation,
        as_complex,
        {"w": np.zeros(8, np.complex64)},
        [{"w": re + 1j * im} for re, im in parts],
    )
    other = trained(
        federation,
        as_parts,
        {"re": np.zeros(8, np.float32), "im": np.zeros(8, np.float32)},
        [{"re": re, "im": im} for re, im in parts],
    )
    q, p = ([c.q for c in s.records[-1].contributors] for s in (as_complex, as_parts))
    assert q == pytest.approx(p)
    both = other["re"].numpy() + 1j * other["im"].numpy()
    assert new["w"].numpy() == pytest.approx(both, rel=1e-6)


@given(
    st.sampled_from([np.int8, np.uint8, np.int32, np.int64, np.uint64]).flatmap(
        lambda t: st.tuples(
            st.just(t),
            st.lists(
                st.integers(int(np.iinfo(t).min), int(np.iinfo(t).max)), min_size=3, max_size=3
            ),
        )
    )
)
def test_the_mean_of_whole_numbers_is_rounded_and_stays_in_its_type(case):
    """Against exact fractions, to what a float64 can tell."""
    dtype, (old, *others) = case
    layout = Layout(("w",), ((1,),), (np.dtype(dtype),))
    model, update = np.empty((2, 1, 1), layout.dtype)

    def record(value):
        return ArrayRecord({"w": Array(np.array([value], dtype))})

    layout.flatten(record(old), model[0])
    rows = np.empty((2, 1), layout.dtype)
    for row, value in zip(rows, others, strict=True):
        layout.flatten(record(value), row, minus=model[0])
    update = rows.mean(axis=0)
    moved = layout.moved(model[0], update, record(old), {})
    assert moved is not None
    new = moved["w"].numpy()
    assert new.dtype == dtype
    exact = Fraction(sum(others), 2)
    assert abs(int(new[0]) - exact) <= Fraction(1, 2) + abs(exact) * 2**-50 + abs(old) * 2**-50


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_a_whole_number_that_nobody_moves_stays_exact(federation, by_node, value):
    model = {"w": np.zeros(3, np.float32), "seed": np.array(value)}
    chosen = Anml(roster=by_node, judged=["w", "seed"])
    new = trained(federation, chosen, model, [{**model, "w": model["w"] + 1}] * 5)
    assert new["seed"].numpy() == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.array(["a"]), "<U1"),
        (np.array([b"a"]), "|S1"),
        (np.array(["2026-01-01"], "M8[D]"), "datetime64[D]"),
        (np.array([1], "m8[s]"), "timedelta64[s]"),
        (np.zeros(2, "V2"), "|V2"),
        (np.zeros(2, [("a", "f4")]), "[('a', '<f4')]"),
        (np.zeros(2, np.longdouble), "float128"),
        (np.zeros(2, np.clongdouble), "complex256"),
    ],
    ids=lambda case: str(getattr(case, "dtype", "")),
)
def test_what_has_no_mean_is_refused_by_name_and_type_before_anyone_trains(
    federation, value, shown
):
    federation.model = {"w": np.zeros(2, np.float32), "odd": value}
    with pytest.raises(ValueError, match="array 'odd' has the type") as caught:
        federation.ask(Anml(), 3)
    assert shown in str(caught.value)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int4"])
def test_extension_types_are_refused_with_or_without_their_package(federation, dtype):
    """As ml_dtypes writes them: raw bytes in the header, the name beside it."""
    void = np.zeros(3, "V2")
    data = Array(void).data.replace(b"'|V2'", b"'<V2'")
    federation.arrays = lambda: ArrayRecord({"w": Array(dtype, (3,), "numpy.ndarray", data)})
    with pytest.raises(ValueError, match=f"array 'w' has the type {dtype}, which cannot"):
        federation.ask(Anml(), 3)


@pytest.mark.parametrize("model", [{}, {"w": np.zeros((0, 3), np.float32)}], ids=len)
def test_a_model_without_a_value_is_refused(federation, model):
    federation.model = model
    with pytest.raises(ValueError, match="no value is left to judge contributors by"):
        federation.ask(Anml(), 3)


def test_big_endian_models_are_refused_by_name_and_type(federation):
    federation.model = {"w": np.zeros(2, ">f4")}
    with pytest.raises(ValueError, match="'w' must be float32, got big-endian float32"):
        federation.ask(Anml(), 3)


@pytest.mark.parametrize("name", ["anml", "median", "trimmed_mean", "bulyan"])
def test_a_half_precision_model_is_never_left_at_infinity(federation, by_node, name):
    """65504 is float16's last number: a step beyond it changes nothing, and is recorded."""
    chosen = strategy(name, Aggregation(), roster=by_node)
    most = np.full(2, 65504, np.float16)
    decide = chosen.rule.decide
    chosen.rule = replace(chosen.rule, decide=lambda *given: _further(decide(*given)))
    federation.model = {"w": most}
    sent = federation.ask(chosen, 5)
    new, _ = chosen.aggregate_train(1, [federation.reply(m, {"w": most}) for m in sent])
    assert new is None
    assert chosen.records[-1].note == "the new model would not be finite: the old one is kept"


def _further(decision):
    return replace(decision, update=decision.update + 1000)


def test_a_packed_model_of_all_types_goes_the_same_way(federation, by_node):
    model = {str(np.dtype(t)): np.ones(3, t) for t in AVERAGED}
    step = {name: value + value.dtype.type(1) for name, value in model.items()}
    plain = Anml(roster=by_node)
    expected = trained(federation, plain, model, [step] * 4)
    packed = Anml(roster=by_node, packed=True)
    sent = list(packed.configure_train(1, federation.arrays(), ConfigRecord(), _nodes(4)))
    for i, message in enumerate(sent):
        message.metadata.__dict__["_message_id"] = str(i)
    replies = [unpacked(m, None, lambda m, c: federation.reply(m, step)) for m in sent]
    new, _ = packed.aggregate_train(1, replies)
    assert {n: a.data for n, a in new.items()} == {n: a.data for n, a in expected.items()}


def _nodes(count):
    ids = [100 + i for i in range(count)]
    return SimpleNamespace(get_node_ids=lambda: ids)
