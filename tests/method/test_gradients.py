"""Geometry of per-sample gradients against torch.func's gradients, over drawn shapes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from anml_fl.method.gradients import sample_gradients

Check = Callable[..., None]


@pytest.fixture(scope="module")
def check(gradient_matrix: Callable[..., Any]) -> Check:
    """One checker for every model: lengths, losses and distances of all pairs."""

    def compare(
        model: nn.Module, x: torch.Tensor, targets: torch.Tensor, loss: str, tolerance: float
    ) -> None:
        truth, losses = gradient_matrix(model, x, targets, loss)
        gradients = sample_gradients(model, x, targets, loss=loss)
        every = np.arange(len(x))
        assert len(gradients) == len(x)
        norms = np.square(truth).sum(1)
        both = norms[:, None] + norms[None, :] + 1e-30
        distances = gradients.squared_distances(every, every)
        assert distances.dtype == next(model.parameters()).dtype
        exact = np.square(truth[:, None] - truth[None, :]).sum(2)
        inner = (gradients.squared_norms[:, None] + gradients.squared_norms - exact) / 2
        measured = distances.double().numpy()
        assert (np.abs(measured - exact) <= tolerance * both).all()
        assert (np.abs(inner - truth @ truth.T) <= tolerance * both).all()
        assert (measured >= 0).all()
        assert (measured.diagonal() == 0).all()
        np.testing.assert_allclose(gradients.squared_norms, norms, rtol=tolerance, atol=1e-30)
        np.testing.assert_allclose(gradients.losses, losses, rtol=tolerance, atol=tolerance)

    return compare


@st.composite
def _layers(draw: st.DrawFn) -> tuple[list[nn.Module], tuple[int, ...]]:
    """A hidden part and the shape it takes: an MLP's, or one or two convolutions."""
    axes = draw(st.integers(0, 2))
    if axes == 0:
        sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
        hidden: list[nn.Module] = []
        for taken, given_ in pairwise(sizes):
            hidden += [nn.Linear(taken, given_, bias=draw(st.booleans())), nn.Tanh()]
        return hidden, (sizes[0],)
    channels = draw(st.sampled_from([1, 2, 4]))
    shape = (channels, *(draw(st.integers(4, 6)) for _ in range(axes)))
    hidden = []
    for _ in range(draw(st.integers(1, 2))):
        groups = draw(st.sampled_from([g for g in (1, 2, 4) if channels % g == 0]))
        wider = groups * draw(st.sampled_from([1, 2, 24]))
        kernel = tuple(draw(st.integers(1, 3)) for _ in range(axes))
        stride: Any = tuple(draw(st.integers(1, 2)) for _ in range(axes))
        padding: Any = draw(
            st.one_of(
                st.sampled_from(["same", "valid"]),
                st.tuples(*(st.integers(0, 2) for _ in range(axes))),
            )
        )
        layer = (nn.Conv1d, nn.Conv2d)[axes - 1](
            channels,
            wider,
            kernel,
            stride=1 if padding == "same" else stride,
            padding=padding,
            dilation=tuple(draw(st.integers(1, 2)) for _ in range(axes)),
            groups=groups,
            bias=draw(st.booleans()),
            padding_mode=draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
        )
        hidden += [layer, nn.ReLU(inplace=draw(st.booleans()))]
        channels = wider
    return [*hidden, nn.Flatten()], shape


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@settings(max_examples=60)
@given(
    drawn=_layers(),
    n=st.integers(1, 6),
    classes=st.integers(1, 4),
    loss=st.sampled_from(["cross_entropy", "squared"]),
    wide=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_any_shape_agrees_with_gradients_of_torch_func(
    check: Check,
    drawn: tuple[list[nn.Module], tuple[int, ...]],
    n: int,
    classes: int,
    loss: str,
    wide: bool,
    seed: int,
) -> None:
    hidden, shape = drawn
    random = torch.Generator().manual_seed(seed)
    dtype = torch.float64 if wide else torch.float32
    outputs = classes if loss == "cross_entropy" else 1
    try:
        flat = nn.Sequential(*hidden)(torch.zeros(1, *shape)).shape[1]
    except RuntimeError:
        assume(False)  # a kernel that does not fit, or padding beyond what can be mirrored
        raise
    model = nn.Sequential(*hidden, nn.Linear(flat, outputs, bias=seed % 2 == 0)).to(dtype)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=random, dtype=dtype)
        parameter.data /= parameter[0].numel() ** 0.5
    x = torch.randn(n, *shape, generator=random, dtype=dtype)
    # Away from the outputs: what is left of two near numbers is the model's own rounding.
    away = 1 + torch.rand(n, generator=random, dtype=dtype)
    targets = (
        torch.randint(outputs, (n,), generator=random)
        if loss == "cross_entropy"
        else model(x).detach()[:, 0] + away
    )
    check(model, x, targets, loss, 1e-12 if wide else 1e-5)


