"""Cohorts of models of any architecture: stacked where they can be, one by one where not."""

from __future__ import annotations

import copy
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import vmap
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from anml_fl.datasets.prepare import Samples
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of
from anml_fl.settings.training import Training
from clients.cohort_attention import WrittenOut
from clients.cohort_batches import batch_rows, groups
from clients.cohort_training import Held, cohort_kind, train_cohort


def parts_of(counts, width=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Samples(
            rng.normal(size=(n, width)).astype(np.float32),
            rng.integers(classes, size=n),
            classes,
        )
        for n in counts
    ]


def orders(models):
    return [np.random.default_rng(i) for i in range(models)]


class _Residual(nn.Module):
    """Somebody's own: a module with a forward, a buffer, a frozen layer, a lone number."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.frozen = nn.Linear(6, 6).requires_grad_(False)
        self.scale = nn.Parameter(torch.tensor(0.7))
        self.normalise = nn.LayerNorm(6)
        self.register_buffer("shift", torch.full((6,), 0.1))
        self.last = nn.Linear(6, 3)

    def forward(self, rows):
        rows = rows + self.scale * torch.tanh(self.frozen(self.first(rows))) + self.shift
        return self.last(self.normalise(rows))


class _Words(nn.Module):
    """Token ids, of which 0 fills rows up and learns nothing."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8, padding_idx=0)
        self.last = nn.Linear(8, 3)

    def forward(self, rows):
        return self.last(self.words(rows.long()).mean(1))


