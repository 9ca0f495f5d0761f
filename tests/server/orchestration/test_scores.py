"""Runs on tables of one's own: scores by a metric, values, and a server without any row."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.numpy import load_file
from sklearn import metrics

from anml_fl.federation.adoption import adopted
from anml_fl.federation.run_task import task_of
from anml_fl.run.class_names import class_names
from anml_fl.run.criterion import Criterion
from anml_fl.run.ledger_audit import audit
from anml_fl.run.reading import load_run
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.app import client_app
from server.attribution.valuation import compare
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.progress import _state
from server.orchestration.round_game import refuse_untested
from server.orchestration.round_tail import RoundTail
from server.orchestration.summary_table import table
from server.page.following import Following
from server.page.glimpse import glimpse
from server.page.snapshot import Snapshot, snapshot
from server.report.page import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anml_fl.federation.task import Task

NAMES = ("north", "south", "west")
CHOSEN = {"strategies": "fedavg,anml", "rounds": 4, "learning_rate": 0.05}


def write(path: Path, rows: int, label: str, seed: int) -> None:
    """Write a table of three sites with a price, or a flag that few homes have."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 4))
    price = 200 + 40 * (
        features @ np.array([0.8, -0.5, 0.2, 0.0]) + 0.2 * rng.normal(size=rows)
    )
    target = price.round(3) if label == "price" else np.where(price > 236, "dear", "cheap")
    lines = [f"site,a,b,c,d,{label}"]
    for place, (row, value) in enumerate(zip(features.round(4), target, strict=True)):
        lines.append(f"{NAMES[place % 3]},{','.join(map(str, row))},{value}")
    path.write_text("\n".join(lines) + "\n")


@dataclass
class Made:
    """A run on a table of one's own, with what the test table says."""

    config: Any
    folder: Path
    truth: Any

    @property
    def task(self) -> Task:
        return task_of(self.config)

    def outputs(self) -> Any:
        model = self.task.model_of(load_file(self.folder / "anml" / "model.safetensors"))
        with torch.no_grad():
            return model(torch.from_numpy(self.task.data.test.features)).numpy()

    def values(self) -> Any:
        assert self.task.data.target is not None
        centre, spread = self.task.data.target
        return centre + spread * self.outputs()[:, 0].astype(float)


@pytest.fixture
def own(run: Callable[..., Any], tmp_path: Path) -> Any:
    """Run on homes with a price or a flag, tested on another table."""

    def call(label: str, **settings: Any) -> Made:
        table, test = tmp_path / "homes.csv", tmp_path / "test.csv"
        write(table, 240, label, 1)
        write(test, 90, label, 4)
        flat = {**CHOSEN, "data": str(table), "label": label, "by": "site", "test": str(test)}
        flat = {key.replace("_", "-"): value for key, value in {**flat, **settings}.items()}
        config = adopted(from_flat(flat))
        run(config, tmp_path / "run")
        truth = np.genfromtxt(test, str, delimiter=",", skip_header=1)[:, -1]
        given = truth.astype(float) if label == "price" else (truth == "dear").astype(int)
        return Made(config, tmp_path / "run", given)

    return call


def last_score(folder: Path) -> float:
    strategy = "anml" if (folder / "anml").exists() else "fedavg"
    return StrategyFolder(folder / strategy).records()[-1].test_score


def seen(folder: Path) -> Snapshot:
    following = Following(folder)
    following.catch_up()
    return snapshot(following, folder.name)


def terminal(folder: Path) -> str:
    console = Console(width=100, record=True)
    console.print(table(json.loads((folder / "summary.json").read_text())))
    return " ".join(console.export_text().replace("│", " ").split())


def test_values_are_scored_in_their_own_unit(own: Callable[..., Made]) -> None:
    made = own("price", metric="mae")
    wanted = metrics.mean_absolute_error(made.truth, made.values())
    assert last_score(made.folder) == pytest.approx(wanted, rel=1e-4)
    assert wanted < 20  # half of the prices' spread
    summary = json.loads((made.folder / "summary.json").read_text())
    assert summary["strategies"]["anml"]["test_score"] == last_score(made.folder)
    assert summary["metric"] == "mae"
    assert summary["dataset"] == "homes.csv"
    assert "classes" not in summary
    assert audit(made.folder).ok


def test_a_page_on_values_shows_their_metric_alone(own: Callable[..., Made]) -> None:
    folder = own("price").folder  # r2, where nothing is chosen
    page = render(load_run(folder))
    assert "est error" not in page.split("<h2>Settings")[0]
    assert "<h2>Test R2 by round</h2>" in page
    assert "test set; higher is better." in page
    shown = f"{last_score(folder):.3f}"
    assert f"anml ended at {shown} test R2" in page
    assert f"anml {shown} " in terminal(folder)
    assert "error" not in terminal(folder)


def test_each_sites_score_on_its_own_rows_is_scikit_learns(own: Callable[..., Made]) -> None:
    made = own("price")
    run = load_run(made.folder)
    for place, name in enumerate(NAMES):
        wanted = metrics.r2_score(made.truth[place::3], made.values()[place::3])
        assert run.summary.holdings[name].scores["anml"] == pytest.approx(wanted, rel=1e-4)
    assert "Its R2, anml" in render(run)


