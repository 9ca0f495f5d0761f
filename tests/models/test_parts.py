"""What of a model travels, what of it is judged, and what stays where it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from anml_fl.catalogue import UnusableError
from anml_fl.models.lazy import materialise
from anml_fl.models.parts import TRAVELS_AS, Parts, values_hash
from anml_fl.models.state import arrays_of, as_input, load_arrays, outputs_of


class Everything(nn.Module):
    """One of each kind of tensor."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.normal = nn.BatchNorm1d(4)
            self.first = nn.Linear(4, 4)
            self.frozen = nn.Linear(4, 4).requires_grad_(False)
            self.second = nn.Linear(4, 4)
            self.second.weight = self.first.weight
            self.half = nn.Linear(4, 2, dtype=torch.bfloat16)
            self.turn = nn.Parameter(torch.randn(3, dtype=torch.complex64))
            self.scalar = nn.Parameter(torch.randn((), dtype=torch.float64))
            self.across = nn.Parameter(torch.randn(2, 3).t())
        self.register_buffer("rate", torch.full((2,), 0.5))
        self.register_buffer("same_rate", self.rate)
        self.register_buffer("seen", torch.tensor(7))
        self.register_buffer("notes", torch.ones(5), persistent=False)


TRAINED = {
    "normal.weight", "normal.bias", "first.weight", "first.bias", "second.bias",
    "half.weight", "half.bias", "turn", "scalar", "across",
}  # fmt: skip
BUFFERS = {
    "normal.running_mean", "normal.running_var", "normal.num_batches_tracked", "rate", "seen",
}  # fmt: skip


def test_what_is_trained_is_judged_and_buffers_travel_whatever_their_names():
    parts = Parts.of(Everything())
    assert parts.trained == TRAINED
    assert set(parts.travelling) == TRAINED | BUFFERS
    assert set(parts.frozen) == {"frozen.weight", "frozen.bias"}
    assert parts.tied == {"second.weight": "first.weight", "same_rate": "rate"}


def test_arrays_stand_in_the_order_of_the_models_state():
    model = Everything()
    state = list(model.state_dict())
    places = [state.index(name) for name in arrays_of(model)]
    assert places == sorted(places)
    assert set(arrays_of(model)) == TRAINED | BUFFERS


def test_every_array_arrives_as_it_was_sent():
    sent, received = Everything(1), Everything(2)
    received.seen.fill_(0)
    load_arrays(received, arrays_of(sent))
    there = dict(received.state_dict())
    for name, value in sent.state_dict().items():
        assert torch.equal(value, there[name]) is not name.startswith("frozen"), name
        assert value.dtype == there[name].dtype
    assert received.second.weight is received.first.weight
    assert not received.across.is_contiguous()


def test_manifest_counts_what_travels_and_names_what_is_tied():
    told = Parts.of(Everything()).to_json()
    # By hand: 2 x 4 of the normalisation, 16 + 4 + 4 of three layers, 8 + 2, 3 complex, 1, 6.
    assert told["trained"] == {"arrays": 10, "values": 8 + 24 + 10 + 3 + 1 + 6}
    assert told["buffers"] == {"arrays": 5, "values": 4 + 4 + 1 + 2 + 1}
    assert told["frozen"]["values"] == 20
    assert told["tied"] == {"second.weight": "first.weight", "same_rate": "rate"}
    assert told["frozen"]["sha256"] != Parts.of(Everything(1)).to_json()["frozen"]["sha256"]


@pytest.mark.parametrize(
    "kind",
    [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz],
    ids=str,
)
def test_types_that_numpy_lacks_come_back_bit_for_bit_and_end_at_their_ends(kind):
    layer = nn.Linear(1, 1)
    # 1.25 and 192 are exact in each of them.
    layer.register_buffer("table", torch.tensor([1.25, -192.0, 0.0]).to(kind))
    arrays = arrays_of(layer)
    assert arrays["table"].dtype == np.float32
    np.testing.assert_array_equal(arrays["table"], np.array([1.25, -192, 0], np.float32))
    before = layer.table.clone()
    load_arrays(layer, arrays)
    assert torch.equal(layer.table.view(torch.uint8), before.view(torch.uint8))

    arrays["table"] = np.array([3.4e38, -3.4e38, 1], np.float32)
    load_arrays(layer, arrays)
    most = torch.finfo(kind).max
    assert layer.table.float().tolist() == [most, -most, 1.0]