class _Sentences(nn.Module):
    """PyTorch's own encoder: tokens, of which 0 is not attended to, and nothing dropped."""

    def __init__(self, *, masked=True, dropout=0.0):
        super().__init__()
        self.masked = masked
        self.words = nn.Embedding(20, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=dropout, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.last = nn.Linear(8, 3)

    def forward(self, rows):
        tokens = rows.long()
        empty = tokens == 0 if self.masked else None
        return self.last(self.encoder(self.words(tokens), src_key_padding_mask=empty).mean(1))


class _Branches(nn.Module):
    """Takes another way for some rows: nothing that can be worked out together."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 3), nn.Linear(6, 3)

    def forward(self, rows):
        return self.first(rows) if rows.sum() > 0 else self.second(rows)


class _Mixes(nn.Module):
    """What it says of a row depends on the others."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 3)

    def forward(self, rows):
        return self.last(rows - rows.mean(0))


class _Counts(nn.Module):
    """Counts its batches in a buffer."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 3)
        self.register_buffer("batches", torch.zeros(1))

    def forward(self, rows):
        self.batches += 1
        return self.last(rows)


class _Spare(nn.Module):
    """Has a layer that is never asked: no optimiser moves it, weight decay or not."""

    def __init__(self):
        super().__init__()
        self.last, self.spare = nn.Linear(6, 3), nn.Linear(2, 2)

    def forward(self, rows):
        return self.last(rows)


def _tied():
    model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 3))
    model[2].weight = model[0].weight
    return model


def by_autograd(model, part, settings, order):
    """Train with torch.optim in float64; what it is in the end."""
    own = copy.deepcopy(model).double().train()
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    trained = [one for one in own.parameters() if one.requires_grad]
    optimiser = kinds[settings.optimizer](
        trained, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    words = any(isinstance(layer, nn.Embedding) for layer in own.modules())
    x = torch.from_numpy(part.features).to(torch.float32 if words else torch.float64)
    y = torch.from_numpy(part.labels)
    for _ in range(settings.local_epochs):
        for batch in torch.from_numpy(order.permutation(len(y))).split(settings.batch_size):
            optimiser.zero_grad()
            cross_entropy(own(x[batch]), y[batch]).backward()
            optimiser.step()
    return {name: one.astype(np.float64) for name, one in arrays_of(own).items()}


STACKED = {
    "own": _Residual,
    "tanh": lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)),
    "float64": lambda: nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).double(),
    "no-bias": lambda: nn.Sequential(nn.Linear(6, 3, bias=False)),
    "words": _Words,
    "transformer": lambda: build("transformer", 6, None, 3, seed=0, vocabulary=9),
    "encoder": _Sentences,
    "encoder-unmasked": lambda: _Sentences(masked=False),
}
OF_TOKENS = ("words", "transformer", "encoder", "encoder-unmasked", "encoder-dropout")
ALONE = {
    "statistics": lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)),
    "dropout": lambda: nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.4), nn.Linear(4, 3)),
    "branches": _Branches,
    "mixes": _Mixes,
    "counts": _Counts,
    "spare": _Spare,
    "tied": _tied,
    "bfloat16": lambda: nn.Sequential(nn.Linear(6, 3)).bfloat16(),
    "strides": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 2, 2, stride=2), nn.Flatten(), nn.Linear(8, 3)
    ),
    "encoder-dropout": lambda: _Sentences(dropout=0.2),
}


def rows_for(name, counts):
    if name not in OF_TOKENS:
        return parts_of(counts, 16 if name == "strides" else 6)
    rng = np.random.default_rng(4)
    return [
        Samples(rng.integers(9, size=(n, 6)).astype("f4"), rng.integers(3, size=n), 3)
        for n in counts
    ]


@pytest.mark.parametrize("name", STACKED)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_models_side_by_side_take_pytorchs_steps(name, optimizer):
    torch.manual_seed(0)
    model = STACKED[name]()
    settings = Training(
        local_epochs=2, batch_size=8, learning_rate=0.05, optimizer=optimizer, weight_decay=0.1
    )
    parts = rows_for(name, (3, 20, 8, 1, 33))
    assert cohort_kind(model, settings, parts[0]) == "functional"
    found = train_cohort(model, parts, settings, orders(5))
    assert list(found) == list(arrays_of(model))
    start = arrays_of(model)
    for place, part in enumerate(parts):
        exact = by_autograd(model, part, settings, orders(5)[place])
        for key, one in exact.items():
            # Attention does not depend on the bias of keys: Adam takes rounding for a slope.
            if optimizer == "adamw" and key.endswith(("key.bias", "in_proj_bias")):
                continue
            assert found[key].dtype == start[key].dtype
            moved = max(float(np.abs(one - start[key]).max()), 1e-3)
            # Adam divides by the gradient's own size, where it is all but 0 by rounding.
            within = (1e-4 if optimizer == "sgd" else 1e-2) * moved
            np.testing.assert_allclose(found[key][place], one, atol=within, rtol=0)


@pytest.mark.parametrize("name", ALONE)
def test_what_cannot_be_stacked_is_trained_one_by_one_and_called_so(name):
    torch.manual_seed(0)
    model = ALONE[name]()
    settings = Training(local_epochs=2, batch_size=8, weight_decay=0.1)
    parts = rows_for(name, (12, 20, 10))
    before = {key: one.copy() for key, one in arrays_of(model).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cohort_kind(model, settings, parts[0]) == "alone"
        found = train_cohort(model, parts, settings, orders(3))
    for key, one in arrays_of(model).items():
        np.testing.assert_array_equal(one, before[key])
    if name in ("dropout", "encoder-dropout", "bfloat16"):
        return
    for place, part in enumerate(parts):
        exact = by_autograd(model, part, settings, orders(3)[place])
        for key, one in exact.items():
            np.testing.assert_allclose(found[key][place], one, atol=2e-4)


def test_on_two_threads_models_side_by_side_learn_the_same(monkeypatch):
    torch.manual_seed(0)
    # What threads do to each other must not be taken for a model that cannot be stacked.
    monkeypatch.setattr("clients.cohort_training._one_by_one", None)
    model, settings = STACKED["tanh"](), Training(local_epochs=20, batch_size=4)
    parts, before = parts_of([12] * 40), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(train_cohort(model, parts, settings, orders(40)))
    finally:
        torch.set_num_threads(before)
    for name, one in found[0].items():
        np.testing.assert_allclose(found[1][name], one, atol=1e-5)


def test_of_a_word_that_fills_up_nothing_is_learnt():
    model = _Words()
    with torch.no_grad():
        model.words.weight[0] = 0.5
    found = train_cohort(model, rows_for("words", (20, 20)), Training(), orders(2))
    assert (found["words.weight"][:, 0] == 0.5).all()
    assert (found["words.weight"][:, 1:9] != model.words.weight[1:9].detach().numpy()).any()


def test_the_global_model_stays_as_it_is():
    for make in (STACKED["tanh"], lambda: build("mlp", 6, None, 3, seed=0)):
        model = make().eval()
        before = arrays_of(model)
        train_cohort(model, parts_of((5, 9)), Training(), orders(2))
        assert not any(layer.training for layer in model.modules())
        for key, one in arrays_of(model).items():
            np.testing.assert_array_equal(one, before[key])


def test_held_rows_are_taken_again_and_changed_ones_are_not():
    model, settings, held = build("mlp", 6, None, 3, seed=0), Training(local_epochs=1), Held()
    parts = parts_of((8, 5, 9))
    like = next(model.parameters())
    first = held.table(parts, 3, like)
    assert held.table(list(parts), 3, like) is first
    poisoned = [parts[0], parts_of((5,), seed=7)[0], parts[2]]
    for given in (parts, poisoned, parts[1:], poisoned):
        wanted = train_cohort(model, given, settings, orders(len(given)))
        found = train_cohort(model, given, settings, orders(len(given)), held)
        for key, one in wanted.items():
            np.testing.assert_array_equal(found[key], one)
    assert held.table(parts, 3, like.double()).dtype is torch.float64


def test_batches_are_filled_up_by_little_and_by_a_contributors_own_count_alone():
    for size in (1, 7, 8, 32, 1000):
        for n in range(1, 400):
            rows = batch_rows(n, size)
            assert min(n, size) <= rows <= size
            assert rows - min(n, size) < max(8, math.ceil(n / 4))
    counts = [3, 100, 40, 5, 33, 100]
    assert sorted(i for one in groups(counts, 32) for i in one.members) == list(range(6))
    for one in groups(counts, 32):
        steps = [-(-counts[i] // one.rows) for i in one.members]
        assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize(
    ("parts", "given", "said"),
    [
        ([], 0, "at least one contributor needs samples and an order, got 0 samples"),
        (parts_of((3, 4)), 1, "got 2 samples and 1 orders"),
        (parts_of((3, 0)), 2, "part 1 has none"),
        (parts_of((30,), classes=9), 1, "labels must be classes of the model, 0 to 2"),
    ],
)
def test_what_does_not_fit_is_said(parts, given, said):
    with pytest.raises(ValueError, match=said):
        train_cohort(build("mlp", 6, None, 3, seed=0), parts, Training(), orders(given))


@pytest.mark.parametrize("mask", ["bool", "float", "causal", "none", "blind"])
def test_attention_by_products_is_pytorchs_for_each_of_many(mask):
    torch.manual_seed(1)
    shape = (3, 2, 4, 5, 6)  # models, rows, heads, positions, width
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    seen = torch.rand(3, 2, 1, 5, 5) < 0.6
    seen[..., 0] = True
    if mask == "blind":
        seen[1, 0, 0, 2] = False
    masks = {"float": torch.randn(3, 2, 1, 5, 5, dtype=torch.float64), "bool": seen}
    own = masks.get(mask, seen if mask == "blind" else None)
    if mask == "float":
        own = own.masked_fill(~seen, -torch.inf).requires_grad_()
    causal, slope = mask == "causal", torch.randn(shape, dtype=torch.float64)

    def attend(query, key, value, here=None):
        return scaled_dot_product_attention(query, key, value, here, is_causal=causal)

    learnt = given if mask != "float" else [*given, own]
    inputs = given if own is None else [*given, own]
    with WrittenOut():
        found = vmap(attend)(*inputs)
    slopes = torch.autograd.grad(found, learnt, slope)
    for i in range(3):
        alone = [one[i].detach().requires_grad_(one.requires_grad) for one in inputs]
        wanted = attend(*alone)
        torch.testing.assert_close(found[i], wanted)
        exact = torch.autograd.grad(wanted, [a for a in alone if a.requires_grad], slope[i])
        for one, its in zip(slopes, exact, strict=True):
            torch.testing.assert_close(one[i], its)