def test_updates_on_values_are_worth_what_they_add_to_r2(own: Callable[..., Made]) -> None:
    # Of FedAvg every round's coalition of all is the round's model: values add up to all that
    # was gained, from the first model to the last.
    made = own("price", strategies="fedavg")
    found = compare(made.folder)
    before = 1 - made.task.error(made.task.initial_model())
    after = StrategyFolder(made.folder / "fedavg").records()[-1].test_score
    total = sum(one.exact_shapley or 0.0 for one in found.contributors)
    assert before > -1
    assert total == pytest.approx(after - before, abs=1e-4)
    assert "the test R² of the rounds" in render(load_run(made.folder), found)


def test_classes_are_counted_by_number_and_named_where_imbalance_is_said(
    own: Callable[..., Made],
) -> None:
    made = own("kind", metric="balanced_accuracy", weight_classes=True)
    summary = json.loads((made.folder / "summary.json").read_text())
    rare = int(made.truth.sum())
    assert summary["classes"] == [90 - rare, rare]
    assert rare < 30
    wanted = metrics.balanced_accuracy_score(made.truth, made.outputs().argmax(1))
    assert last_score(made.folder) == pytest.approx(wanted)
    share = f"{100 * rare / 90:.1f}\N{NO-BREAK SPACE}%"
    assert not {"cheap", "dear"} & set(json.dumps(summary).split('"'))
    run = load_run(made.folder)
    page = render(run, classes=class_names(made.folder, run.summary.dataset))
    assert (
        f"Of the 90 test rows {share} are of dear (class 1); always answering cheap (class 0)"
        f" would have {share} error."
    ) in page
    assert page.count(">cheap (class 0)</td>") == 1


def tail_of(folder: Path) -> RoundTail:
    tail = RoundTail(folder / "rounds.jsonl")
    assert tail.look()
    return tail


def test_a_server_without_any_row_still_trains_and_shows(
    own: Callable[..., Made], tmp_path: Path
) -> None:
    made = own("kind", metric="f1")
    task, nothing = made.task, np.array([], dtype=np.intp)
    data = replace(task.data, test=task.data.test.take(nothing), tested=nothing)
    task, folder = replace(task, data=data), tmp_path / "untested"
    nodes = [{"partition-id": i, "num-partitions": 3} for i in range(3)]
    grid = InlineGrid(client_app(lambda _: task), nodes, made.config.to_flat())
    run_federation(grid, made.config, folder, task)
    assert np.isnan(last_score(folder))
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["strategies"]["anml"]["test_error"] is None
    assert "test_score" not in summary["strategies"]["anml"]
    assert "classes" not in summary
    assert audit(folder).ok
    page = render(load_run(folder))
    assert "ended in this one run without a tested model" in page
    assert "No round of this run was tested." in page
    assert "nan" not in terminal(folder)
    state = _state(tail_of(folder / "anml"), Criterion("f1")).strip()
    assert state in ("blend", "q only", "uniform")
    (folder / "summary.json").unlink()
    now = seen(folder)
    assert (now.strategies[1].error, now.strategies[1].score) == (None, None)
    assert glimpse(folder).score == ""


def test_updates_are_worth_nothing_that_anybody_knows_without_test_rows(
    own: Callable[..., Made],
) -> None:
    made = own("price")
    game = made.task
    none = game.data.test.take(np.array([], dtype=np.intp))
    assert np.isnan(game.error(game.initial_model(), none))
    with pytest.raises(ConfigError, match="cannot be valued: the server has no rows"):
        refuse_untested(replace(game, data=replace(game.data, test=none)), made.folder)


def test_status_and_progress_show_the_metric(own: Callable[..., Made]) -> None:
    folder = own("kind", metric="f1").folder
    shown = f"{last_score(folder):.3f}"
    criterion = load_run(folder).criterion
    assert _state(tail_of(folder / "anml"), criterion).startswith(f"test F1 {shown}")
    (folder / "summary.json").unlink()
    now = seen(folder)
    assert now.criterion["title"] == "test F1"
    assert f"{now.strategies[1].score:.3f}" == shown
    assert (glimpse(folder).scored, glimpse(folder).score) == ("test F1", shown)


def test_an_edited_score_is_noticed(own: Callable[..., Made]) -> None:
    folder = own("kind", metric="f1").folder
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    summary["strategies"]["anml"]["test_score"] = 1.0
    path.write_text(json.dumps(summary, indent=2) + "\n")
    assert "strategies.anml.test_score is 1.0" in str(audit(folder).difference)
    summary["metric"] = "recall"
    path.write_text(json.dumps(summary, indent=2) + "\n")
    assert not audit(folder).ok


def test_a_metric_that_nobody_knows_is_no_run(own: Callable[..., Made]) -> None:
    folder = own("kind", metric="f1").folder
    path = folder / "summary.json"
    path.write_text(path.read_text().replace('"metric": "f1"', '"metric": "beauty"'))
    with pytest.raises(ValueError, match=r"metric must be one of accuracy, .* got 'beauty'"):
        load_run(folder)


def test_lower_is_better_where_the_metric_says_so(own: Callable[..., Made]) -> None:
    folder = own("price", metric="rmse").folder
    run = load_run(folder)
    lead, other = (
        replace(one, summary=replace(one.summary, test_score=score))
        for one, score in zip(run.strategies[::-1], (10.0, 20.0), strict=True)
    )
    page = render(replace(run, strategies=(other, lead)))
    said = "anml ended at 10.000 test RMSE in this one run: better than fedavg (20.000)."
    assert said in page
