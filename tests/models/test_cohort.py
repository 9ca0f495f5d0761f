"""Cohorts: as PyTorch trains one by one, whatever the neighbours and threads.

Two ways of doing the same sums agree in float64, where rounding is far below any mistake;
bits are compared where one call is made twice.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from anml_fl.models import backpropagation
from anml_fl.models.build import build
from anml_fl.models.chunks import on_all_threads
from anml_fl.models.cohort import (
    Cohort,
    Minibatches,
    error_rates,
    initial,
    module,
    predict,
    train,
)


def plain(start, features, targets, *, epochs, batch_size=None, orders=None, squared=False):
    """Train with autograd and torch.optim.Adam, model after model."""
    models = []
    for i in range(len(start)):
        x = features if features.ndim == 2 else features[i]
        y = targets if targets.ndim == 1 else targets[i]
        model = module(start, i)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
        for epoch in range(epochs):
            order = torch.arange(len(x))
            if orders is not None:
                order = orders[epoch] if orders.ndim == 2 else orders[i, epoch]
            for rows in order.split(batch_size or len(x)):
                optimiser.zero_grad()
                out = model(x[rows])
                if squared:
                    loss = nn.functional.mse_loss(out.squeeze(1), y[rows])
                else:
                    loss = nn.functional.cross_entropy(out, y[rows])
                loss.backward()
                optimiser.step()
        models.append(model)
    return models


def assert_equals(cohort, models, atol):
    assert len(cohort) == len(models)
    for i, model in enumerate(models):
        ours = module(cohort, i)
        for a, b in zip(ours.parameters(), model.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=atol)


def tensors(cohort):
    return (*cohort.weights, *cohort.biases)


def assert_near(one, other):
    """But for rounding, in float64."""
    for a, b in zip(tensors(one), tensors(other), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


def same(one, other):
    """To the last bit: where one call was made twice."""
    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


def problem(models, n, sizes, seed=0, dtype=torch.float64):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(models, n, sizes[0], generator=rng, dtype=dtype)
    y = torch.randint(0, sizes[-1], (models, n), generator=rng)
    return initial(range(models), sizes).to(dtype), x, y


@pytest.fixture(autouse=True)
def threads():
    """Start with one of torch's threads, set more, and leave as many as there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch.set_num_threads
    torch.set_num_threads(before)


# ── Against PyTorch, one by one ──────────────────────────────────────────────────────────────


@settings(max_examples=25)
@given(data=st.data())
def test_training_is_adams_on_every_model(data):
    hidden = data.draw(st.lists(st.integers(1, 9), max_size=3))
    squared = data.draw(st.booleans())
    d, outputs = data.draw(st.integers(1, 6)), 1 if squared else data.draw(st.integers(1, 4))
    models, n, epochs = (data.draw(st.integers(1, most)) for most in (3, 9, 3))
    batch_size = data.draw(st.none() | st.integers(1, 10))
    shares_x, shares_y, shares_order = (data.draw(st.booleans()) for _ in range(3))
    rng = torch.Generator().manual_seed(data.draw(st.integers(0, 999)))
    start = initial(range(models), (d, *hidden, outputs)).to(torch.float64)
    x = torch.randn(models, n, d, generator=rng, dtype=torch.float64)
    y = torch.randint(0, outputs, (models, n), generator=rng)
    if squared:
        y = torch.randn(models, n, generator=rng, dtype=torch.float64)
    orders = None
    if batch_size is not None and data.draw(st.booleans()):
        orders = torch.rand(models, epochs, n, generator=rng).argsort(2)
        orders = orders[0] if shares_order else orders
    x, y = (x[0] if shares_x else x), (y[0] if shares_y else y)
    trained = train(
        start,
        x,
        y,
        epochs=epochs,
        learning_rate=0.01,
        batches=None if batch_size is None else Minibatches(batch_size, orders),
        loss="squared" if squared else "cross_entropy",
    )
    one_by_one = plain(
        start, x, y, epochs=epochs, batch_size=batch_size, orders=orders, squared=squared
    )
    assert_equals(trained.final, one_by_one, atol=1e-10)


