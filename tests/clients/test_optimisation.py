"""Settings of the training loop: each step is as its formula has it."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.parametrizations import weight_norm

from anml_fl.datasets.prepare import Samples
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from anml_fl.settings.training import Training
from clients.cohort_perceptron import linear_layers
from clients.training import train


@pytest.fixture(autouse=True)
def _as_a_client_trains():
    with one_thread():
        yield


def values(n=24, width=3, seed=0):
    """Rows with a number to predict: a linear model's gradient is known in closed form."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width)).astype(np.float32)
    labels = (features @ [1.0, -2.0, 0.5] + 3 + rng.normal(0, 0.1, n)).astype(np.float32)
    return Samples(features, labels, 1)


def line(width=3):
    model = nn.Linear(width, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.3, -0.1, 0.8]]))
        model.bias.fill_(0.5)
    return model


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()]).double().numpy()


def after(settings, epochs):
    """Parameters after 1, 2, ... full-batch steps."""
    found = []
    for number in range(1, epochs + 1):
        model = line()
        chosen = settings.model_copy(update={"local_epochs": number, "batch_size": 100})
        train(model, values(), chosen, np.random.default_rng(0))
        found.append(flat(model))
    return found


def slope(w):
    """Gradient of the mean squared error, in float64."""
    samples = values()
    x = np.column_stack([samples.features.astype(float), np.ones(len(samples.labels))])
    return 2 * x.T @ (x @ w - samples.labels) / len(x)


START = flat(line())
RATE = 0.05


def test_momentum_and_weight_decay_are_sgds():
    settings = Training(learning_rate=RATE, momentum=0.9, weight_decay=0.3)
    w, speed = START, np.zeros(4)
    for found in after(settings, 4):
        speed = 0.9 * speed + slope(w) + 0.3 * w
        w = w - RATE * speed
        np.testing.assert_allclose(found, w, rtol=2e-5)


@pytest.mark.parametrize("decoupled", [False, True], ids=["adam", "adamw"])
def test_adam_is_kingmas_and_adamw_decays_apart(decoupled):
    decay = 0.2
    settings = Training(
        learning_rate=RATE, optimizer="adamw" if decoupled else "adam", weight_decay=decay
    )
    w, m, v = START, np.zeros(4), np.zeros(4)
    for t, found in enumerate(after(settings, 5), start=1):
        g = slope(w) if decoupled else slope(w) + decay * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        w = w - RATE * step - (RATE * decay * w if decoupled else 0)
        np.testing.assert_allclose(found, w, rtol=5e-5)


def test_fedprox_pulls_back_to_the_global_model():
    settings = Training(learning_rate=RATE, proximal=2.5)
    w = START
    for found in after(settings, 5):
        w = w - RATE * (slope(w) + 2.5 * (w - START))
        np.testing.assert_allclose(found, w, rtol=2e-5)


def test_fedproxs_minimum_is_where_its_two_slopes_meet():
    # Of ridge regression around the global model: (2/n X'X + mu I) (w - w0) = -slope(w0).
    samples, mu = values(), 4.0
    x = np.column_stack([samples.features.astype(float), np.ones(24)])
    bent = 2 * x.T @ x / 24 + mu * np.eye(4)
    wanted = START - np.linalg.solve(bent, slope(START))
    found = after(Training(learning_rate=0.1, proximal=mu), 60)[-1]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_clipping_holds_the_whole_gradients_norm_with_the_proximal_term():
    settings = Training(learning_rate=RATE, clip_norm=0.7, proximal=1.5)
    w = START
    for found in after(settings, 6):
        g = slope(w) + 1.5 * (w - START)
        w = w - RATE * g * min(1.0, 0.7 / np.linalg.norm(g))
        np.testing.assert_allclose(found, w, rtol=2e-5)
    assert np.linalg.norm(slope(START)) > 0.7


def test_frozen_parameters_neither_move_nor_decay(make_samples):
    model = nn.Sequential(nn.Linear(3, 5).requires_grad_(False), nn.Linear(5, 4))
    before = copy.deepcopy(model)
    for settings in (
        Training(weight_decay=0.5, momentum=0.5),
        Training(optimizer="adamw", weight_decay=0.5, proximal=1.0, clip_norm=1.0),
    ):
        train(model, make_samples(), settings, np.random.default_rng(0))
    assert torch.equal(model[0].weight, before[0].weight)
    assert not torch.equal(model[1].weight, before[1].weight)


# ── The schedule ────────────────────────────────────────────────────────────────────────────


def test_the_rate_falls_over_the_rounds_as_its_formula_says():
    rounds = range(1, 9)
    for schedule, rate in {
        "constant": lambda t: 0.4,
        "linear": lambda t: 0.4 * (9 - t) / 8,
        "cosine": lambda t: 0.2 + 0.2 * math.cos(math.pi * (t - 1) / 8),
    }.items():
        settings = Training(rounds=8, learning_rate=0.4, schedule=schedule)
        found = [settings.in_round(t).learning_rate for t in rounds]
        assert found == pytest.approx([rate(t) for t in rounds])
    assert Training().in_round(3) is not None
    one = Training()
    assert one.in_round(3) is one


