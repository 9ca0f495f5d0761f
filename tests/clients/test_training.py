"""Local training: SGD on cross-entropy, by hand in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of
from anml_fl.settings.training import Training
from clients.training import train


def linear(width, classes):
    model = nn.Linear(width, classes)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def step(weight, bias, x, y, rate):
    """One step of SGD on mean cross-entropy: d loss / d logits = (softmax - onehot) / n."""
    logits = x @ weight.T + bias
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    slope = (p - np.eye(len(bias))[y]) / len(y)
    return weight - rate * slope.T @ x, bias - rate * slope.sum(axis=0)


def trained(samples, settings, seed=0):
    model = linear(samples.features.shape[1], samples.classes)
    train(model, samples, settings, np.random.default_rng(seed))
    return model


def by_hand(samples, settings, seed=0):
    arrays = arrays_of(linear(samples.features.shape[1], samples.classes))
    w, b = arrays["weight"].astype(np.float64), arrays["bias"].astype(np.float64)
    rng, x = np.random.default_rng(seed), samples.features.astype(np.float64)
    for _ in range(settings.local_epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), settings.batch_size):
            batch = order[start : start + settings.batch_size]
            w, b = step(w, b, x[batch], samples.labels[batch], settings.learning_rate)
    return w, b


@pytest.mark.parametrize(
    "settings",
    [
        Training(local_epochs=1, batch_size=60, learning_rate=0.3),  # one step
        Training(local_epochs=1, batch_size=7, learning_rate=0.05),  # with a rest of 4
        Training(local_epochs=4, batch_size=16, learning_rate=0.05),
        Training(local_epochs=2, batch_size=1000, learning_rate=0.3),
    ],
    ids=["one-step", "with-rest", "epochs", "full-batch"],
)
def test_linear_model_moves_as_the_closed_form_says(make_samples, settings):
    samples = make_samples()
    model = trained(samples, settings)
    weight, bias = by_hand(samples, settings)
    np.testing.assert_allclose(model.weight.detach(), weight, atol=2e-5)
    np.testing.assert_allclose(model.bias.detach(), bias, atol=2e-5)


def bytes_of(model):
    return b"".join(array.tobytes() for array in arrays_of(model).values())


def test_same_generator_same_bytes_and_another_another_order(make_samples):
    samples, settings = make_samples(), Training(local_epochs=1, batch_size=8)
    assert bytes_of(trained(samples, settings, 1)) == bytes_of(trained(samples, settings, 1))
    assert bytes_of(trained(samples, settings, 1)) != bytes_of(trained(samples, settings, 2))


def test_order_of_every_epoch_is_drawn_anew(make_samples):
    samples, settings = make_samples(), Training(local_epochs=3)
    generator, other = np.random.default_rng(4), np.random.default_rng(4)
    train(linear(3, 4), samples, settings, generator)
    for _ in range(3):
        other.permutation(60)
    assert generator.random() == other.random()


def test_torchs_generator_and_the_samples_are_left_alone(make_samples):
    samples = make_samples()
    before = torch.get_rng_state(), samples.features.tobytes(), samples.labels.tobytes()
    model = build("mlp", 3, None, 4, seed=0)
    train(model, samples, Training(), np.random.default_rng(0))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (samples.features.tobytes(), samples.labels.tobytes()) == before[1:]


def test_model_trains_in_training_mode(make_samples):
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 4)).eval()
    settings = Training(local_epochs=2, batch_size=20)
    train(model, make_samples(), settings, np.random.default_rng(0))
    assert int(model[0].num_batches_tracked) == 6


def test_each_step_forgets_the_gradient_of_the_last(make_samples):
    # Left over, gradients of two full-batch steps would add up to nearly thrice one step.
    samples = make_samples()
    gentle = Training(batch_size=60, learning_rate=1e-3)
    start = arrays_of(linear(3, 4))["weight"]
    once, twice = (
        np.linalg.norm(
            arrays_of(trained(samples, gentle.model_copy(update={"local_epochs": n})))[
                "weight"
            ]
            - start
        )
        for n in (1, 2)
    )
    assert twice / once == pytest.approx(2, abs=0.05)


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("two_threads")
def test_one_thread_is_for_the_block_alone():
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_one_thread_gives_the_threads_back_after_an_exception():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert torch.get_num_threads() == 2
