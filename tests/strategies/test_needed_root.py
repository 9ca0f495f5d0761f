"""A root set that a rule needs: in a Flower app, and the update that it leads to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord

from anml_fl import RootSet, strategy
from anml_fl.models.state import arrays_of
from anml_fl.models.trusted_rows import RootSetError
from anml_fl.settings.aggregation import Aggregation
from strategies.layout import Layout
from strategies.root_set import own_update, root_update

FEATURES = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
LABELS = (FEATURES[:, 0] > 0).astype(np.int64)


def net():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


def rows(**more):
    return RootSet(net(), FEATURES, LABELS, 2, **more)


def update_of(ask, root):
    arrays = arrays_of(net())
    record = ArrayRecord({name: Array(value) for name, value in arrays.items()})
    layout = Layout.of(record)
    vector = np.empty(layout.size, layout.dtype)
    layout.flatten(record, vector)
    return ask(root, record, layout, vector)


def test_the_servers_own_update_takes_as_many_steps_as_were_chosen():
    arrays, once = arrays_of(net()), rows()
    twice = once(once(arrays))  # five steps, and five again
    expected = np.concatenate([(twice[n] - arrays[n]).ravel() for n in arrays])
    longer = rows(steps=10)
    np.testing.assert_allclose(update_of(own_update, longer), expected, atol=1e-6)
    # What calibrated looks at is five steps whatever was chosen.
    np.testing.assert_array_equal(update_of(root_update, longer), update_of(root_update, once))


def test_what_can_only_be_called_is_called():
    np.testing.assert_array_equal(
        update_of(own_update, rows(steps=9).__call__), update_of(root_update, rows())
    )


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, "5"])
def test_steps_are_a_whole_number(steps):
    with pytest.raises(RootSetError, match="steps must be a whole number >= 1, got"):
        rows(steps=steps)


@pytest.mark.parametrize("name", ["fltrust", "fedgreed", "loss_drop", "nnm+fltrust"])
def test_an_app_without_one_is_refused_before_its_first_round(name):
    chosen = strategy(name, Aggregation())
    told = r"needs a root set, .* \(none was given\): give root=anml_fl\.RootSet"
    with pytest.raises(ValueError, match=told):
        chosen.start(None, None)


def test_one_that_can_only_be_trained_on_serves_fltrust_alone():
    trains = rows().__call__
    with pytest.raises(ValueError, match=r"fedgreed needs .* \(one that can only be trained"):
        strategy("fedgreed", Aggregation(), root=trains).start(None, None)
    with pytest.raises(AttributeError):  # on with the grid, which is none here
        strategy("fltrust", Aggregation(), root=trains).start(None, None)
