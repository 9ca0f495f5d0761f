"""The server draws by a seed that nodes are not told: of a deployment alone, and once."""

from __future__ import annotations

import stat
from dataclasses import replace

import numpy as np
import pytest

from anml_fl.federation.run_task import task_of
from anml_fl.method.calibrated.sketch import SIGNS, sketch
from anml_fl.run.server_seed import kept_seed, make_seed
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.seeding import stream
from anml_fl.settings.section import ConfigError
from server.orchestration.run_folder import open_run
from strategies.context import Context
from strategies.sampling import DrawnSeed

SEED = 0x5EC2E7
NAMES = [f"contributor-{i:04d}" for i in range(6)]


def asked(folder):
    return [
        [one.contributor for one in record.contributors]
        for record in StrategyFolder(folder).records()
    ]


@pytest.fixture
def deployed(small):
    def make(**settings):
        return small(**settings).model_copy(update={"engine": "deployment"})

    return make


def test_a_deployment_draws_one_for_its_owner_alone_and_keeps_it(deployed, tmp_path):
    config = deployed(strategies="fedavg")
    open_run(tmp_path, config)
    path, first = tmp_path / "server.seed", kept_seed(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first is not None
    assert first != config.seed
    open_run(tmp_path, config)
    assert kept_seed(tmp_path) == first
    open_run(tmp_path / "other", config)
    assert kept_seed(tmp_path / "other") != first
    assert f"{first:x}" not in str(config.to_flat())


def test_a_simulation_draws_none(small, run, tmp_path):
    run(small(strategies="fedavg", rounds=1), tmp_path)
    assert kept_seed(tmp_path) is None


def test_rounds_are_not_gone_on_with_by_another(deployed, tmp_path):
    make_seed(tmp_path, deployed(), begun=False)
    (tmp_path / "server.seed").unlink()
    with pytest.raises(ConfigError, match=r"server\.seed is missing, by which the rounds"):
        make_seed(tmp_path, deployed(), begun=True)


def test_a_damaged_one_is_refused_and_not_shown(tmp_path):
    (tmp_path / "server.seed").write_text("a secret that is no number")
    with pytest.raises(ConfigError, match="hexadecimal") as refused:
        kept_seed(tmp_path)
    assert "secret" not in str(refused.value)


def test_who_is_asked_follows_from_it_and_not_from_the_runs(small, run, tmp_path):
    config = small(strategies="fedavg,bucketing+median", fraction_train=0.5)
    (tmp_path / "server.seed").write_text(f"{SEED:x}\n")
    run(config, tmp_path)
    wanted = [
        [NAMES[i] for i in sorted(stream(SEED, "sampling", n).choice(6, 3, replace=False))]
        for n in (1, 2, 3)
    ]
    assert asked(tmp_path / "fedavg") == asked(tmp_path / "bucketing+median") == wanted


def test_the_root_set_follows_from_it_and_what_is_tested_on_with_it(small):
    config = small(dataset="digits", strategies="calibrated")
    mine, again, theirs = task_of(config, SEED), task_of(config, SEED), task_of(config)
    np.testing.assert_array_equal(mine.root.features, again.root.features)
    assert mine.root.features.shape == theirs.root.features.shape
    assert not np.array_equal(mine.root.features, theirs.root.features)
    for task in (mine, theirs):
        whole = np.concatenate([task.root.features, task.data.test.features])
        assert (
            np.unique(whole, axis=0).shape[0]
            == np.unique(
                np.concatenate([theirs.root.features, theirs.data.test.features]), axis=0
            ).shape[0]
        )


def test_what_folds_to_nothing_by_the_known_signs_is_seen_by_secret_ones():
    round_of = Context(1, np.zeros(1), seed=5)
    assert round_of.signs == SIGNS
    secret = replace(round_of, seed=DrawnSeed(SEED)).signs
    # Two elements of one place of the sketch, which cancel each other under the known signs.
    hidden = np.zeros((64, 4096))
    for place, row in enumerate(hidden):
        row[place] = 1.0
        lone, other = np.eye(1, 4096, place), np.eye(1, 4096, place + 1024)
        row[place + 1024] = -(sketch(lone) * sketch(other)).sum()
    assert not sketch(hidden).any()
    assert sketch(hidden, secret).any(axis=1).sum() > 16
