"""Training on values, and with rare classes weighed up: by hand, and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from anml_fl.behaviours.gradient_aligned import misplaced
from anml_fl.behaviours.label_flip import mislabelled
from anml_fl.datasets.prepare import Samples
from anml_fl.models.state import arrays_of
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.training import Training
from clients.training import class_weights, train


def values(n=50, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 3)).astype(np.float32)
    labels = features @ np.array([1.0, -2.0, 0.5]) + 0.7 + noise * rng.normal(size=n)
    return Samples(features, labels.astype(np.float32), 1)


def linear(outputs, seed=1):
    model = nn.Sequential(nn.Linear(3, outputs))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(
                torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed))
            )
    return model


def of(model):
    arrays = arrays_of(model)
    return arrays["0.weight"].astype(np.float64), arrays["0.bias"].astype(np.float64)


def test_one_step_on_values_is_the_slope_of_the_mean_squared_error():
    samples, model = values(), linear(1)
    weight, bias = of(model)
    wrong = samples.features.astype(np.float64) @ weight[0] + bias[0] - samples.labels
    train(
        model,
        samples,
        Training(local_epochs=1, batch_size=50, learning_rate=0.2),
        np.random.default_rng(0),
    )
    moved, shifted = of(model)
    np.testing.assert_allclose(
        moved[0], weight[0] - 0.2 * 2 * wrong @ samples.features / 50, atol=1e-5
    )
    np.testing.assert_allclose(shifted, bias - 0.2 * 2 * wrong.mean(), atol=1e-5)


def test_linear_model_of_values_reaches_scikit_learns_coefficients():
    samples, model = values(), linear(1)
    settings = Training(local_epochs=300, batch_size=50, learning_rate=0.1)
    train(model, samples, settings, np.random.default_rng(0))
    fitted = LinearRegression().fit(samples.features, samples.labels)
    weight, bias = of(model)
    np.testing.assert_allclose(weight[0], fitted.coef_, atol=1e-4)
    np.testing.assert_allclose(bias[0], fitted.intercept_, atol=1e-4)


def test_mlp_of_values_learns_what_no_line_can():
    rng = np.random.default_rng(0)
    features = rng.uniform(-2, 2, size=(400, 3)).astype(np.float32)
    samples = Samples(features, np.abs(features[:, 0]) - 1, 1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    train(model, samples, Training(local_epochs=40, learning_rate=0.05), rng)
    with torch.no_grad():
        left = model(torch.from_numpy(features))[:, 0].numpy() - samples.labels
    assert left.var() < 0.02 * samples.labels.var()


def test_weights_are_scikit_learns_over_the_classes_that_somebody_holds():
    labels = np.array([3, 0, 0, 0, 0, 0, 1, 1, 3])
    held = np.unique(labels)
    found = class_weights(labels, 5)
    wanted = compute_class_weight("balanced", classes=held, y=labels)
    np.testing.assert_allclose(found[held], wanted, rtol=1e-6)
    assert found[[2, 4]].tolist() == [0, 0]


def test_one_weighed_step_is_the_slope_of_the_weighed_cross_entropy():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(20, 3)).astype(np.float32)
    labels = np.array([0] * 15 + [1] * 4 + [2])
    model = linear(3)
    weight, bias = of(model)
    settings = Training(local_epochs=1, batch_size=20, learning_rate=0.3, weight_classes=True)
    train(model, Samples(features, labels, 3), settings, np.random.default_rng(0))
    each = compute_class_weight("balanced", classes=np.arange(3), y=labels)[labels]
    logits = features @ weight.T + bias
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    slope = each[:, None] * (p - np.eye(3)[labels]) / each.sum()
    moved, shifted = of(model)
    np.testing.assert_allclose(moved, weight - 0.3 * slope.T @ features, atol=1e-5)
    np.testing.assert_allclose(shifted, bias - 0.3 * slope.sum(axis=0), atol=1e-5)


@pytest.mark.parametrize("weighed", [False, True])
def test_a_rare_class_is_found_once_it_is_weighed_up(weighed):
    rng = np.random.default_rng(5)
    labels = np.array([0] * 380 + [1] * 20)
    features = (rng.normal(size=(400, 3)) + labels[:, None]).astype(np.float32)
    model = linear(2)
    train(model, Samples(features, labels, 2), Training(weight_classes=weighed), rng)
    with torch.no_grad():
        found = model(torch.from_numpy(features)).argmax(1).numpy()[labels == 1].mean()
    assert (found > 0.6) == weighed


def test_values_are_flipped_to_the_other_side_of_their_mean():
    samples = values()
    found = mislabelled(samples, np.random.default_rng(0), Attackers(flip_fraction=0.4)).labels
    assert found.dtype == np.float32
    assert (found == -samples.labels).sum() == 20
    assert (found == samples.labels).sum() == 30


def test_aligned_values_take_the_mean_of_the_other_half_and_move_towards_it():
    labels = np.array([-2.0, -1.0, 1.0, 3.0], np.float32)
    features = np.array([[0.0], [2.0], [10.0], [14.0]], np.float32)
    found = misplaced(Samples(features, labels, 1), np.random.default_rng(0), Attackers())
    assert found.labels.tolist() == [2.0, 2.0, -1.5, -1.5]
    # A fifth of the way to the other half's mean: 12 of the upper, 1 of the lower.
    np.testing.assert_allclose(found.features[:, 0], [2.4, 4.0, 8.2, 11.4], rtol=1e-6)


def test_aligned_values_that_are_all_one_have_no_other_side():
    samples = Samples(np.ones((3, 1), np.float32), np.ones(3, np.float32), 1)
    assert misplaced(samples, np.random.default_rng(0), Attackers()) is samples
