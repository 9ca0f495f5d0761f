"""Values of a run by any estimator: the CLI's own values, errors by row, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl import BetaShapley, ConfigError, PermutationShapley, RunValues, attribute
from anml_fl.datasets.prepare import Samples
from anml_fl.models.build import build
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.attribution.valuation import compare
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.round_game import quality_on, rows_on


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    config = from_flat(
        {
            "dataset": "wine",
            "contributors": 4,
            "rounds": 3,
            "local-epochs": 2,
            "behaviours": "label_flip=1",
            "strategies": "anml",
        }
    )
    nodes = [{"partition-id": i, "num-partitions": 4} for i in range(4)]
    out = tmp_path_factory.mktemp("run")
    run_federation(InlineGrid(app, nodes, config.to_flat()), config, out)
    return out


@pytest.mark.parametrize("name", ["exact-shapley", "leave-one-out", "gtg-shapley"])
def test_the_same_values_as_the_command_has(folder, name):
    told = compare(folder, seed=3)
    expected = [getattr(one, name.replace("-", "_")) for one in told.contributors]
    found = attribute(folder, name, seed=3)
    assert isinstance(found, RunValues)
    assert found.total.players == tuple(one.contributor for one in told.contributors)
    assert found.total.values == pytest.approx(expected, abs=1e-12)


def test_rounds_add_up_and_sampling_holds_the_exact_values(folder):
    exact = attribute(folder, "exact-shapley")
    assert sorted(exact.rounds) == [1, 2, 3]
    sums = np.sum([one.values for one in exact.rounds.values()], axis=0)
    assert exact.total.values == pytest.approx(sums)
    found = attribute(folder, PermutationShapley(60))
    off = np.abs(np.subtract(found.total.values, exact.total.values))
    assert (off <= 4 * np.array(found.total.sampling_errors) + 1e-12).all()
    assert (np.array(exact.total.sampling_errors) == 0).all()


def test_the_error_is_that_of_drawing_the_test_rows_anew(folder):
    found = attribute(folder, "exact-shapley").total
    rng = np.random.default_rng(0)
    rows = found.by_row
    again = [rows[:, rng.integers(0, rows.shape[1], rows.shape[1])] for _ in range(2000)]
    spread = np.std([one.mean(axis=1) for one in again], axis=0)
    np.testing.assert_allclose(found.errors, spread, rtol=0.08)


def test_repeats_to_the_last_bit_and_takes_settings_of_an_estimator(folder):
    sampled = BetaShapley(alpha=2, permutations=10)
    assert attribute(folder, sampled, seed=1) == attribute(folder, sampled, seed=1)
    assert attribute(folder, sampled, seed=1) != attribute(folder, sampled, seed=2)


def test_an_unknown_estimator_and_an_unfinished_run_are_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="got 'shapely'"):
        attribute(folder, "shapely")
    with pytest.raises(ConfigError, match="holds no finished run"):
        attribute(tmp_path)


def test_rows_have_the_quality_as_their_mean():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(50, 4)).astype(np.float32)
    model = build("mlp", 4, None, 3, 0)
    test = Samples(features, rng.integers(0, 3, 50), 3)
    assert rows_on(test)(model).mean() == pytest.approx(quality_on(test)(model), abs=1e-12)
    for scale in (1.0, 0.01):  # the second leaves so much that the mean is held at -1
        values = Samples(features, (scale * rng.normal(size=50)).astype(np.float32), 1)
        real = build("mlp", 4, None, 1, 0)
        rows = rows_on(values)(real)
        assert rows.mean() == pytest.approx(quality_on(values)(real), abs=1e-6)
