"""Models: their size, their beginning, their arrays in a file, their error."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from anml_fl.catalogue import UnusableError
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, error_rate, load_arrays
from anml_fl.plugins import MODELS
from anml_fl.run.arrays import save_arrays


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("features", "classes"), [(13, 3), (64, 10), (1, 2)])
def test_mlp_is_64_32_with_relu(features, classes):
    model = build("mlp", features, None, classes, seed=0)
    closed_form = (features + 1) * 64 + (64 + 1) * 32 + (32 + 1) * classes
    assert size(model) == closed_form
    x = np.random.default_rng(0).normal(size=(5, features)).astype(np.float32)
    h = x.astype(np.float64)
    arrays = list(arrays_of(model).values())
    for i in range(0, 6, 2):
        h = h @ arrays[i].T + arrays[i + 1]
        if i < 4:
            h = np.maximum(h, 0)
    np.testing.assert_allclose(model(torch.from_numpy(x)).detach(), h, atol=1e-5)


@pytest.mark.parametrize(("image", "classes"), [((1, 8, 8), 10), ((3, 9, 7), 4)])
def test_cnn_has_two_convolutions_and_two_layers(image, classes):
    channels, height, width = image
    features = channels * height * width
    model = build("cnn", features, image, classes, seed=0)
    flat = 32 * (height // 2) * (width // 2)
    closed_form = (9 * channels + 1) * 16 + (9 * 16 + 1) * 32
    closed_form += (flat + 1) * 64 + (64 + 1) * classes
    assert size(model) == closed_form
    assert model(torch.zeros(5, features)).shape == (5, classes)


def test_initialisation_is_torchs_own_from_the_seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)
        layers = [nn.Linear(13, 64), nn.Linear(64, 32), nn.Linear(32, 3)]
    expected = [p.detach().numpy() for layer in layers for p in layer.parameters()]
    for got, want in zip(
        arrays_of(build("mlp", 13, None, 3, seed=123)).values(), expected, strict=True
    ):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", MODELS.names)
def test_seed_decides_the_beginning_and_torchs_generator_stays(name):
    def first(seed):
        model = build(name, 64, (1, 8, 8), 10, seed, vocabulary=30)
        return next(iter(arrays_of(model).values())).tobytes()

    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert first(1) == first(1)
    torch.rand(3)
    assert first(1) != first(2)
    torch.manual_seed(5)
    first(1)
    assert torch.equal(torch.get_rng_state(), before)


def test_unknown_model_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown model 'resnet'; known: mlp, cnn"):
        build("resnet", 64, (1, 8, 8), 10, seed=0)


def test_cnn_without_images_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match=r"model cnn needs images \(digits\).*use mlp"):
        build("cnn", 13, None, 3, seed=0)


def test_a_model_is_given_what_it_takes_by_name(monkeypatch):
    module = ModuleType("lab_models")

    class Net(nn.Module):
        def __init__(self, classes, features, width=5):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(features, width), nn.Linear(width, classes))

        def forward(self, rows):
            return self.layers(rows)

    module.Net = Net
    module.small = lambda shape: nn.Linear(shape[0], shape[2])
    module.plain = lambda: nn.Linear(4, 2)
    module.wants = lambda features, dropout: nn.Linear(features, 2)
    monkeypatch.setitem(sys.modules, "lab_models", module)
    for name in ("Net", "small", "plain"):
        model = build(f"lab_models:{name}", 4, None, 2, seed=0)
        assert model(torch.zeros(3, 4)).shape == (3, 2)
    with pytest.raises(UnusableError, match="needs dropout, which nobody gives it"):
        build("lab_models:wants", 4, None, 2, seed=0)


# ── Arrays ──────────────────────────────────────────────────────────────────────────────────


def test_arrays_are_copies_both_ways():
    model = nn.Linear(2, 1)
    arrays = arrays_of(model)
    kept = {name: value.copy() for name, value in arrays.items()}
    with torch.no_grad():
        model.weight.add_(1)
    np.testing.assert_array_equal(arrays["weight"], kept["weight"])
    load_arrays(model, arrays)
    np.testing.assert_array_equal(arrays_of(model)["weight"], kept["weight"])
    arrays["weight"][:] = 9
    np.testing.assert_array_equal(arrays_of(model)["weight"], kept["weight"])


def test_arrays_are_the_whole_state_in_the_models_order():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    arrays = arrays_of(model)
    assert list(arrays) == list(model.state_dict())
    assert arrays["1.num_batches_tracked"].shape == ()
    other = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    load_arrays(other, arrays)
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(value, arrays[name])


@pytest.mark.parametrize(
    "change",
    [
        {"weight": np.zeros((2, 1), np.float32)},
        {"extra": np.zeros(1, np.float32)},
        {"bias": None},
    ],
)
def test_other_names_or_shapes_are_refused(change):
    model = nn.Linear(2, 1)
    arrays = {n: a for n, a in (arrays_of(model) | change).items() if a is not None}
    with pytest.raises(RuntimeError, match=next(iter(change))):
        load_arrays(model, arrays)


def test_file_holds_the_arrays_bit_for_bit(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "w": rng.normal(size=(4, 3)).astype(np.float32),
        "transposed": rng.normal(size=(4, 3)).T,
        "sliced": np.arange(10)[::2],
        "none": np.zeros((0, 3), np.float32),
        "odd": np.array([np.nan, np.inf, -0.0], np.float32),
    }
    save_arrays(arrays, tmp_path / "model.safetensors")
    found = load_file(tmp_path / "model.safetensors")
    assert set(found) == set(arrays)
    for name, value in arrays.items():
        assert (found[name].shape, found[name].dtype) == (value.shape, value.dtype)
        assert found[name].tobytes() == value.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_single_number_keeps_its_shape_in_the_file(tmp_path):
    model = nn.BatchNorm1d(2)
    save_arrays(arrays_of(model), tmp_path / "model.safetensors")
    found = load_file(tmp_path / "model.safetensors")
    assert found["num_batches_tracked"].shape == ()


@pytest.mark.parametrize("moment", ["fsync", "save"])
def test_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch, moment):
    path = tmp_path / "model.safetensors"
    save_arrays({"w": np.ones(3)}, path)
    new = np.zeros(3)
    if moment == "fsync":

        def full(descriptor):
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", full)
    else:
        new = np.array([object()])
    with pytest.raises(Exception, match=r"disk full|object|dtype"):
        save_arrays({"w": new}, path)
    np.testing.assert_array_equal(load_file(path)["w"], np.ones(3))


def test_file_is_on_disk_before_it_takes_the_old_ones_place(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_arrays({"w": np.ones(3)}, path)
    old, seen = path.read_bytes(), []

    def fsync(descriptor):
        seen.append((os.fstat(descriptor).st_size, path.read_bytes() == old))

    monkeypatch.setattr(os, "fsync", fsync)
    save_arrays({"w": np.zeros(3)}, path)
    # The content while the old file stands, then the folder that names the new one.
    assert seen[0] == (path.stat().st_size, True)
    assert [old for _, old in seen] == [True, False]
    np.testing.assert_array_equal(load_file(path)["w"], np.zeros(3))


# ── Error ───────────────────────────────────────────────────────────────────────────────────


def test_error_is_the_share_of_wrong_answers():
    model = nn.Linear(3, 3, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.eye(3))  # answers with the greatest feature
    features = np.array(
        [[9, 1, 1], [1, 9, 1], [1, 1, 9], [2, 1, 0], [0, 0, 1]], dtype=np.float32
    )
    assert error_rate(model, features, np.array([0, 1, 2, 0, 2])) == 0.0
    assert error_rate(model, features, np.array([0, 1, 1, 0, 0])) == 0.4
    assert error_rate(model, features, np.array([1, 2, 0, 1, 0])) == 1.0


def test_error_is_measured_without_dropout():
    linear = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.eye(2))
    model = nn.Sequential(nn.Dropout(0.9), linear)
    model.train()
    features = np.tile(np.array([[-1.0, 1.0]], dtype=np.float32), (200, 1))
    assert error_rate(model, features, np.ones(200, dtype=np.int64)) == 0.0
