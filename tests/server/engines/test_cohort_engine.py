"""The cohort engine decides what the inline one does, to the byte, and fails as it does."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from safetensors.numpy import load_file

from anml_fl.execution import execute
from anml_fl.federation.run_task import task_of
from anml_fl.run.files import MODEL, ROUNDS
from clients.app import app
from clients.cohort_round import cohort_of
from server.engines.cohort_grid import CohortGrid, grid_in_process
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import train_federation

ATTACKS = "label_flip=1,gradient_aligned=1,credential_faking=1,turncoat=1,on_off=1"


@pytest.fixture
def train(tmp_path):
    """Train on an engine; gives the run's folder."""

    def call(config, name=None):
        out = tmp_path / (name or config.engine)
        execute(config, out)
        return out

    return call


def records(out, strategy):
    return (out / strategy / ROUNDS).read_bytes()


def entries(out):
    """Read the ledger, without what names the run and when it was signed."""
    drop = {
        "run",
        "settings",
        "time",
        "previous",
        "signature",
        "key",
        "at",
        "hash",
        "files",
        "summary",
    }
    lines = [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if name not in drop} for line in lines
    ]


def same(one, other, strategies):
    for name in strategies:
        assert records(one, name) == records(other, name), name
        mine, theirs = (load_file(out / name / MODEL) for out in (one, other))
        assert list(mine) == list(theirs)
        assert all(mine[key].tobytes() == theirs[key].tobytes() for key in mine), name


@pytest.mark.parametrize(
    ("strategies", "settings"),
    [
        ("fedavg,krum,anml,calibrated,oracle", {}),
        ("median,trimmed_mean,bulyan,multikrum,q_only", {"contributors": 9}),
        ("multiplicative,softmax_blend,anml", {"scenario": "moderate", "dataset": "digits"}),
    ],
    ids=["default", "robust", "credentials"],
)
def test_the_same_bytes_come_out_as_inline(small, train, strategies, settings):
    given = {
        "contributors": 8, "behaviours": ATTACKS, "turn_round": 2, "good_rounds": 1,
        "bad_rounds": 1, "strategies": strategies, "record_updates": False, **settings,
    }  # fmt: skip
    inline, cohort = (train(small(engine=one, **given)) for one in ("inline", "cohort"))
    same(inline, cohort, strategies.split(","))
    assert entries(inline) == entries(cohort)
    refused = records(cohort, strategies.split(",")[0]).count(b'"refused_credentials"')
    assert refused == records(inline, strategies.split(",")[0]).count(b'"refused_credentials"')


@pytest.mark.parametrize("model", ["logistic", "cnn"])
def test_so_they_do_with_unequal_counts_and_other_models(small, train, model):
    given = {
        "dataset": "digits", "contributors": 7, "partition": "dirichlet:0.2", "model": model,
        "batch_size": 7, "rounds": 2, "strategies": "anml",
    }  # fmt: skip
    inline, cohort = (train(small(engine=one, **given)) for one in ("inline", "cohort"))
    same(inline, cohort, ["anml"])


def test_no_message_is_sent_for_a_round(small, tmp_path, monkeypatch):
    sent = []
    monkeypatch.setattr(InlineGrid, "push_messages", lambda self, some: sent.extend(some))
    config = small(engine="cohort", strategies="fedavg")
    grid = grid_in_process(config, app, cohort_of(config))
    assert isinstance(grid, CohortGrid)
    train_federation(grid, config, tmp_path)
    assert not sent
    assert len(records(tmp_path, "fedavg").splitlines()) == 3


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(small, train, monkeypatch):
    given = {"strategies": "fedavg,anml", "behaviours": "turncoat=2", "turn_round": 2}
    config = small(engine="cohort", rounds=4, **given)
    whole = train(config, "whole")
    real, left = CohortGrid.train_cohort, [6]

    def stopping(self, *given):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(self, *given)

    monkeypatch.setattr(CohortGrid, "train_cohort", stopping)
    with pytest.raises(KeyboardInterrupt):
        train(config, "stopped")
    left[0] = 99
    stopped = train(config, "stopped")
    assert left[0] == 99 - 2
    same(whole, stopped, ["fedavg", "anml"])


@pytest.fixture
def behave(monkeypatch):
    """Put another behaviour in the place of label flipping."""

    def put(**parts):
        module = import_module("anml_fl.behaviours.label_flip")
        monkeypatch.setattr(module, "label_flip", replace(module.label_flip, **parts))

    return put


