"""Running statistics: not judged by q, and not to be poisoned either."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from flwr.app import ArrayRecord
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.records import RoundRecord
from anml_fl.settings.aggregation import Aggregation
from strategies.anml import Anml
from strategies.buffers import buffers_of, median
from strategies.catalogue import strategy
from strategies.decision import Decision
from strategies.layout import Layout
from strategies.options import parts_of
from strategies.rule import Rule
from strategies.screened_strategy import ScreenedStrategy

torch = pytest.importorskip("torch")
N = 7

BASELINES = ("fedavg", "krum", "multikrum", "q_only", "bulyan", "median", "trimmed_mean")


@pytest.fixture
def network():
    """A network with batch normalisation, as torch names its arrays."""
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )


def sent_back(model, direction, mean, var, batches):
    """A node's reply: every parameter a step further, its own statistics."""
    reply = {}
    for name, value in model.items():
        last = name.rpartition(".")[2]
        own = {"running_mean": mean, "running_var": var, "num_batches_tracked": batches}
        if last in own:
            reply[name] = np.full_like(value, own[last])
        else:
            reply[name] = value + value.dtype.type(0.1 * direction)
    return reply


def settle(federation, chosen, model, replies):
    federation.model = model
    sent = federation.ask(chosen, len(replies))
    new, _ = chosen.aggregate_train(
        1, [federation.reply(m, r) for m, r in zip(sent, replies, strict=True)]
    )
    return {name: array.numpy() for name, array in new.items()}, chosen.records[-1]


def test_of_a_torch_network_q_sees_the_parameters_alone(federation, by_node, network):
    model = {
        k: v.numpy()
        for k, v in ArrayRecord(network.state_dict()).to_torch_state_dict().items()
    }
    jitter = np.random.default_rng(1).normal(1, 0.01, N)
    spread = 1000 * (1 + 0.3 * np.arange(N))
    # The last one goes the other way, and its statistics lie in the middle.
    spread[-1] = np.median(spread)
    replies = [
        sent_back(model, -1 if i == N - 1 else jitter[i], i, spread[i], 10 + i)
        for i in range(N)
    ]
    new, record = settle(federation, Anml(roster=by_node), model, replies)
    assert record.contributors[-1].q == 0
    assert record.contributors[-1].weight == 0
    assert record.buffers == ("1.num_batches_tracked", "1.running_mean", "1.running_var")
    entered = [i for i, c in enumerate(record.contributors) if c.weight]
    assert (new["1.running_var"] == np.median(spread[entered]).astype(np.float32)).all()
    assert new["1.num_batches_tracked"] == statistics.median_low(10 + i for i in entered)
    # The same without the buffers: nothing else of the decision depends on them.
    bare = {n: v for n, v in model.items() if n not in record.buffers}
    _, other = settle(
        federation,
        Anml(roster=by_node),
        bare,
        [{n: v for n, v in r.items() if n in bare} for r in replies],
    )
    assert other.contributors == record.contributors
    assert other.buffers == ()


@pytest.mark.parametrize("name", ["anml", "softmax_blend", *BASELINES])
@pytest.mark.parametrize("poison", [-1e30, 1e30, -(2.0**62)])
def test_less_than_half_cannot_move_a_buffer_out_of_what_the_others_sent(
    federation, by_node, name, poison
):
    model = {
        "w": np.zeros(20, np.float32),
        "running_var": np.ones(3, np.float32),
        "num_batches_tracked": np.array(5),
    }
    rng = np.random.default_rng(2)
    honest = [
        {
            "w": (1 + rng.normal(0, 0.05, 20)).astype(np.float32),
            "running_var": rng.uniform(1, 2, 3).astype(np.float32),
            "num_batches_tracked": np.array(10 + i),
        }
        for i in range(4)
    ]
    sly = {
        "w": np.ones(20, np.float32),  # in the middle: it is selected
        "running_var": np.full(3, poison, np.float32),
        "num_batches_tracked": np.array(int(np.clip(poison, -(2.0**62), 2.0**62))),
    }
    chosen = strategy(name, Aggregation(n_byzantine=1), roster=by_node)
    new, record = settle(federation, chosen, model, [*honest, sly])
    if name != "krum":  # which takes the one update in the middle, whole
        assert record.contributors[-1].selected
        assert (new["running_var"] >= 1).all()
        assert (new["running_var"] <= 2).all()
        assert 10 <= new["num_batches_tracked"] <= 13


