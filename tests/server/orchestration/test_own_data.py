"""A run of contributors who gathered their data: names, samples, errors on their own."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from anml_fl.datasets.prepare import deal
from anml_fl.models.build import build
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    """Run four hospitals, one of which flips labels."""
    folder = Path(os.environ.get("ANML_DATA_DIR") or "none")
    if not (folder / "heart_disease_hospitals.csv").is_file():
        pytest.skip("ANML_DATA_DIR names no folder with heart_disease_hospitals.csv")
    config = from_flat(
        {
            "dataset": "heart_disease",
            "partition": "natural",
            "contributors": 4,
            "scenario": "unknown",
            "behaviours": "label_flip=1",
            "rounds": 2,
            "local-epochs": 2,
            "strategies": "fedavg,median",
        }
    )
    out = tmp_path_factory.mktemp("hospitals")
    nodes = [{"partition-id": i} for i in range(4)]
    summary = run_federation(InlineGrid(app, nodes, config.to_flat()), config, out)
    return config, out, summary


def test_contributors_go_by_their_names_everywhere(finished) -> None:
    _, out, summary = finished
    names = ["cleveland", "hungarian", "switzerland", "va"]
    assert sorted(summary["contributors"]) == names
    line = json.loads((out / "fedavg/rounds.jsonl").read_text().splitlines()[0])
    assert [person["contributor"] for person in line["contributors"]] == names
    paid = (out / "ledger.jsonl").read_text()
    assert all(f'"{name}"' in paid for name in names)


def test_samples_and_errors_are_those_of_its_own_rows(finished) -> None:
    config, out, summary = finished
    dealt = deal("heart_disease", 4, "natural", config.seed)
    for place, name in enumerate(dealt.names):
        held = summary["holdings"][name]
        assert held["samples"] == dealt.parts[place].labels.size
        own = dealt.test.take(np.flatnonzero(dealt.tested == place))
        for strategy in config.strategies:
            model = build("mlp", own.features.shape[1], None, 2, seed=0)
            arrays = load_file(out / strategy / "model.safetensors")
            model.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()})
            with torch.no_grad():
                predicted = model(torch.tensor(own.features)).argmax(1).numpy()
            assert held["errors"][strategy] == np.mean(predicted != own.labels)


def test_examples_that_are_missing_values_reach_no_model(finished) -> None:
    _, out, _ = finished
    for strategy in ("fedavg", "median"):
        arrays = load_file(out / strategy / "model.safetensors")
        assert all(np.isfinite(value).all() for value in arrays.values())


def test_the_page_names_them(finished) -> None:
    _, out, _ = finished
    page = (out / "report.html").read_text()
    assert "Who gathered what, and its weight" in page
    assert "switzerland" in page


def test_dealt_out_samples_are_nobodys_holdings(tmp_path: Path) -> None:
    config = from_flat(
        {
            "dataset": "wine",
            "contributors": 4,
            "behaviours": "honest=4",
            "rounds": 1,
            "strategies": "fedavg",
        }
    )
    nodes = [{"partition-id": i} for i in range(4)]
    summary = run_federation(InlineGrid(app, nodes, config.to_flat()), config, tmp_path)
    assert "holdings" not in summary


def test_file_and_page_agree_on_who_is_sick() -> None:
    folder = os.environ.get("ANML_DATA_DIR") or "none"
    path = Path(folder) / "heart_disease_hospitals.csv"
    if not path.is_file():
        pytest.skip("ANML_DATA_DIR names no folder with heart_disease_hospitals.csv")
    with path.open() as file:
        sick = sum(int(row["num"]) > 0 for row in csv.DictReader(file))
    dealt = deal("heart_disease", 4, "natural", 0)
    assert sum(p.labels.sum() for p in dealt.parts) + dealt.test.labels.sum() == sick


def test_a_hospital_of_one_class_is_told_when_the_run_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    columns = "age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num"
    outcomes = {"berne": "01" * 20, "lyon": "2" * 10}
    rows = [
        f"{who},{30 + i},1,1,145,?,1,2,150,0,2.3,3,0,6,{num}"
        for who, digits in outcomes.items()
        for i, num in enumerate(digits)
    ]
    file = tmp_path / "heart_disease_hospitals.csv"
    file.write_text("\n".join([f"hospital,{columns}", *rows]))
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    config = from_flat(
        {
            "dataset": "heart_disease",
            "partition": "natural",
            "contributors": 2,
            "behaviours": "honest=2",
            "scenario": "unknown",
            "rounds": 1,
            "local-epochs": 1,
            "strategies": "fedavg",
        }
    )
    nodes = [{"partition-id": i} for i in range(2)]
    run_federation(InlineGrid(app, nodes, config.to_flat()), config, tmp_path / "run")
    told = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert f"{file}, column chol: no row has a value" in told
    assert "heart_disease: training rows of one class alone: lyon (8 of class 1)" in told
