"""Per-sample gradients of models for text, beside autograd's of each sample alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from anml_fl.method.gradients import sample_gradients
from anml_fl.models.architectures.transformer import Encoder, transformer
from anml_fl.models.build import build


def _one_by_one(model: nn.Module, rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    found = []
    for row, label in zip(rows, labels, strict=True):
        loss = cross_entropy(model(row[None]), label[None])
        parts = torch.autograd.grad(loss, list(model.parameters()), materialize_grads=True)
        found.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(found)


def _held_against_autograd(model: nn.Module, rows: torch.Tensor, labels: torch.Tensor) -> None:
    wanted = _one_by_one(model.eval(), rows, labels)
    found = sample_gradients(model, rows, labels)
    np.testing.assert_allclose(found.squared_norms, wanted.square().sum(1), rtol=1e-9)
    everyone = np.arange(len(rows))
    np.testing.assert_allclose(
        found.squared_distances(everyone, everyone).numpy(),
        torch.cdist(wanted, wanted, compute_mode="donot_use_mm_for_euclid_dist").square(),
        rtol=1e-8,
        atol=1e-12 * float(wanted.square().sum(1).max()),
    )


def _texts(n: int, length: int, vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(3)
    rows = rng.integers(1, vocabulary, (n, length))
    rows[np.arange(length) >= rng.integers(1, length + 1, n)[:, None]] = 0
    return torch.from_numpy(rows), torch.from_numpy(rng.integers(0, 2, n))


def test_an_encoders_gradients_are_autograds() -> None:
    model = build("transformer", 7, None, 2, seed=5, vocabulary=30).double()
    _held_against_autograd(model, *_texts(40, 7, 30))


def test_chunks_that_use_other_tokens_are_put_side_by_side() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(1300, 3), nn.Flatten(), nn.Linear(6, 2)).double()
    # More rows than one pass takes, and each pass sees tokens that no other does.
    rows = torch.arange(1240).reshape(620, 2)
    _held_against_autograd(model, rows, torch.arange(620) % 2)


def test_a_token_that_comes_twice_counts_twice_and_padding_never() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(4, 2, padding_idx=0)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.embedding(rows.long()).sum((1, 2)).unsqueeze(1)

    model = Sum().double()
    with torch.no_grad():
        model.embedding.weight.fill_(0.0)
    found = sample_gradients(model, [[1, 1, 0], [2, 3, 0]], [1.0, 1.0], loss="squared")
    # -2 to each of two numbers of a token: twice of one, once of two.
    assert found.squared_norms.tolist() == [2 * 16.0, 4 * 4.0]
    assert found.squared_distances([0], [1]).item() == 48.0


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_normalisation_over_two_axes(bias: bool) -> None:
    torch.manual_seed(1)
    norm = nn.LayerNorm((3, 4), bias=bias)
    model = nn.Sequential(norm, nn.Flatten(), nn.Linear(12, 3)).double()
    nn.init.normal_(norm.weight)
    _held_against_autograd(model, torch.randn(9, 3, 4).double(), torch.arange(9) % 3)


def test_a_frozen_embedding_is_no_obstacle() -> None:
    model = transformer(5, 2, 20).double()
    assert isinstance(model, Encoder)
    rows, labels = _texts(6, 5, 20)
    wanted = sample_gradients(model, rows, labels).squared_norms
    model.embedding.requires_grad_(False)
    np.testing.assert_allclose(
        sample_gradients(model, rows, labels).squared_norms, wanted, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (nn.Embedding(4, 2, max_norm=1.0), "max_norm"),
        (nn.Embedding(4, 2, scale_grad_by_freq=True), "scale_grad_by_freq"),
        (nn.TransformerEncoderLayer(4, 2), "MultiheadAttention 'self_attn'"),
        (nn.GRU(2, 2), "GRU"),
    ],
)
def test_a_layer_that_is_not_covered_is_named(layer: nn.Module, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        sample_gradients(layer, torch.zeros(2, 3, 2), [0, 0])


def test_a_text_means_the_same_with_more_padding() -> None:
    model = build("transformer", 12, None, 2, seed=0, vocabulary=50).eval()
    short = torch.tensor([[4, 9, 2] + [0] * 9])
    with torch.no_grad():
        before = model(short)
        model.positions[3:] = 7.0
        assert torch.equal(model(short), before)
        assert torch.isfinite(model(torch.zeros(1, 12))).all()