@pytest.mark.parametrize(
    "name",
    [
        *("running_mean", "1.running_var", "a.b.num_batches_tracked"),
        *("bn/moving_variance", "bn/moving_variance:0", "model/bn/moving_mean:12"),
        *("bn_running_var", "layer.bn1_moving_mean", "bn_moving_variance:0"),
        *("batch_stats/bn/mean", "batch_stats/bn/var", "batch_stats.BatchNorm_0.var"),
        "state/batch_stats/mean",
    ],
)
def test_a_buffer_is_known_by_its_name_in_each_library(name):
    layout = Layout(("w", name), ((4,), (2,)), (np.dtype("float32"),) * 2)
    assert buffers_of(layout) == {name}


@pytest.mark.parametrize(
    "name",
    [
        *("bn.weight", "bn/gamma:0", "bn/kernel", "mean", "params/bn/mean", "batch_stats"),
        *("running_mean.weight", "running_mean_scale", "rerunning_mean", "my_batch_stats/w"),
    ],
)
def test_a_parameter_is_none_by_its_name(name):
    layout = Layout(("w", name), ((4,), (2,)), (np.dtype("float32"),) * 2)
    assert buffers_of(layout) == frozenset()


def test_the_buffer_of_who_is_selected_without_a_weight_does_not_enter(federation, by_node):
    weights = np.array([0.0, 0.0, 0.5, 0.25, 0.25])

    def rule(cohort, context):
        return Decision(
            update=weights @ cohort.updates,
            weights=weights,
            selected=np.array([True, True, True, True, False]),
        )

    model = {"w": np.zeros(4, np.float32), "running_var": np.ones(2, np.float32)}
    values = [9e9, 8e9, 1.0, 3.0, 7e9]
    replies = [
        {"w": model["w"] + 1, "running_var": np.full(2, value, np.float32)} for value in values
    ]
    chosen = ScreenedStrategy(*parts_of(Rule(rule, "own"), {"roster": by_node}))
    new, record = settle(federation, chosen, model, replies)
    assert [c.selected for c in record.contributors] == [True, True, True, True, False]
    assert new["running_var"].tolist() == [2.0, 2.0]  # of 1 and 3


@given(
    st.sampled_from(["i1", "u1", "i8", "u8"]).flatmap(
        lambda t: st.tuples(
            st.just(t),
            st.lists(
                st.integers(int(np.iinfo(t).min), int(np.iinfo(t).max)), min_size=1, max_size=6
            ),
        )
    )
)
def test_medians_of_whole_numbers_are_exact(case):
    dtype, values = case
    found = median([np.array([v], dtype) for v in values])
    assert found.dtype == np.dtype(dtype)
    low, high = statistics.median_low(values), statistics.median_high(values)
    assert int(found[0]) == low + (high - low) // 2


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=6))
def test_medians_of_real_numbers_are_pythons(values):
    finite = [v for v in values if np.isfinite(v)] or [0.0]
    with np.errstate(under="ignore"):
        found = median([np.array([v], np.float32) for v in finite])
    assert found[0] == pytest.approx(statistics.median(finite), rel=1e-6, abs=1e-44)


def test_medians_of_other_kinds():
    assert median([np.array(True), np.array(False), np.array(True)]) == True  # noqa: E712
    found = median([np.array([z], np.complex64) for z in (1 + 9j, 2 + 1j, 3 + 5j)])
    assert found == np.array([2 + 5j], np.complex64)


def test_bad_values_in_a_buffer_are_left_out_as_anywhere(federation, by_node):
    model = {"w": np.zeros(4, np.float32), "bn.running_var": np.ones(2, np.float32)}
    bad = {**model, "bn.running_var": np.array([np.nan, np.inf], np.float32)}
    _, record = settle(federation, Anml(roster=by_node), model, [bad] + [model] * 4)
    assert record.contributors[0].reason == "2 values are not finite"


