"""A root set: what many models say of it, what training on it does, and that no row shows."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from torch import nn

from anml_fl.models.build import build
from anml_fl.models.many_models import Answering
from anml_fl.models.parts import Parts
from anml_fl.models.root_set import RootSet
from anml_fl.models.state import arrays_of
from anml_fl.models.trusted_rows import RootSetError

ROWS, MODELS = 24, 7


class Tied(nn.Module):
    """The last layer is the first one's, turned."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 4, bias=False)
        self.last.weight = self.first.weight

    def forward(self, rows):
        return self.last(torch.tanh(self.first(rows)))


class Counting(nn.Module):
    """It does not go by its parameters alone."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, rows):
        weight = next(iter(self.parameters()))
        if weight.sum().item() > 0:  # no tensor program
            return self.layer(rows)
        return -self.layer(rows)


class Stubborn(nn.Module):
    """It looks its weights up where nobody can put others."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.mine = [self.layer.weight]

    def forward(self, rows):
        return rows @ self.mine[0].T


def batch_norm():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4))


def dropout():
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 4))


def frozen():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
    model[0].requires_grad_(False)
    return model


def shipped(name, features, image=None, vocabulary=0):
    return lambda: build(name, features, image, 4, 0, vocabulary=vocabulary)


KINDS = {
    "mlp": (shipped("mlp", 4), (4,)),
    "logistic": (shipped("logistic", 4), (4,)),
    "cnn": (shipped("cnn", 64, (1, 8, 8)), (64,)),
    "batch norm": (batch_norm, (4,)),
    "dropout": (dropout, (4,)),
    "tied": (Tied, (4,)),
    "frozen": (frozen, (4,)),
    "not as a program": (Counting, (4,)),
    "stubborn": (Stubborn, (4,)),
    "bfloat16": (lambda: nn.Linear(4, 4).bfloat16(), (4,)),
    "float64": (lambda: nn.Linear(4, 4).double(), (4,)),
    "convolution": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 4)),
        (1, 4, 4),
    ),
}


def root_of(model, shape=(4,), classes=4, **more):
    rng = np.random.default_rng(3)
    features = rng.normal(size=(ROWS, *shape)).astype(np.float32)
    return RootSet(model, features, np.arange(ROWS) % classes, classes, **more)


def changed(arrays, judged, models=MODELS):
    rng = np.random.default_rng(5)
    return {
        name: np.stack(
            [arrays[name] + rng.normal(0, 0.3, arrays[name].shape)] * models
        ).astype(arrays[name].dtype)
        + rng.normal(0, 0.2, (models, *arrays[name].shape)).astype(arrays[name].dtype)
        for name in judged
    }


@pytest.mark.parametrize("kind", KINDS)
def test_many_models_say_what_each_says_alone(kind):
    torch.manual_seed(0)
    make, shape = KINDS[kind]
    model = make()
    rows, arrays = root_of(model, shape), arrays_of(model)
    if kind == "batch norm":
        arrays = {n: a + 1 if "running" in n else a for n, a in arrays.items()}
    many = changed(arrays, Parts.of(model).judged)
    found = rows.outputs_of_many(arrays, many)
    for place in range(MODELS):
        one = {**arrays, **{name: array[place] for name, array in many.items()}}
        np.testing.assert_allclose(found[place], rows.outputs(one), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "together"),
    [
        ("mlp", True),
        ("batch norm", True),
        ("tied", True),
        ("frozen", True),
        ("not as a program", False),
        ("stubborn", False),
    ],
)
def test_what_can_be_asked_together_is(kind, together):
    make, shape = KINDS[kind]
    model = make()
    own = root_of(model, shape)._answering
    arrays = arrays_of(model)
    many = changed(arrays, Parts.of(model).judged)
    assert own._plain(many)
    assert (own._together(arrays, many) is not None) == together


def test_a_transformer_of_tokens_is_asked_as_it_is():
    model = build("transformer", 6, None, 4, 0, vocabulary=30)
    tokens = np.random.default_rng(0).integers(1, 30, (ROWS, 6))
    rows, arrays = RootSet(model, tokens, np.arange(ROWS) % 4, 4), arrays_of(model)
    many = changed(arrays, Parts.of(model).judged)
    found = rows.outputs_of_many(arrays, many)
    one = {**arrays, **{name: array[2] for name, array in many.items()}}
    np.testing.assert_allclose(found[2], rows.outputs(one), rtol=1e-4, atol=1e-4)


def test_asking_changes_neither_the_model_that_was_given_nor_chance():
    model = dropout()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows, arrays = root_of(model), arrays_of(model)
    state = torch.random.get_rng_state()
    rows.outputs_of_many(arrays, changed(arrays, before))
    rows(arrays)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(value, model.state_dict()[n]) for n, value in before.items())