@pytest.mark.parametrize("squared", [False, True])
def test_gradients_of_several_blocks_add_up(monkeypatch, squared):
    monkeypatch.setattr(backpropagation, "_BLOCK_BYTES", 1)
    sizes = (5, 8, 6, 1 if squared else 3)
    assert backpropagation.block_rows(sizes, 45, torch.float64) == 15
    start, x, y = problem(2, 47, sizes)
    if squared:
        y = x[:, :, 0]
    loss = "squared" if squared else "cross_entropy"
    trained = train(start, x, y, epochs=5, learning_rate=0.01, loss=loss)
    assert_equals(trained.final, plain(start, x, y, epochs=5, squared=squared), atol=1e-10)


def test_long_training_agrees():
    start, x, y = problem(2, 30, (13, 64, 32, 3))
    trained = train(start, x, y, epochs=100, learning_rate=0.01)
    assert_equals(trained.final, plain(start, x, y, epochs=100), atol=1e-10)


def test_float32_agrees_to_its_precision():
    start, x, y = problem(4, 40, (13, 64, 32, 3), dtype=torch.float32)
    trained = train(start, x, y, epochs=5, learning_rate=0.01, batches=Minibatches(16))
    assert trained.final.weights[0].dtype == torch.float32
    one_by_one = plain(start, x, y, epochs=5, batch_size=16)
    for i, model in enumerate(one_by_one):
        ours, theirs = (
            nn.utils.parameters_to_vector(m.parameters()).detach()
            for m in (module(trained.final, i), model)
        )
        assert float((ours - theirs).norm() / theirs.norm()) < 1e-5


# ── What a result depends on ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sizes", "n", "batch_size"),
    [((13, 64, 32, 3), 16, None), ((5, 9, 7, 3), 23, 8), ((4, 3), 23, None)],
)
def test_neighbours_and_threads_change_nothing_but_rounding(threads, sizes, n, batch_size):
    start, x, y = problem(61, n, sizes)
    batches = None if batch_size is None else Minibatches(batch_size)

    def final(models):
        of = (start.take(models), x[models], y[models])
        return train(*of, epochs=4, batches=batches).final

    together = final(list(range(61)))
    for models in ([0], [60], [7, 3, 7], list(range(1, 61))):
        assert_near(final(models), together.take(models))
    threads(2)
    assert_near(final(list(range(61))), together)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("number", [1, 2])
def test_the_same_call_gives_the_same_bytes(threads, number):
    threads(number)
    start, x, y = problem(61, 23, (5, 9, 7, 3), dtype=torch.float32)
    once, again = (
        train(start, x, y, epochs=4, batches=Minibatches(8)).final for _ in range(2)
    )
    assert same(once, again)


def test_an_error_in_a_thread_leaves_the_number_of_threads(threads):
    def fail(part):
        raise RuntimeError("no")

    threads(2)
    with pytest.raises(RuntimeError, match="no"):
        on_all_threads(fail, [slice(0, 1), slice(1, 2)])
    assert torch.get_num_threads() == 2


