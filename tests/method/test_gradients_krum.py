"""Krum scores of per-sample gradients against float64 gradients, sorted row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from anml_fl.method import gradient_tiles, sample_krum
from anml_fl.method.gradient_set import SampleGradients
from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import neighbours
from anml_fl.method.sample_krum import sample_krum_scores

Truth = Callable[..., NDArray[np.float64]]


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 16, so that few samples make many."""
    monkeypatch.setattr(gradient_tiles, "_CACHED", 16)


@pytest.fixture(scope="module")
def truth(
    gradient_matrix: Callable[..., Any], direct_scores: Callable[..., NDArray[np.float64]]
) -> Truth:
    def scores(model: nn.Module, x: torch.Tensor, labels: torch.Tensor, k: int) -> Any:
        return direct_scores(gradient_matrix(model, x, labels, "cross_entropy")[0], k)

    return scores


def _mlp(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 40), nn.Linear(40, 3))


def _samples(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(n, 20, generator=random), torch.randint(3, (n,), generator=random)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("n", [2, 3, 15, 16, 17, 32, 33, 130])
@pytest.mark.parametrize("k", [1, 5, 20, 0.7, 1.0])
@pytest.mark.parametrize("wide", [False, True])
def test_scores_are_those_of_materialised_gradients(
    truth: Truth, n: int, k: float, wide: bool
) -> None:
    k = max(1, min(n - 1, k if isinstance(k, int) else round(k * n)))
    model, (x, labels) = _mlp(), _samples(n)
    if wide:
        model, x = model.double(), x.double()
    gradients = sample_gradients(model, x, labels)
    assert gradients.factors
    scores = sample_krum_scores(gradients, n_neighbours=k)
    assert scores.dtype == np.float64
    expected = truth(model, x, labels, k)
    np.testing.assert_allclose(scores, expected, rtol=1e-12 if wide else 2e-6)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("reach", [0, 1, 3])
def test_it_matters_not_how_many_tiles_may_wait(
    monkeypatch: pytest.MonkeyPatch, truth: Truth, reach: int
) -> None:
    monkeypatch.setattr(sample_krum, "_WAITING", reach * (reach + 1) // 2 * 16 * 16 * 4)
    model, (x, labels) = _mlp(), _samples(100)
    scores = sample_krum_scores(sample_gradients(model, x, labels), n_byzantine=30)
    np.testing.assert_allclose(scores, truth(model, x, labels, 68), rtol=1e-6)


@pytest.mark.usefixtures("small_tiles")
def test_each_waiting_tile_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    tile = gradient_tiles.Tiles.tile

    def counted(self: Any, rows: slice, columns: slice, *room: torch.Tensor) -> torch.Tensor:
        seen.append((rows.start, columns.start))
        return tile(self, rows, columns, *room)

    monkeypatch.setattr(gradient_tiles.Tiles, "tile", counted)
    x, labels = _samples(64)
    gradients = sample_gradients(_mlp(), x, labels)
    sample_krum_scores(gradients, n_neighbours=40)
    assert len(seen) == 10  # of 4 x 4 tiles, those on and above the diagonal
    seen.clear()
    monkeypatch.setattr(sample_krum, "_WAITING", 16 * 16 * 4)  # one tile
    sample_krum_scores(gradients, n_neighbours=40)
    assert len(seen) == 16 - 3  # those beside the diagonal


def test_neighbours_are_counted_as_for_clients(truth: Truth) -> None:
    model, (x, labels) = _mlp(), _samples(40)
    gradients = sample_gradients(model, x, labels)
    for counts in ({}, {"n_byzantine": 12}, {"n_byzantine": 1000}, {"n_neighbours": 1000}):
        k = neighbours(40, **counts)
        expected = truth(model, x, labels, k)
        np.testing.assert_allclose(
            sample_krum_scores(gradients, **counts), expected, rtol=2e-6
        )
    with pytest.raises(ValueError, match="n_neighbours must be >= 0"):
        sample_krum_scores(gradients, n_neighbours=-1)
    np.testing.assert_array_equal(sample_krum_scores(gradients.take([3])), [0.0])


@pytest.mark.parametrize(("k", "copies"), [(1, 2), (3, 4), (20, 4), (25, 30)])
def test_duplicates_and_near_ones_keep_their_digits(truth: Truth, k: int, copies: int) -> None:
    # Groups whose distances are 1e-6 of their squared lengths: float32 products see noise.
    model, (x, labels) = _mlp(), _samples(8)
    random = torch.Generator().manual_seed(1)
    x, labels = x.repeat(copies, 1), labels.repeat(copies)
    near = x + 1e-3 * torch.randn(x.shape, generator=random)
    scores = sample_krum_scores(sample_gradients(model, near, labels), n_neighbours=k)
    # What is left is the rounding of the model's own pass, 1e-7 of a gradient's length.
    np.testing.assert_allclose(scores, truth(model, near, labels, k), rtol=1e-3)
    gradients = sample_gradients(model, x[:8], labels[:8]).take(np.arange(8 * copies) % 8)
    scores = sample_krum_scores(gradients, n_neighbours=min(k, copies - 1))
    np.testing.assert_array_equal(scores, np.zeros(8 * copies))


def test_gradients_that_nearly_agree_are_measured_in_float64(truth: Truth) -> None:
    # Far targets: every gradient is long and much the same, and k takes in most of them.
    model, (x, labels) = _mlp(), _samples(60)
    near = x[:1] + 1e-2 * x
    labels = torch.zeros_like(labels)
    gradients = sample_gradients(model, near, labels)
    scores = sample_krum_scores(gradients, n_neighbours=40)
    assert (scores < 1e-2 * 40 * gradients.squared_norms).all()
    wide = SampleGradients(
        gradients.explicit.double(),
        tuple(type(f)(f.deltas.double(), f.inputs.double()) for f in gradients.factors),
        gradients.squared_norms,
        gradients.losses,
    )
    exact = wide.squared_distances(range(60), range(60)).numpy()
    exact = np.sort(exact, axis=1)[:, 1:41].sum(1)
    np.testing.assert_allclose(scores, exact, rtol=1e-9)
    np.testing.assert_allclose(scores, truth(model, near, labels, 40), rtol=1e-4)


def test_convolutions_have_scores_too(truth: Truth) -> None:
    random = torch.Generator().manual_seed(3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Unflatten(1, (1, 6, 6)),
            nn.Conv2d(1, 16, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 48, 2),  # one place: held as factors
            nn.Flatten(),
            nn.Linear(48, 3),
        )
    x, labels = torch.randn(50, 36, generator=random), torch.arange(50) % 3
    scores = sample_krum_scores(sample_gradients(model, x, labels), n_byzantine=15)
    np.testing.assert_allclose(scores, truth(model, x, labels, 33), rtol=2e-6)


def test_the_same_bytes_again_whatever_the_threads() -> None:
    x, labels = _samples(900)
    runs = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            gradients = sample_gradients(_mlp(), x, labels)
            runs.append(sample_krum_scores(gradients, n_byzantine=270).tobytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert runs[0] == runs[1] == runs[2]