def test_an_expanded_buffer_holds_what_arrives_in_it():
    layer = nn.Linear(1, 1)
    layer.register_buffer("rates", torch.zeros(1).expand(3))
    arrays = {**arrays_of(layer), "rates": np.array([1, 2, 3], np.float32)}
    load_arrays(layer, arrays)
    assert layer.rates.tolist() == [1, 2, 3]


def test_a_model_that_set_a_buffer_while_it_was_asked_takes_arrays_again():
    class Last(nn.Linear):
        def __init__(self):
            super().__init__(1, 1)
            self.register_buffer("last", torch.zeros(2, 1))

        def forward(self, rows):
            self.last = rows + 1
            return super().forward(rows)

    model = Last()
    before = arrays_of(model)
    outputs_of(model, np.zeros((2, 1), np.float32))
    assert model.last.is_inference()
    load_arrays(model, before)
    assert model.last.tolist() == [[0], [0]]


def test_a_narrow_mask_stays_infinite():
    layer = nn.Linear(1, 1)
    layer.register_buffer("mask", torch.full((2, 2), -torch.inf).triu(1).bfloat16())
    before = layer.mask.clone()
    load_arrays(layer, arrays_of(layer))
    assert torch.equal(layer.mask, before)


def test_a_complex_number_travels_as_its_two_parts():
    layer = nn.Linear(1, 1)
    layer.turn = nn.Parameter(torch.tensor([1 + 2j, 3 - 4j]))
    arrays = arrays_of(layer)
    np.testing.assert_array_equal(arrays["turn"], [[1, 2], [3, -4]])
    arrays["turn"] = -arrays["turn"]
    load_arrays(layer, arrays)
    assert layer.turn.tolist() == [-1 - 2j, -3 + 4j]


@pytest.mark.parametrize("kind", [k for k in TRAVELS_AS if k is not torch.complex32], ids=str)
def test_every_type_that_travels_is_one_that_a_file_of_arrays_holds(kind):
    layer = nn.Linear(1, 1)
    layer.register_buffer("table", torch.ones(2).to(kind))
    array = arrays_of(layer)["table"]
    assert array.dtype.kind in "fiub"
    load_arrays(layer, {**arrays_of(layer), "table": array})
    assert layer.table.dtype is kind


def test_a_reparametrised_weight_travels_as_what_is_trained_of_it():
    sent, received = (weight_norm(nn.Linear(3, 2)) for _ in range(2))
    assert Parts.of(sent).trained == {
        "bias", "parametrizations.weight.original0", "parametrizations.weight.original1",
    }  # fmt: skip
    rows = np.ones((2, 3), np.float32)
    assert not np.array_equal(outputs_of(sent, rows), outputs_of(received, rows))
    load_arrays(received, arrays_of(sent))
    np.testing.assert_array_equal(outputs_of(sent, rows), outputs_of(received, rows))


def test_of_an_adapter_only_the_small_matrices_travel():
    class Adapted(nn.Module):
        def __init__(self):
            super().__init__()
            self.base = nn.Linear(50, 40).requires_grad_(False)
            self.down = nn.Parameter(torch.randn(2, 50))
            self.up = nn.Parameter(torch.zeros(40, 2))

        def forward(self, x):
            return self.base(x) + x @ self.down.t() @ self.up.t()

    model = Adapted()
    arrays = arrays_of(model)
    assert {name: value.shape for name, value in arrays.items()} == {
        "down": (2, 50),
        "up": (40, 2),
    }
    base = model.base.weight.clone()
    load_arrays(model, {name: value + 1 for name, value in arrays.items()})
    assert torch.equal(model.base.weight, base)
    assert torch.equal(model.up.detach(), torch.ones(40, 2))


