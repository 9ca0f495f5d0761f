"""Runs on tables of one's own: scores by a metric, values, and a server without any row."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.numpy import load_file
from sklearn import metrics

from anml_fl.datasets.prepare import Partitioned, Samples
from anml_fl.federation import data
from anml_fl.federation.task import task_of
from anml_fl.run.ledger_audit import audit
from anml_fl.run.reading import load_run
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.section import ConfigError
from server.attribution.valuation import attribute
from server.orchestration.progress import _state
from server.orchestration.summary_table import table
from server.report.page import render
from server.report.status_page import status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("north", "south", "west")
CENTRE, SPREAD = 200.0, 40.0
OWN = {
    "data": "homes.csv",
    "label": "price",
    "contributors": 3,
    "names": ",".join(NAMES),
    "partition": "natural",
    "behaviours": "honest=3",
    "strategies": "fedavg,anml",
    "rounds": 4,
    "learning_rate": 0.05,
}


def part(n: int, classes: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 4)).astype(np.float32)
    values = features @ np.array([0.8, -0.5, 0.2, 0.0]) + 0.2 * rng.normal(size=n)
    labels = values.astype(np.float32) if classes == 1 else (values > 0.9).astype(np.int64)
    return Samples(features, labels, classes)


def partitioned(classes: int, tests: int = 90) -> Partitioned:
    return Partitioned(
        tuple(part(80, classes, seed) for seed in (1, 2, 3)),
        part(tests, classes, 4),
        None,
        NAMES,
        tested=np.arange(tests) % 3 if tests else None,
        target=(CENTRE, SPREAD) if classes == 1 else None,
    )


@pytest.fixture
def own(
    small: Callable[..., Any],
    run: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Any]:
    """Run on data of one's own, by what `own_data` gives for a table."""

    def call(dealt: Partitioned, **settings: Any) -> tuple[Any, Path]:
        monkeypatch.setattr(data, "own_data", lambda _: dealt)
        config = small(**{**OWN, **settings})
        run(config, tmp_path / "run")
        return config, tmp_path / "run"

    return call


def last_score(folder: Path) -> float:
    return StrategyFolder(folder / "anml").records()[-1].test_score


def outputs(config: Any, folder: Path) -> Any:
    task = task_of(config)
    model = task.model_of(load_file(folder / "anml" / "model.safetensors"))
    with torch.no_grad():
        return task.data.test, model(torch.from_numpy(task.data.test.features)).numpy()


def terminal(folder: Path) -> str:
    console = Console(width=100, record=True)
    console.print(table(json.loads((folder / "summary.json").read_text())))
    return " ".join(console.export_text().split())


def test_values_are_scored_in_their_own_unit(own: Callable[..., Any]) -> None:
    config, folder = own(partitioned(1), metric="mae")
    test, found = outputs(config, folder)
    truth = CENTRE + SPREAD * test.labels
    wanted = metrics.mean_absolute_error(truth, CENTRE + SPREAD * found[:, 0])
    assert last_score(folder) == pytest.approx(wanted, rel=1e-5)
    assert wanted < 0.5 * SPREAD
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["strategies"]["anml"]["test_score"] == last_score(folder)
    assert summary["metric"] == "mae"
    assert summary["dataset"] == "homes.csv"
    assert "classes" not in summary
    assert audit(folder).ok


def test_a_page_on_values_shows_their_metric_alone(own: Callable[..., Any]) -> None:
    _, folder = own(partitioned(1), metric="r2")
    page = render(load_run(folder))
    assert "est error" not in page.split("<h2>Settings")[0]
    assert "<h2>Test r2 by round</h2>" in page
    assert "test set; higher is better." in page
    shown = f"{last_score(folder):.3f}"
    assert f"anml ended at {shown} test r2" in page
    assert f"anml {shown} " in terminal(folder)
    assert "error" not in terminal(folder)


def test_each_sites_score_on_its_own_rows_is_scikit_learns(own: Callable[..., Any]) -> None:
    config, folder = own(partitioned(1), metric="r2")
    test, found = outputs(config, folder)
    run = load_run(folder)
    for place, name in enumerate(NAMES):
        rows = np.arange(90) % 3 == place
        wanted = metrics.r2_score(test.labels[rows], found[rows, 0])
        assert run.summary.holdings[name].scores["anml"] == pytest.approx(wanted, rel=1e-4)
    assert "Its r2, anml" in render(run)