# ── The quick way ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "chosen",
    [
        {"momentum": 0.8},
        {"weight_decay": 0.1},
        {"proximal": 1.0},
        {"clip_norm": 0.1},
        {"optimizer": "adam"},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"momentum": 0.8, "weight_decay": 0.1, "proximal": 1.0, "clip_norm": 0.1},
    ],
    ids="-".join,
)
def test_a_perceptron_takes_pytorchs_steps_but_for_rounding(make_samples, chosen):
    settings = Training(local_epochs=2, batch_size=16, learning_rate=0.01, **chosen)
    quick = build("mlp", 3, None, 4, seed=0)
    start = flat(quick)
    # A hook that does nothing sends the same layers through autograd and torch.optim.
    plain = copy.deepcopy(quick)
    plain.register_forward_hook(lambda *_: None)
    for model in (quick, plain):
        train(model, make_samples(), settings, np.random.default_rng(1))
    moved = np.linalg.norm(flat(plain) - start)
    # Adam divides by the gradient's own size: of one that is all but 0 the sign is rounding.
    within = 1e-3 if settings.optimizer != "sgd" else 1e-5
    assert np.linalg.norm(flat(quick) - flat(plain)) < within * moved


class _Doubled(nn.Sequential):
    def forward(self, rows):
        return 2 * super().forward(rows)


class _Cut(nn.Linear):
    def forward(self, rows):
        return super().forward(rows).clamp(-1, 1)


def _layers():
    return nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4)


def _hooked():
    model = nn.Sequential(*_layers())
    model[0].register_forward_hook(lambda _, __, found: found + 1)
    return model


def _same_twice():
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.ReLU(), layer)


@pytest.mark.parametrize(
    "make",
    [
        lambda: _Doubled(*_layers()),
        lambda: nn.Sequential(_Cut(3, 5), nn.ReLU(), nn.Linear(5, 4)),
        lambda: nn.Sequential(weight_norm(nn.Linear(3, 5)), nn.ReLU(), nn.Linear(5, 4)),
        _hooked,
        _same_twice,
        lambda: nn.Sequential(*_layers()).double(),
        lambda: nn.Sequential(*_layers()).bfloat16(),
    ],
    ids=["class", "layer", "weight-norm", "hook", "tied", "float64", "bfloat16"],
)
def test_what_only_looks_like_a_perceptron_is_none(make_samples, make):
    model = make()
    assert not linear_layers(model)
    samples = make_samples(classes=3 if model[-1].out_features == 3 else 4)
    wanted = copy.deepcopy(model)
    settings = Training(local_epochs=1, batch_size=60, learning_rate=0.5)
    order = torch.from_numpy(np.random.default_rng(0).permutation(60))
    kind = next(model.parameters()).dtype
    rows, labels = torch.from_numpy(samples.features), torch.from_numpy(samples.labels)
    logits = wanted(rows[order].to(kind))
    cross_entropy(logits.double(), labels[order]).backward()
    train(model, samples, settings, np.random.default_rng(0))
    for mine, theirs in zip(model.parameters(), wanted.parameters(), strict=True):
        moved = theirs.detach() - 0.5 * theirs.grad
        tolerance = 0.03 if kind is torch.bfloat16 else 1e-5
        torch.testing.assert_close(mine.detach(), moved, rtol=tolerance, atol=tolerance)


# ── Batches, chance ─────────────────────────────────────────────────────────────────────────


def test_a_last_batch_of_one_row_joins_the_one_before_where_a_layer_needs_two(make_samples):
    sizes = []

    def model():
        layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        layers.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
        return layers

    settings = Training(local_epochs=1, batch_size=4)
    train(model(), make_samples(n=9), settings, np.random.default_rng(0))
    assert sizes == [4, 5]
    sizes.clear()
    plain = nn.Sequential(nn.Linear(3, 4))
    plain.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    train(plain, make_samples(n=9), settings, np.random.default_rng(0))
    assert sizes == [4, 4, 1]


def test_of_one_row_in_all_the_global_models_statistics_are_taken(make_samples):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    with torch.no_grad():
        model[1].running_mean.fill_(0.25)
    before = copy.deepcopy(model)
    train(model, make_samples(n=1), Training(local_epochs=2), np.random.default_rng(0))
    assert torch.equal(model[1].running_mean, before[1].running_mean)
    assert not torch.equal(model[0].weight, before[0].weight)


def test_dropout_is_the_same_again_and_leaves_torchs_generator_alone(make_samples):
    def trained(seed):
        model = nn.Sequential(nn.Linear(3, 30), nn.Dropout(0.5), nn.Linear(30, 4))
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for one in model.parameters():
                one.copy_(torch.randn(one.shape, generator=generator))
        before = torch.get_rng_state()
        train(model, make_samples(), Training(local_epochs=2), np.random.default_rng(seed))
        assert torch.equal(torch.get_rng_state(), before)
        return flat(model)

    one = trained(1)
    np.testing.assert_array_equal(trained(1), one)
    assert not np.array_equal(trained(2), one)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("weighed", [False, True])
def test_models_of_other_types_learn(make_samples, kind, weighed):
    samples = make_samples(n=200)
    model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 4)).to(kind)
    settings = Training(local_epochs=20, weight_classes=weighed)
    train(model, samples, settings, np.random.default_rng(0))
    assert next(model.parameters()).dtype is kind
    found = model(torch.from_numpy(samples.features).to(kind)).argmax(1).numpy()
    assert (found == samples.labels).mean() > 0.85


# ── Settings ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_momentum_with_an_optimiser_of_its_own_moments_is_refused(optimizer):
    with pytest.raises(ConfigError) as caught:
        from_flat({"optimizer": optimizer, "momentum": 0.9})
    assert str(caught.value) == (
        f"training: momentum is SGD's, and {optimizer} has moments of its own: it must be 0"
        " with it, got 0.9; or give optimizer = sgd"
    )
    assert from_flat({"optimizer": optimizer}).training.optimizer == optimizer
