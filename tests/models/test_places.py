"""Loading a model again and again."""

import numpy as np
import pytest
import torch
from torch import nn

from anml_fl.models.places import Places
from anml_fl.models.state import arrays_of, load_arrays


def networks() -> dict[str, nn.Module]:
    plain = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    normed = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    turned = nn.Conv2d(3, 2, 3)
    turned.weight.data = turned.weight.data.to(memory_format=torch.channels_last)
    return {
        "plain": plain,
        "with buffers": normed,
        "tied": tied,
        "narrow": nn.Linear(3, 2).bfloat16(),
        "turned": turned,
    }


@pytest.mark.parametrize("kind", networks())
def test_a_model_is_loaded_as_if_it_were_taken_apart(kind: str) -> None:
    model, other = networks()[kind], networks()[kind]
    places, rng = Places(model), np.random.default_rng(0)
    for _ in range(2):
        sent = {
            name: rng.normal(size=one.shape).astype(one.dtype)
            for name, one in arrays_of(model).items()
        }
        places.load(sent)
        load_arrays(other, sent)
        for name, one in arrays_of(other).items():
            np.testing.assert_array_equal(arrays_of(model)[name], one)


def test_a_model_that_has_moved_in_memory_is_loaded_where_it_is() -> None:
    model = nn.Linear(3, 2)
    places = Places(model)
    model.weight.data = torch.zeros(2, 3)
    places.load({"weight": np.ones((2, 3), np.float32), "bias": np.ones(2, np.float32)})
    assert model.weight.eq(1).all()


def test_other_names_and_shapes_are_refused() -> None:
    places = Places(nn.Linear(3, 2))
    with pytest.raises(RuntimeError, match=r"missing \['bias'\]"):
        places.load({"weight": np.ones((2, 3), np.float32)})
    with pytest.raises(RuntimeError, match="shape"):
        places.load({"weight": np.ones((3, 2), np.float32), "bias": np.ones(2, np.float32)})


def test_of_another_type_values_are_turned_into_the_models() -> None:
    model = nn.Linear(3, 2)
    Places(model).load({"weight": np.full((2, 3), 0.5), "bias": np.full(2, 2.0)})
    assert model.weight.eq(0.5).all()
    assert model.bias.eq(2).all()
