"""The server draws by a seed that nodes are not told: of a deployment alone, and once."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace

import numpy as np
import pytest

from anml_fl.federation.run_task import task_of
from anml_fl.method.calibrated.sketch import SIGNS, sketch
from anml_fl.run.server_seed import Bound, commitment, kept_seed, make_seed
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.seeding import stream
from anml_fl.settings.section import ConfigError
from server.orchestration.round_log import RoundLog
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


def stop_after_first(small, run, folder, monkeypatch, **settings):
    """Carry a run out until its first round is kept."""
    add = RoundLog.add

    def stops(self, done, *rest):
        add(self, done, *rest)
        raise KeyboardInterrupt

    config = small(**{"strategies": "fedavg", **settings})
    with monkeypatch.context() as patched:
        patched.setattr(RoundLog, "add", stops)
        with pytest.raises(KeyboardInterrupt):
            run(config, folder)
    return config


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("5ec2e7", None, r"server\.seed is missing, by which the rounds"),
        ("5ec2e7", "5ec2e8", r"server\.seed is another than the one by which"),
        (None, "5ec2e7", r"server\.seed was laid there after rounds of this run"),
        ("5ec2e7", "0005EC2E7\r\n", None),
        (None, None, None),
    ],
)
def test_rounds_are_gone_on_with_by_the_same_alone(
    small, run, tmp_path, monkeypatch, before, after, said
):
    def lay(text):
        path = tmp_path / "server.seed"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, newline="")

    lay(before)
    config = stop_after_first(small, run, tmp_path, monkeypatch)
    lay(after)
    if said is None:
        run(config, tmp_path)
        assert len(asked(tmp_path / "fedavg")) == 3
    else:
        with pytest.raises(ConfigError, match=said):
            run(config, tmp_path)


def test_what_is_finished_is_no_reason_to_draw_what_follows_by_another(
    small, run, tmp_path, monkeypatch
):
    (tmp_path / "server.seed").write_text("5ec2e7")
    config = stop_after_first(
        small, run, tmp_path, monkeypatch, strategies="fedavg,krum", rounds=1
    )
    run(config, tmp_path)
    for name in ("summary.json", "krum/model.safetensors", "krum/rounds.jsonl"):
        (tmp_path / name).unlink()
    (tmp_path / "server.seed").write_text("5ec2e8")
    assert not StrategyFolder(tmp_path / "fedavg").begun()
    with pytest.raises(ConfigError, match="another than the one"):
        run(config, tmp_path)


def test_a_deployments_is_needed_whatever_the_manifest_says(deployed, tmp_path):
    for bound in (None, Bound(), Bound(commitment(SEED))):
        with pytest.raises(ConfigError, match=r"server\.seed is missing, by which the rounds"):
            make_seed(tmp_path, deployed(), begun=True, bound=bound)


def test_one_that_an_earlier_version_did_not_bind_is_taken(deployed, small, tmp_path):
    (tmp_path / "server.seed").write_text("5ec2e7")
    for config, bound in ((deployed(), Bound()), (deployed(), None), (small(), None)):
        make_seed(tmp_path, config, begun=True, bound=bound)


def test_a_run_is_bound_to_it_by_a_hash_that_does_not_tell_it(small, run, tmp_path):
    (tmp_path / "server.seed").write_text("5ec2e7")
    run(small(strategies="fedavg", rounds=1), tmp_path)
    wanted = hashlib.sha256(b"anml-fl server seed\n" + b"0" * 26 + b"5ec2e7\n").hexdigest()
    said = json.loads((tmp_path / "manifest.json").read_text())
    assert said["server_seed_sha256"] == wanted
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "server.seed":
            assert b"5ec2e7" not in path.read_bytes().replace(wanted.encode(), b"")


def test_a_simulation_that_is_run_again_keeps_the_one_that_was_laid_there(
    small, run, tmp_path
):
    (tmp_path / "server.seed").write_text("5ec2e7")
    config = small(strategies="fedavg", rounds=1)
    run(config, tmp_path)
    run(config, tmp_path)
    assert kept_seed(tmp_path) == SEED


def test_others_can_no_longer_read_it_and_that_they_could_is_said(deployed, tmp_path, caplog):
    path = tmp_path / "server.seed"
    path.write_text("5ec2e7")
    path.chmod(0o640)
    make_seed(tmp_path, deployed(), begun=False, bound=None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "could be read by others (mode 0640)" in caplog.text
    assert "5ec2e7" not in caplog.text


def test_one_that_stays_open_to_others_is_refused(deployed, tmp_path, monkeypatch):
    (tmp_path / "server.seed").write_text("5ec2e7")
    (tmp_path / "server.seed").chmod(0o644)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    with pytest.raises(ConfigError, match=r"mode 0644.* chmod 600"):
        make_seed(tmp_path, deployed(), begun=False, bound=None)


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