def test_a_trained_parameter_counts_before_what_shares_its_memory():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 2)
            weight = torch.zeros(2, 2)
            self.aside = nn.Parameter(weight, requires_grad=False)
            self.own = nn.Parameter(weight)
            self.register_buffer("view", self.inner.weight.data)

    parts = Parts.of(Shared())
    assert parts.trained == {"inner.weight", "inner.bias", "own"}
    assert set(parts.travelling) == parts.trained
    assert parts.tied == {"view": "inner.weight", "aside": "own"}
    assert not parts.frozen


class Picky(nn.Module):
    """One whose state is what a function makes of it."""

    def __init__(self, made):
        super().__init__()
        self.layer, self.head = nn.Linear(2, 2), nn.Linear(2, 2)
        self.made = made

    def state_dict(self, *given, **named):
        return self.made(super().state_dict(*given, **named))


def test_a_trained_parameter_that_the_state_calls_otherwise_travels():
    sent, received = (Picky(lambda s: {f"x.{n}": v for n, v in s.items()}) for _ in range(2))
    load_arrays(received, arrays_of(sent))
    assert torch.equal(received.head.weight, sent.head.weight)


# ── What is refused ─────────────────────────────────────────────────────────────────────────


def with_buffer(value):
    layer = nn.Linear(2, 1)
    layer.register_buffer("table", value)
    return layer


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nn.Linear(2, 1).requires_grad_(False), "none of its 2 parameters has requires_grad"),
        (nn.Identity(), "the model trains nothing: none of its 0 parameters"),
        (nn.LazyLinear(2), "array 'weight' of the model has no shape before it sees a row"),
        (
            nn.Linear(2, 1, device="meta"),
            "array 'weight' of the model has no values: its devi",
        ),
        (
            Picky(lambda s: {n: v for n, v in s.items() if n != "head.bias"}),
            "parameter 'head.bias' of the model is trained, and its state_dict leaves it out",
        ),
        (
            Picky(lambda s: {n: v.detach().clone() for n, v in s.items()}),
            "parameter 'layer.weight' of the model is trained, and its state_dict leaves it o",
        ),
        (with_buffer(torch.eye(2).to_sparse()), "torch.sparse_coo, which cannot be averaged"),
        (
            with_buffer(torch.zeros(2, dtype=torch.float4_e2m1fn_x2)),
            "array 'table' of the model is of torch.float4_e2m1fn_x2",
        ),
    ],
    ids=["frozen", "nothing", "lazy", "meta", "left-out", "copied", "sparse", "two-in-a-byte"],
)
def test_a_model_that_cannot_travel_is_refused_with_the_array(model, said):
    with pytest.raises(UnusableError) as caught:
        Parts.of(model)
    assert said in str(caught.value)


# ── Lazily made layers, types of rows ───────────────────────────────────────────────────────


def lazy():
    return nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(2))


def test_lazily_made_layers_take_their_shape_from_a_row_and_their_weights_from_the_seed():
    one, same, other = lazy(), lazy(), lazy()
    before = torch.get_rng_state()
    for model, seed in ((one, 1), (same, 1), (other, 2)):
        materialise(model, 5, seed)
        assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert one[0].weight.shape == (3, 5)
    assert int(one[1].num_batches_tracked) == 0
    first, again, differs = (values_hash(Parts.of(m).travelling) for m in (one, same, other))
    assert first == again != differs


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (nn.Linear(2, 1), torch.float32),
        (nn.Linear(2, 1).double(), torch.float64),
        (nn.Linear(2, 1).bfloat16(), torch.bfloat16),
        # Several types: the model turns its rows itself. Ids are no numbers to round.
        (nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1).bfloat16()), torch.float32),
        (nn.Sequential(nn.Embedding(9, 2), nn.Linear(2, 1)).bfloat16(), torch.float32),
    ],
    ids=["float32", "float64", "bfloat16", "several", "embedding"],
)
def test_rows_come_in_the_type_that_the_model_computes_in(model, kind):
    assert as_input(model, torch.zeros(3, 2)).dtype is kind


def test_a_narrow_model_is_asked_like_any_other():
    model = nn.Linear(2, 2).bfloat16()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        model.bias.zero_()
    found = outputs_of(model, np.array([[1, 1]], np.float32))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[3, 7]])
