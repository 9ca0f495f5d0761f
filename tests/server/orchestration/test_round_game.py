"""A round's game against models put together by hand, and the files it comes from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from sklearn.metrics import r2_score

from anml_fl.datasets.prepare import Samples, deal
from anml_fl.models.build import build
from anml_fl.run.updates import Updates, load_updates, save_updates, updates_path
from server.orchestration.round_game import quality_on, round_game

NAMES = ("a", "b", "c")


def dealt():
    return deal("digits", 3, "iid", seed=0)


def model(name, seed=0):
    return build(name, 64, dealt().image, 10, seed=seed)


def vector(of):
    return torch.nn.utils.parameters_to_vector(of.parameters()).detach().numpy()


def updates(name):
    before = vector(model(name))
    others = np.stack([vector(model(name, seed)) for seed in (1, 2, 3)])
    return Updates(NAMES, before, 2 * (others - before), np.array([1.0, 2.0, 5.0]))


def accuracy(name, numbers):
    """By torch's own way of putting a vector into a model."""
    made = model(name)
    numbers = torch.tensor(numbers, dtype=torch.float32)
    torch.nn.utils.vector_to_parameters(numbers, made.parameters())
    test = dealt().test
    with torch.no_grad():
        predicted = made(torch.tensor(test.features)).argmax(dim=1).numpy()
    return (predicted == test.labels).mean()


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_coalition_is_worth_its_average_weighted_by_examples(name):
    of = updates(name)
    game = round_game(model(name), quality_on(dealt().test), of)
    coalitions = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]], dtype=bool)
    a, b, c = of.updates.astype(float)
    expected = [
        accuracy(name, of.model),
        accuracy(name, of.model + b),
        accuracy(name, of.model + (1 * a + 5 * c) / 6),
        accuracy(name, of.model + (1 * a + 2 * b + 5 * c) / 8),
    ]
    # A sample on the border may fall to either side.
    np.testing.assert_allclose(game(coalitions), expected, atol=1.01 / 360)
    assert len(set(expected)) == 4


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_what_a_coalition_is_worth_does_not_depend_on_the_batch(name):
    coalitions = (np.arange(8)[:, None] >> np.arange(3) & 1).astype(bool)
    game = round_game(model(name), quality_on(dealt().test), updates(name))
    together = game(coalitions)
    assert len(set(together)) > 4
    alone = [game(coalitions[[row]])[0] for row in reversed(range(8))]
    assert together.tolist() == alone[::-1]


def test_a_model_that_would_not_be_finite_is_not_taken():
    of = updates("mlp")
    before, moves = of.model.copy(), of.updates.copy()
    # The weight of a pixel that is white in all images: it counts only if infinite.
    before[0], moves[:, 0] = 1e32, np.finfo(np.float32).max
    game = round_game(
        model("mlp"), quality_on(dealt().test), Updates(NAMES, before, moves, of.examples)
    )
    nobody, everyone = game(np.array([[False] * 3, [True] * 3]))
    assert everyone == nobody == pytest.approx(accuracy("mlp", of.model))
    assert everyone != pytest.approx(accuracy("mlp", of.model + of.updates.mean(axis=0)))


def test_updates_of_another_model_are_refused():
    with pytest.raises(ValueError, match=r"6570 numbers, but the model .* has \d+: they"):
        round_game(model("cnn"), quality_on(dealt().test), updates("mlp"))


def test_updates_are_read_as_they_were_written(tmp_path):
    of = updates("mlp")
    save_updates(tmp_path, 12, NAMES, of.model, of.updates[:, ::1], of.examples)
    assert updates_path(tmp_path, 12) == tmp_path / "updates" / "0012.safetensors"
    assert [path.name for path in (tmp_path / "updates").iterdir()] == ["0012.safetensors"]
    found = load_updates(tmp_path, 12)
    assert found.contributors == NAMES
    for name in ("model", "updates", "examples"):
        np.testing.assert_array_equal(getattr(found, name), getattr(of, name))
    first = updates_path(tmp_path, 12).read_bytes()
    # Whatever the memory's order: the bytes are those of the numbers.
    save_updates(tmp_path, 12, NAMES, of.model, np.asfortranarray(of.updates), of.examples)
    assert updates_path(tmp_path, 12).read_bytes() == first


def test_a_round_without_updates_is_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match="records unless --no-record-updates"):
        load_updates(tmp_path, 1)


def one(**changes):
    arrays = {
        "model": np.zeros(4, np.float32),
        "updates": np.zeros((2, 4), np.float32),
        "examples": np.ones(2),
    }
    return {name: array for name, array in (arrays | changes).items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "names", "said"),
    [
        (one(updates=np.zeros((3, 4))), '["a","b"]', r"updates must have shape \(2, 4\)"),
        (one(model=np.zeros((2, 2))), '["a","b"]', r"model must have shape \(4,\)"),
        (one(examples=np.ones(3)), '["a","b"]', r"examples must have shape \(2,\)"),
        (one(examples=None), '["a","b"]', "the arrays must be examples, model, updates"),
        (one(model=np.full(4, np.nan)), '["a","b"]', "model must be finite floating"),
        (one(model=np.ones(4, int)), '["a","b"]', "model must be finite floating"),
        (one(examples=np.zeros(2)), '["a","b"]', "examples must be > 0"),
        (one(), '["b","a"]', "contributors must be sorted"),
        (one(), '["a","a"]', "contributors must be sorted, each once"),
        (one(), '[1,2]', "contributors must be a list of texts"),
        (one(), '"ab"', "contributors must be a list of texts"),
        (one(), "[", "cannot be read"),
        (one(), None, "cannot be read: 'contributors'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path, arrays, names, said):
    path = updates_path(tmp_path, 1)
    path.parent.mkdir()
    save_file(arrays, path, metadata=None if names is None else {"contributors": names})
    with pytest.raises(ValueError, match=said) as caught:
        load_updates(tmp_path, 1)
    assert str(path) in str(caught.value)
    assert "run the federation anew" in str(caught.value)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-8], lambda data: b"", lambda d: b"x" * 99]
)
def test_damaged_files_are_refused(tmp_path, damage):
    save_updates(
        tmp_path, 1, ("a", "b"), *(one()[k] for k in ("model", "updates", "examples"))
    )
    path = updates_path(tmp_path, 1)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="cannot be read"):
        load_updates(tmp_path, 1)


def test_values_are_worth_their_r2_and_a_model_that_diverged_no_less_than_minus_one():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(50, 4)).astype(np.float32)
    values = (features[:, 0] + 0.3 * rng.normal(size=50)).astype(np.float32)
    linear = torch.nn.Linear(4, 1)
    before = np.zeros(5, np.float32)
    before[0] = 0.1
    right, wild = np.zeros(5, np.float32), np.full(5, 1e30, np.float32)
    right[0] = 0.8
    of = Updates(NAMES[:2], before, np.stack([right, wild]), np.array([1.0, 1.0]))
    game = round_game(linear, quality_on(Samples(features, values, 1)), of)
    found = game(np.array([[0, 0], [1, 0], [0, 1]], dtype=bool))
    expected = [r2_score(values, weight * features[:, 0]) for weight in (0.1, 0.9)]
    np.testing.assert_allclose(found, [*expected, -1.0], atol=1e-5)