@pytest.mark.parametrize(
    ("model", "shape", "factored"),
    [
        # 40 x 61 weights at one place; the last layer's 1 x 41 is cheaper as it is.
        (nn.Sequential(nn.Linear(60, 40), nn.Tanh(), nn.Linear(40, 2)), (60,), 1),
        # 48 x 145 weights at 4 places beside 16 (48 + 145) products.
        (nn.Sequential(nn.Conv2d(16, 48, 3), nn.Flatten(), nn.Linear(192, 2)), (16, 4, 4), 1),
        # The same in two groups of channels.
        (
            nn.Sequential(nn.Conv2d(32, 96, 3, groups=2), nn.Flatten(), nn.Linear(384, 2)),
            (32, 4, 4),
            2,
        ),
        # Positions of a linear layer.
        (nn.Sequential(nn.Linear(60, 90), nn.Flatten(), nn.Linear(270, 2)), (3, 60), 1),
        # 64 places: the gradient itself is cheaper.
        (
            nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.Flatten(), nn.Linear(512, 2)),
            (4, 8, 8),
            0,
        ),
    ],
)
def test_each_layer_is_held_in_its_cheaper_form(
    check: Check, model: nn.Module, shape: tuple[int, ...], factored: int
) -> None:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(9, *shape, generator=random)
    labels = torch.randint(2, (9,), generator=random)
    assert len(sample_gradients(model, x, labels).factors) == factored
    check(model, x, labels, "cross_entropy", 1e-5)
    check(model.double(), x.double(), labels, "cross_entropy", 1e-12)
    model.float()


class _Twice(nn.Module):
    """One layer called twice, with the second input made in place from the first."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(30, 30)
        self.outer = nn.Linear(30, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.outer(torch.tanh(self.inner(torch.relu_(self.inner(x)))))


def test_a_layer_used_twice_adds_both_uses(check: Check) -> None:
    random = torch.Generator().manual_seed(1)
    x, labels = torch.randn(8, 30, generator=random), torch.arange(8) % 2
    check(_Twice().double(), x.double(), labels, "cross_entropy", 1e-12)


def test_more_samples_than_a_pass_or_a_tile_takes(gradient_matrix: Callable[..., Any]) -> None:
    random = torch.Generator().manual_seed(2)
    n = 1100  # three passes of 512, three tiles of 384
    model = nn.Sequential(nn.Linear(5, 50), nn.ReLU(), nn.Linear(50, 40), nn.Linear(40, 2))
    x, labels = torch.randn(n, 5, generator=random), torch.arange(n) % 2
    truth, _ = gradient_matrix(model, x, labels, "cross_entropy")
    gradients = sample_gradients(model, x, labels)
    rows = np.array([0, 383, 384, 511, 512, 1024, 1099])
    distances = gradients.squared_distances(rows, np.arange(n)).double().numpy()
    exact = np.square(truth[rows, None] - truth[None, :]).sum(2)
    lengths = np.square(truth).sum(1)
    assert (np.abs(distances - exact) <= 1e-6 * (lengths[rows, None] + lengths)).all()
    back = gradients.take(rows[::-1])
    np.testing.assert_array_equal(back.losses, gradients.losses[rows[::-1]])
    np.testing.assert_array_equal(back.squared_norms, gradients.squared_norms[rows[::-1]])
    np.testing.assert_allclose(
        back.squared_distances(range(7), range(7)).numpy(),
        distances[:, rows][::-1, ::-1],
        atol=1e-6 * lengths.max(),
    )


def test_outer_products_have_the_closed_form() -> None:
    # One output, squared loss: the gradient is 2 (w.x + b - y) [x, 1].
    model = nn.Linear(2, 1).double()
    model.weight.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    model.bias.data = torch.tensor([0.5], dtype=torch.float64)
    x = np.array([[1.0, 0.0], [0.0, 2.0]])
    gradients = sample_gradients(model, x, [0.0, 0.0], loss="squared")
    first, second = 3.0 * np.array([1, 0, 1]), -3.0 * np.array([0, 2, 1])
    np.testing.assert_allclose(gradients.losses, [2.25, 2.25])
    np.testing.assert_allclose(gradients.squared_norms, [first @ first, second @ second])
    distance = gradients.squared_distances([0], [1]).item()
    assert distance == pytest.approx(((first - second) ** 2).sum())


def test_what_a_sure_model_gets_right_keeps_its_digits() -> None:
    # 1 - p of p = 1 - 1e-12 would be lost in float32: logits z = 0, 27.6 by the bias.
    model = nn.Linear(1, 2)
    nn.init.zeros_(model.weight)
    model.bias.data = torch.tensor([0.0, 27.5])
    gradients = sample_gradients(model, [[0.0]], [1])
    wrong = 1 / (1 + np.exp(27.5))
    assert gradients.squared_norms[0] == pytest.approx(2 * wrong**2, rel=1e-6)
    assert gradients.losses[0] == pytest.approx(wrong, rel=1e-6)