def test_a_thousand_small_models_are_asked_in_a_blink_and_in_parts():
    model = build("mlp", 64, None, 10, 0)
    rng = np.random.default_rng(0)
    rows = RootSet(model, rng.normal(size=(80, 64)).astype(np.float32), np.arange(80) % 10, 10)
    arrays = arrays_of(model)
    many = {name: np.stack([array] * 1000) for name, array in arrays.items()}
    together, each = [], []
    for _ in range(3):
        started = time.process_time()
        found = rows.outputs_of_many(arrays, many)
        together.append(time.process_time() - started)
        started = time.process_time()
        for _ in range(200):
            rows.outputs(arrays)
        each.append((time.process_time() - started) * 5)
    assert np.ptp(found, axis=0).max() < 1e-5
    # Not by a clock alone: that is the processor's. Here it is 1 to 14.
    assert min(together) < min(each) / 4


def test_nobody_is_asked_for_nothing():
    own = Answering.of(nn.Linear(4, 4), np.zeros((5, 4), np.float32), 4)
    empty = {"weight": np.empty((0, 4, 4), np.float32)}
    assert own.outputs(arrays_of(nn.Linear(4, 4)), empty).shape == (0, 5, 4)


def test_training_takes_full_steps_down_the_loss():
    model = nn.Linear(2, 1)
    rng = np.random.default_rng(1)
    features, values = rng.normal(size=(30, 2)), rng.normal(size=30)
    rows = RootSet(model, features, values, 1, learning_rate=0.05)
    # By hand, in float64: five steps of least squares.
    w, b = (arrays_of(model)[n].astype(float) for n in ("weight", "bias"))
    for _ in range(5):
        left = features @ w[0] + b[0] - values
        w = w - 0.05 * 2 * (left @ features / 30)
        b = b - 0.05 * 2 * left.mean()
    trained = rows(arrays_of(model))
    np.testing.assert_allclose(trained["weight"], w, atol=1e-5)
    np.testing.assert_allclose(trained["bias"], b, atol=1e-5)


def test_no_row_and_no_label_is_shown():
    rows = root_of(nn.Linear(4, 4), about="24 rows of ours")
    assert repr(rows) == str(rows) == "RootSet(24 rows of ours, 4 classes)"
    values = RootSet(nn.Linear(1, 1), np.arange(20.0)[:, None], np.arange(20.0), 1)
    assert repr(values) == "RootSet(20 rows of the server's, values)"


def test_tensors_and_lists_are_rows_too_and_copies_count_once():
    features, labels = torch.randn(40, 4), torch.arange(40) % 4
    features[4] = features[0]
    rows = RootSet(nn.Linear(4, 4), features, labels, 4)
    assert rows.labels.size == 39
    assert rows.about == "39 rows of the server's"
    assert rows.notes == ("1 row that is there already counted once",)
    listed = RootSet(nn.Linear(4, 4), features[:24].tolist(), labels[:24].tolist(), 4)
    assert listed.features.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classes": 5}, "lack class 4"),
        ({"classes": 5, "needed": range(4)}, r"outputs of shape \(2, 5\), got \(2, 4\)"),
        ({"classes": 0}, "classes must be 1 or more, got 0"),
        ({"classes": 4.0}, "classes must be a whole number, 1 for values, got 4.0"),
        ({"classes": True}, "classes must be a whole number"),
        ({"model": nn.Linear(5, 4)}, r"fails on rows of shape \(2, 4\), float32 \(RuntimeErr"),
        ({"model": "mlp"}, "model must be a torch.nn.Module, got str"),
        ({"features": [["a"] * 4] * 24}, "features must be real numbers"),
        ({"features": [[1.0], [1.0, 2.0]]}, "must be arrays of numbers, got list"),
    ],
)
def test_what_does_not_fit_is_told(change, told):
    fields = {
        "model": nn.Linear(4, 4),
        "features": np.random.default_rng(0).normal(size=(24, 4)),
        "labels": np.arange(24) % 4,
        "classes": 4,
    }
    with pytest.raises(RootSetError, match=told):
        RootSet(**fields | change)


def test_a_model_that_quotes_its_rows_is_not_quoted():
    class Quoting(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, rows):
            raise ValueError(f"bad rows {rows.tolist()}")

    with pytest.raises(RootSetError) as caught:
        root_of(Quoting())
    assert "ValueError" in str(caught.value)
    assert "bad rows" not in str(caught.value)
    assert caught.value.__suppress_context__