def test_updates_on_values_are_worth_what_they_add_to_r2(own: Callable[..., Any]) -> None:
    # Of FedAvg every round's coalition of all is the round's model: values add up to all that
    # was gained, from the first model to the last.
    config, folder = own(partitioned(1), metric="r2", strategies="fedavg")
    found = attribute(folder)
    task = task_of(config)
    before = 1 - task.error(task.initial_model())
    after = StrategyFolder(folder / "fedavg").records()[-1].test_score
    total = sum(one.exact_shapley or 0.0 for one in found.contributors)
    assert before > -1
    assert total == pytest.approx(after - before, abs=1e-4)
    assert "the test R² of the rounds" in render(load_run(folder), found)


def test_classes_are_counted_by_number_and_imbalance_is_said(own: Callable[..., Any]) -> None:
    dealt = partitioned(2)
    counts = np.bincount(dealt.test.labels).tolist()
    config, folder = own(dealt, metric="balanced_accuracy", weight_classes=True)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["classes"] == counts
    assert 3 * counts[0] > 2 * sum(counts)
    test, found = outputs(config, folder)
    wanted = metrics.balanced_accuracy_score(test.labels, found.argmax(1))
    assert last_score(folder) == pytest.approx(wanted)
    rare = f"{100 * counts[1] / sum(counts):.1f}\N{NO-BREAK SPACE}%"
    said = f"Class 1 is {rare} of the 90 test rows; always answering class 0 would have {rare}"
    assert said in render(load_run(folder))


def test_a_server_without_any_row_still_trains_and_shows(own: Callable[..., Any]) -> None:
    config, folder = own(partitioned(2, tests=0), metric="f1")
    assert np.isnan(last_score(folder))
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["strategies"]["anml"]["test_error"] is None
    assert "test_score" not in summary["strategies"]["anml"]
    assert audit(folder).ok
    page = render(load_run(folder))
    assert "ended without a tested model" in page
    assert "No round of this run was tested." in page
    assert "nan" not in terminal(folder)
    with pytest.raises(ConfigError, match="cannot be valued: the server has no rows"):
        attribute(folder)
    criterion = load_run(folder).criterion
    assert _state(folder / "anml", criterion).strip() in ("blend", "krum", "uniform")
    (folder / "summary.json").unlink()
    assert status(folder).strategies[1][2] == ""
    assert config.evaluation.metric == "f1"


def test_status_and_progress_show_the_metric(own: Callable[..., Any]) -> None:
    _, folder = own(partitioned(2), metric="f1")
    shown = f"{100 * last_score(folder):.1f} %"
    criterion = load_run(folder).criterion
    assert _state(folder / "anml", criterion).startswith(f"test f1 {shown}")
    (folder / "summary.json").unlink()
    now = status(folder)
    assert now.scored == "test f1"
    assert now.strategies[1][2] == shown


def test_an_edited_score_is_noticed(own: Callable[..., Any]) -> None:
    _, folder = own(partitioned(2), metric="f1")
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    summary["strategies"]["anml"]["test_score"] = 1.0
    path.write_text(json.dumps(summary, indent=2) + "\n")
    assert "strategies.anml.test_score is 1.0" in str(audit(folder).difference)
    summary["metric"] = "recall"
    path.write_text(json.dumps(summary, indent=2) + "\n")
    assert not audit(folder).ok


def test_a_metric_that_nobody_knows_is_no_run(own: Callable[..., Any]) -> None:
    _, folder = own(partitioned(2), metric="f1")
    path = folder / "summary.json"
    path.write_text(path.read_text().replace('"metric": "f1"', '"metric": "beauty"'))
    with pytest.raises(ValueError, match=r"metric must be one of accuracy, .* got 'beauty'"):
        load_run(folder)


def test_lower_is_better_where_the_metric_says_so(own: Callable[..., Any]) -> None:
    _, folder = own(partitioned(1), metric="rmse")
    run = load_run(folder)
    lead, other = (
        replace(one, summary=replace(one.summary, test_score=score))
        for one, score in zip(run.strategies[::-1], (10.0, 20.0), strict=True)
    )
    page = render(replace(run, strategies=(other, lead)))
    assert "anml ended at 10.000 test rmse: better than fedavg (20.000)." in page