def omniscient(update, sight):
    return -sight.others().mean(axis=0) + np.float32(0.01) * sight.rng.normal(
        size=update.size
    ).astype(np.float32)


def broken(*given):
    return {}["patient 55"]


def lost(update, sight):
    return np.where(np.arange(update.size) < 5, np.nan, update)


def huge(update, sight):
    return np.where(np.arange(update.size) < 5, np.float32(3e38), update) - sight.model


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"update": omniscient}, None),
        ({"samples": broken}, "WithheldError: KeyError in test_cohort_engine.py, line"),
        ({"update": broken}, "WithheldError: KeyError in test_cohort_engine.py, line"),
        ({"credentials": broken}, "WithheldError: KeyError in test_cohort_engine.py, line"),
        ({"credentials": lambda *given: [1, "a"]}, "WithheldError: TypeError in"),
        ({"credentials": lambda *given: ["a" * 9000] * 20}, None),
        ({"credentials": lambda *given: "abc"}, None),
        ({"update": lost}, "5 values are not finite"),
        ({"update": huge}, None),
        ({"samples": lambda samples, *given: samples.take(np.arange(0))}, "WithheldError: "),
        ({"samples": lambda samples, *given: replace(samples, labels=samples.labels + 90)},
         "WithheldError: "),
        ({"update": lambda update, sight: update[:-1]}, "must give an update of shape"),
        ({"samples": lambda samples, *given: samples.features.__imul__(2)},
         "WithheldError: ValueError in"),
        ({"samples": lambda samples, *given: replace(samples, classes=1)},
         "classes, got 1"),
        ({"samples": lambda samples, *given: replace(samples, labels=[1])},
         "labels must be an array, got list"),
        ({"samples": lambda *given: 7}, "must give anml_fl.datasets.prepare.Samples, got int"),
    ],
)  # fmt: skip
def test_whoever_fails_does_so_alone_and_in_the_same_words(small, train, behave, parts, words):
    behave(**parts)
    given = {"behaviours": "label_flip=2", "strategies": "anml", "contributors": 7}
    inline, cohort = (train(small(engine=one, **given)) for one in ("inline", "cohort"))
    same(inline, cohort, ["anml"])
    first = json.loads(records(cohort, "anml").splitlines()[0])
    reasons = [one["reason"] for one in first["contributors"] if one["reason"]]
    assert len(reasons) == (0 if words is None else 2)
    assert all(words in reason for reason in reasons), reasons
    assert b"patient" not in records(cohort, "anml")


def test_an_honest_one_who_fails_is_what_an_omniscient_attacker_stumbles_over(
    small, train, behave, monkeypatch
):
    behave(update=omniscient)
    module = import_module("anml_fl.behaviours.newcomer")
    monkeypatch.setattr(module, "newcomer", replace(module.newcomer, samples=broken))
    given = {"behaviours": "label_flip=1,newcomer=1", "strategies": "fedavg"}
    inline, cohort = (train(small(engine=one, **given)) for one in ("inline", "cohort"))
    same(inline, cohort, ["fedavg"])
    first = json.loads(records(cohort, "fedavg").splitlines()[0])
    assert sum("KeyError" in (one["reason"] or "") for one in first["contributors"]) == 2


def test_poison_and_tokens_are_made_once_a_run(small, train, behave):
    made = []
    real = import_module("anml_fl.behaviours.label_flip").mislabelled
    behave(
        samples=lambda *given: made.append("poison") or real(*given),
        credentials=lambda *given: made.append("tokens") or ["a"],
    )
    train(small(engine="cohort", strategies="fedavg", behaviours="label_flip=2", rounds=4))
    assert sorted(made) == ["poison"] * 2 + ["tokens"] * 2


def test_data_of_a_program_are_trained_on_at_once_too(small, tmp_path):
    config = small(engine="cohort", strategies="fedavg")
    task = task_of(config)
    half = replace(task.data, parts=tuple(p.take(np.arange(9)) for p in task.data.parts))
    own = replace(task, data=half)
    folders = []
    for engine in ("cohort", "inline"):
        folders.append(tmp_path / engine)
        execute(config.model_copy(update={"engine": engine}), folders[-1], task=own)
    same(*folders, ["fedavg"])