@pytest.mark.parametrize("judged", [None, ["w"]], ids=["by-values", "by-names"])
@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "complex64"])
def test_what_is_infinite_at_the_server_stays_and_costs_no_reply(
    federation, by_node, judged, kind
):
    mask = np.triu(np.full((3, 3), -np.inf), 1).astype(kind)
    best = np.array(np.inf, np.float32)
    model = {"w": np.zeros(4, np.float32), "mask": mask, "best": best}
    step = {**model, "w": model["w"] + 1}
    lower, grown = np.tril(np.ones((3, 3))) > 0, mask.copy()
    grown[lower] = 2
    replies = [
        *[{**step, "mask": grown}] * 2,
        {**step, "mask": np.full_like(mask, 2), "best": np.float32(0.5)},
        {**step, "mask": np.full_like(mask, np.nan), "best": np.float32(np.nan)},
        {**step, "mask": grown, "best": np.float32(-np.inf)},
    ]
    chosen = Anml(roster=by_node, judged=judged)
    new, record = settle(federation, chosen, model, replies)
    # A new one, in what was finite, is refused: six of a lower triangle.
    assert [one.reason for one in record.contributors] == [
        *(None, None, None), "6 values are not finite", None
    ]  # fmt: skip
    assert record.buffers == ("best", "mask")
    assert new["best"] == np.inf
    assert (new["mask"][~lower] == mask[~lower]).all()
    assert (new["mask"][lower] == 2).all()
    assert (new["w"] == 1).all()
    settle(federation, chosen, new, [new] * 5)


def test_a_named_buffer_may_be_nan_and_a_parameter_may_not(federation, by_node):
    model = {"w": np.zeros(4, np.float32), "last": np.full(2, np.nan, np.float32)}
    chosen = Anml(roster=by_node, judged=["w"])
    new, record = settle(federation, chosen, model, [model] * 4)
    assert {one.reason for one in record.contributors} == {None}
    assert np.isnan(new["last"]).all()
    for own in (Anml(roster=by_node), Anml(roster=by_node, judged=["w", "last"])):
        with pytest.raises(ValueError, match="finite: 2 values of what is judged are not"):
            federation.ask(own, 4)
    federation.model = {**model, "w": np.array([1, np.inf, 1, 1], np.float32)}
    with pytest.raises(ValueError, match="finite: 1 values of what is judged are not"):
        federation.ask(chosen, 4)


@pytest.mark.parametrize(
    "judged", [["w"], {"w"}, lambda name: name == "w"], ids=["list", "set", "function"]
)
def test_which_arrays_are_judged_is_ones_own_choice(federation, by_node, judged):
    model = {"w": np.zeros(4, np.float32), "scale": np.ones(1, np.float32)}
    replies = [
        {"w": model["w"] + 1, "scale": np.full(1, 10.0**i, np.float32)} for i in range(5)
    ]
    replies[0]["w"] = model["w"] - 1
    _, record = settle(federation, Anml(roster=by_node, judged=judged), model, replies)
    assert [c.q for c in record.contributors] == [0, 1, 1, 1, 1]
    assert record.buffers == ("scale",)
    _, record = settle(federation, Anml(roster=by_node), model, replies)
    assert record.contributors[0].q > 0.9
    assert record.buffers == ()


@pytest.mark.parametrize(
    ("judged", "message"),
    [
        (["x"], "judged names 'x', which the model does not have: it has 'b', 'steps', 'w'"),
        ([], "no value is left to judge contributors by: the model has the arrays 'b', "),
        (lambda name: False, "no value is left to judge"),
    ],
)
def test_a_choice_that_does_not_fit_the_model_is_refused_before_anyone_trains(
    federation, by_node, judged, message
):
    with pytest.raises(ValueError, match=message):
        federation.ask(Anml(roster=by_node, judged=judged), 4)


def test_one_name_is_no_collection_of_names():
    with pytest.raises(TypeError, match="a collection of names is needed, got the text 'w'"):
        Anml(judged="w")


def test_buffers_are_recorded_and_a_record_without_them_is_as_before(federation, by_node):
    model = {"w": np.zeros(4, np.float32), "bn.running_var": np.ones(2, np.float32)}
    _, record = settle(federation, Anml(roster=by_node), model, [model] * 4)
    line = record.to_json()
    assert '"buffers":["bn.running_var"]' in line
    assert RoundRecord.from_json(line).to_json() == line
    bare = {"w": model["w"]}
    _, record = settle(federation, Anml(roster=by_node), bare, [bare] * 4)
    assert "buffers" not in record.to_json()
    assert RoundRecord.from_json(record.to_json()).buffers == ()
