"""A backdoor: which rows have the trigger, and how its success is counted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anml_fl.behaviour import behaviour
from anml_fl.behaviours.backdoor import poisoned, stamped, triggered
from anml_fl.datasets.prepare import Samples
from anml_fl.federation.backdoor_success import backdoor_success
from anml_fl.federation.run_task import task_of
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError


def samples(n=40, classes=4, width=6):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, width)).astype(np.float32)
    return Samples(features, rng.integers(classes, size=n), classes)


@pytest.mark.parametrize(("size", "value"), [(1, -2.0), (3, 5.0), (6, 0.0)])
def test_the_trigger_is_the_last_features_and_nothing_else(size, value):
    before = samples().features
    after = stamped(before, Attackers(trigger_size=size, trigger_value=value))
    assert (after[:, 6 - size :] == value).all()
    assert after[:, : 6 - size].tobytes() == before[:, : 6 - size].tobytes()


@pytest.mark.parametrize(("share", "marked"), [(0.0, 0), (0.3, 12), (1.0, 40)])
def test_a_share_of_the_samples_has_the_trigger_and_the_targets_label(share, marked):
    before = samples()
    attacks = Attackers(poison_fraction=share, trigger_target=2, trigger_value=99)
    after = poisoned(before, np.random.default_rng(4), attacks)
    has = (after.features[:, -4:] == 99).all(axis=1)
    assert has.sum() == marked
    assert (after.labels[has] == 2).all()
    assert after.labels[~has].tolist() == before.labels[~has].tolist()
    assert after.features[~has].tobytes() == before.features[~has].tobytes()
    assert not (before.features == 99).any()


def test_rows_of_the_target_are_no_success_and_are_left_out():
    before = samples()
    after = triggered(before, Attackers(trigger_target=1))
    assert after.labels.size == (before.labels != 1).sum()
    assert set(after.labels.tolist()) == {1}
    assert (after.features[:, -4:] == 3.0).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trigger_target": 4}, r"trigger_target must be a class in \[0, 3\], got 4"),
        ({"trigger_size": 7}, r"trigger_size must be at most the 6 features of a row, got 7"),
    ],
)
def test_a_trigger_that_the_data_do_not_have_is_refused(given, message):
    for act in (
        lambda a: poisoned(samples(), np.random.default_rng(0), a),
        lambda a: triggered(samples(), a),
    ):
        with pytest.raises(ConfigError, match=message):
            act(Attackers(**given))


def test_values_have_no_class_to_aim_at():
    values = Samples(np.zeros((2, 9), np.float32), np.array([0.5, 1.5]), 1)
    with pytest.raises(ConfigError, match="needs classes"):
        poisoned(values, np.random.default_rng(0), Attackers())


@pytest.mark.parametrize(("value", "success"), [(99.0, 1.0), (-99.0, 0.0)])
def test_success_is_the_share_of_other_classes_taken_for_the_target(value, success):
    task = task_of(from_flat({"dataset": "wine", "contributors": 3, "behaviours": "honest=3"}))
    # Rows whose last feature is above 50 are of class 2, and all others of class 0.
    model = torch.nn.Linear(13, 3)
    with torch.no_grad():
        model.weight.zero_()
        model.weight[2, -1] = 1
        model.bias.copy_(torch.tensor([1.0, 0.0, -49.0]))
    attacks = Attackers(trigger_target=2, trigger_value=value)
    assert backdoor_success(task, model, attacks) == success
    # Those of class 0 are no success, though they are taken for it.
    rows = task.data.test.labels
    assert task.error(model) == pytest.approx((rows != 0).mean())


def test_it_trains_on_poison_and_sends_more_than_it_learned():
    acting = behaviour("backdoor")
    assert acting.samples is poisoned
    assert acting.update is not None