def test_chunks_change_nothing_but_rounding_and_cover_all(monkeypatch):
    start, x, y = problem(7, 12, (5, 9, 3))
    whole = train(start, x, y, epochs=3, checkpoints=[1])
    logits, rates = predict(start, x), error_rates(start, x, y)
    monkeypatch.setattr(backpropagation, "_CHUNK_BYTES", 1)
    assert backpropagation.chunk_models((5, 9, 3), 12, torch.float64) == 1
    parts = train(start, x, y, epochs=3, checkpoints=[1])
    assert_near(parts.final, whole.final)
    assert_near(parts.at[1], whole.at[1])
    torch.testing.assert_close(predict(start, x), logits, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(error_rates(start, x, y), rates)


def test_shared_samples_are_as_if_each_had_them():
    start, x, y = problem(5, 20, (4, 8, 3))
    shared = train(start, x[0], y[0], epochs=3).final
    own = train(start, x[:1].repeat(5, 1, 1), y[:1].repeat(5, 1), epochs=3).final
    assert_near(shared, own)


def test_training_leaves_what_it_was_given():
    start, x, y = problem(2, 9, (3, 4, 2))
    given = [tensor.clone() for tensor in (*tensors(start), x, y)]
    train(start, x, y, epochs=2)
    for before, after in zip(given, (*tensors(start), x, y), strict=True):
        assert torch.equal(before, after)


def test_read_only_numpy_arrays_will_do():
    start, x, y = problem(2, 9, (3, 4, 2))
    features, labels = x.numpy().copy(), y.numpy().copy()
    features.setflags(write=False)
    labels.setflags(write=False)
    of_arrays = train(start, features, labels, epochs=2).final
    assert_near(of_arrays, train(start, x, y, epochs=2).final)


def test_checkpoints_are_the_models_of_shorter_training():
    start, x, y = problem(3, 10, (4, 8, 3))
    trained = train(start, x, y, epochs=4, checkpoints=[2, 0, 4])
    assert list(trained.at) == [2, 0, 4]
    assert same(trained.at[0], start)
    assert same(trained.at[2], train(start, x, y, epochs=2).final)
    assert same(trained.at[4], trained.final)
    assert same(train(start, x, y, epochs=0).final, start)


def test_beginning_is_that_of_the_architecture_and_leaves_torchs_generator():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    cohort = initial([3, 8], (13, 64, 32, 4))
    models = [module(cohort, i) for i in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    x = torch.randn(6, 13, generator=torch.Generator().manual_seed(0))
    for model, seed in zip(models, (3, 8), strict=True):
        built = build("mlp", 13, None, 4, seed)
        assert str(model) == str(built)
        for a, b in zip(model.parameters(), built.parameters(), strict=True):
            assert torch.equal(a, b)
        torch.testing.assert_close(model(x), built(x))


def test_logits_and_error_rates_are_those_of_the_single_models(monkeypatch):
    monkeypatch.setattr(backpropagation, "_BLOCK_BYTES", 1)
    cohort, x, y = problem(3, 50, (4, 8, 6, 3))
    logits = torch.stack([module(cohort, i)(x[i]) for i in range(3)]).detach()
    torch.testing.assert_close(predict(cohort, x), logits, rtol=0, atol=1e-12)
    wrong = (logits.argmax(2) != y).double().mean(1).numpy()
    rates = error_rates(cohort, x, y)
    assert rates.dtype == np.float64
    np.testing.assert_allclose(rates, wrong, atol=1e-15)
    shared = [module(cohort, i)(x[1]).argmax(1) for i in range(3)]
    expected = [float((answer != y[1]).double().mean()) for answer in shared]
    np.testing.assert_allclose(error_rates(cohort, x[1], y[1]), expected, atol=1e-15)


def test_taken_models_and_other_types():
    cohort = initial([0, 1, 2], (2, 4, 2))
    taken = cohort.take(np.array([2, 0]))
    assert torch.equal(taken.weights[0][0], cohort.weights[0][2])
    assert torch.equal(taken.biases[1][1], cohort.biases[1][0])
    assert cohort.to(torch.float64).biases[0].dtype == torch.float64


def test_a_model_that_lost_its_numbers_predicts_nothing() -> None:
    models = initial([0, 1], (2, 4, 2))
    features = torch.ones(5, 2)
    features[0] = torch.nan
    rates = error_rates(models, features, torch.zeros(5, dtype=torch.int64))
    assert (rates >= 1 / 5).all()
    broken = Cohort(tuple(w * torch.nan for w in models.weights), models.biases)
    np.testing.assert_array_equal(
        error_rates(broken, torch.ones(5, 2), torch.zeros(5, dtype=torch.int64)), 1.0
    )
