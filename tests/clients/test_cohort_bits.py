"""What a contributor learns is the same to the bit, whoever stands beside it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from anml_fl.datasets.prepare import Samples
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of
from anml_fl.settings.training import Training
from clients import cohort_jobs
from clients.cohort_training import cohort_kind, train_cohort
from clients.training import train


def parts_of(counts, width, classes, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Samples(
            rng.normal(size=(n, width)).astype(np.float32),
            rng.integers(classes, size=n) if classes > 1 else rng.normal(size=n).astype("f4"),
            classes,
        )
        for n in counts
    ]


def orders(places):
    return [np.random.default_rng(i) for i in places]


def alone(model, samples, settings, place):
    """Train as a ClientApp does: on one thread, a copy of the global model."""
    own = copy.deepcopy(model)
    with one_thread():
        train(own, samples, settings, *orders([place]))
    return arrays_of(own)


def assert_same(cohort, place, lone):
    assert list(cohort) == list(lone)
    for name, rows in cohort.items():
        assert rows[place].dtype == lone[name].dtype
        assert rows[place].tobytes() == lone[name].tobytes()


SHAPES = {
    "mlp": (lambda: build("mlp", 64, (1, 8, 8), 10, seed=0), 64, 10),
    "narrow": (lambda: build("mlp", 13, None, 3, seed=0), 13, 3),
    "wide": (
        lambda: nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10)),
        784,
        10,
    ),
    "odd": (lambda: nn.Sequential(nn.Linear(13, 7), nn.ReLU(), nn.Linear(7, 5)), 13, 5),
    "logistic": (lambda: build("logistic", 30, None, 2, seed=0), 30, 2),
    "values": (lambda: build("mlp", 5, None, 1, seed=0), 5, 1),
}
WAYS = {
    "sgd": Training(local_epochs=1),
    "epochs": Training(local_epochs=3, batch_size=9, weight_classes=True),
    "small": Training(local_epochs=1, batch_size=3),
    "all": Training(
        local_epochs=2, momentum=0.9, weight_decay=0.01, proximal=0.1, clip_norm=0.5
    ),
    "adam": Training(local_epochs=2, optimizer="adam", learning_rate=0.001, clip_norm=0.5),
    "whole": Training(local_epochs=2, batch_size=1000),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_contributor_of_a_hundred_learns_what_it_learns_alone(shape, way, threads):
    make, width, classes = SHAPES[shape]
    model, settings = make(), WAYS[way]
    # Every count from 1 to 40, and some twice.
    counts = [1 + (7 * i) % 40 for i in range(100 if shape != "wide" else 42)]
    parts = parts_of(counts, width, classes)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = train_cohort(model, parts, settings, orders(range(len(parts))))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for place in range(0, len(parts), 3):
        assert_same(found, place, alone(model, parts[place], settings, place))


@pytest.mark.parametrize("together", [1, 7, 128])
def test_chunks_of_any_size_give_the_same_bytes(monkeypatch, together):
    model, settings = build("mlp", 64, None, 10, seed=0), Training(local_epochs=2)
    parts = parts_of([16] * 100, 64, 10)
    wanted = train_cohort(model, parts, settings, orders(range(100)))
    monkeypatch.setattr(cohort_jobs, "CHUNK_BYTES", together)
    monkeypatch.setattr("clients.cohort_perceptron.Perceptrons.row_bytes", lambda *_: 1)
    with one_thread():
        found = train_cohort(model, parts, settings, orders(range(100)))
    for name, rows in wanted.items():
        assert rows.tobytes() == found[name].tobytes()


def test_company_of_any_number_gives_the_same_bytes():
    model, settings = build("mlp", 13, None, 3, seed=0), Training(local_epochs=2)
    parts = parts_of([11] * 100, 13, 3)
    wanted = train_cohort(model, parts, settings, orders(range(100)))
    for some in (range(7), range(50, 51), [99, 3, 40]):
        found = train_cohort(model, [parts[i] for i in some], settings, orders(some))
        for name, rows in wanted.items():
            assert rows[list(some)].tobytes() == found[name].tobytes()


def sentences_of(counts, length=12, words=50):
    rng = np.random.default_rng(0)
    return [
        Samples(rng.integers(words, size=(n, length)).astype("f4"), rng.integers(2, size=n), 2)
        for n in counts
    ]


@pytest.mark.parametrize("length", [5, 12, 32])
@pytest.mark.parametrize("together", [1, 7, 128])
def test_a_transformer_of_a_hundred_learns_what_it_learns_alone(monkeypatch, together, length):
    model = build("transformer", length, None, 2, seed=0, vocabulary=50)
    settings = Training(local_epochs=1, batch_size=8)
    parts = sentences_of([1 + (7 * i) % 20 for i in range(100)], length)
    wanted = train_cohort(model, parts, settings, orders(range(100)))
    # None of them goes by itself.
    monkeypatch.setattr("clients.cohort_training._one_by_one", None)
    monkeypatch.setattr(cohort_jobs, "CHUNK_BYTES", together)
    monkeypatch.setattr("clients.cohort_functional.Stacked.row_bytes", lambda *_: 1)
    with one_thread():
        found = train_cohort(model, parts, settings, orders(range(100)))
    for name, rows in wanted.items():
        assert rows.tobytes() == found[name].tobytes()
    for place in range(0, 100, 9):
        assert_same(found, place, alone(model, parts[place], settings, place))


def batch_statistics():
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))


def dropout():
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))


@pytest.mark.parametrize("make", [batch_statistics, dropout])
def test_models_that_are_trained_one_by_one_give_the_same_bytes(make):
    model, settings = make(), Training(local_epochs=2, batch_size=4)
    parts = parts_of([1, 9, 30, 4], 6, 3)
    assert cohort_kind(model, settings, parts[1]) == "alone"
    found = train_cohort(model, parts, settings, orders(range(4)))
    for place, part in enumerate(parts):
        assert_same(found, place, alone(model, part, settings, place))


def test_the_cnn_and_the_transformer_give_the_same_bytes():
    settings = Training(local_epochs=1, batch_size=16)
    cnn = build("cnn", 64, (1, 8, 8), 10, seed=0)
    images = parts_of([16, 3, 20], 64, 10)
    text = build("transformer", 12, None, 2, seed=0, vocabulary=50)
    for model, parts in ((cnn, images), (text, sentences_of((16, 3, 20)))):
        found = train_cohort(model, parts, settings, orders(range(3)))
        for place, part in enumerate(parts):
            assert_same(found, place, alone(model, part, settings, place))
