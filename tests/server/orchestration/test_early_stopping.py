"""A run that stops for want of a better model: kept, resumed, checked, valued, shown."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from safetensors.numpy import load_file

from anml_fl.federation.run_task import task_of
from anml_fl.ledger.hashes import model_hash
from anml_fl.run.best_round import Stopping
from anml_fl.run.checkpoint import Checkpoint, CheckpointError, Written, save_checkpoint
from anml_fl.run.checkpoint import load_checkpoint as load
from anml_fl.run.files import CHECKPOINT
from anml_fl.run.ledger_audit import audit
from anml_fl.run.reading import load_run
from anml_fl.run.strategy_folder import StrategyFolder
from server.attribution.valuation import compare
from server.engines.inline_grid import InlineGrid
from server.orchestration.progress import progress_bar
from server.orchestration.run_folder import finished
from server.orchestration.summary_table import table
from server.page.following import Following
from server.page.snapshot import snapshot
from server.report.page import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from flwr.app import Message

CHOSEN = {
    "rounds": 12,
    "learning_rate": 0.5,
    "patience": 2,
    "behaviours": "label_flip=2",
    "strategies": "fedavg,anml",
}
FILES = ("rounds.jsonl", "model.safetensors")


@pytest.fixture(scope="session")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stopped")


@pytest.fixture
def config(small: Callable[..., Any]) -> Any:
    """Settings of a run that stops early under both of its strategies."""
    return small(**CHOSEN)


@pytest.fixture
def stopped(config: Any, run: Callable[..., Any], _kept: Path, tmp_path: Path) -> Path:
    """Copy a run that stopped early; it is made once."""
    if not (_kept / "run" / "summary.json").exists():
        run(config, _kept / "run")
    return shutil.copytree(_kept / "run", tmp_path / "run")


def errors(folder: Path) -> list[float]:
    lines = (folder / "rounds.jsonl").read_text().splitlines()
    return [json.loads(line)["test_error"] for line in lines]


@pytest.mark.parametrize("strategy", ["fedavg", "anml"])
def test_it_ends_two_rounds_after_the_best_one_which_is_kept(
    stopped: Path, config: Any, strategy: str
) -> None:
    found = errors(stopped / strategy)
    best = found.index(min(found))
    assert len(found) == best + 3 < 12
    summary = json.loads((stopped / "summary.json").read_text())["strategies"][strategy]
    assert summary["best_round"] == best + 1
    assert summary["rounds"] == len(found)
    assert summary["test_error"] == found[best]
    task = task_of(config)
    kept = load_file(stopped / strategy / "model.safetensors")
    assert task.error(task.model_of(kept)) == found[best]
    assert finished(stopped, config, strategy)


class Silent(InlineGrid):
    """From round 2 to round 4 only two of the nodes are heard."""

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        replies = list(super().pull_messages(message_ids))
        trained = [one for one in replies if "arrays" in one.content]
        self.asked = getattr(self, "asked", 0) + bool(trained)
        return replies[:2] if trained and 2 <= self.asked <= 4 else replies


@pytest.mark.parametrize("metric", ["", "accuracy"])
def test_rounds_with_too_few_replies_use_up_no_patience(
    small: Callable[..., Any], run: Callable[..., Any], tmp_path: Path, metric: str
) -> None:
    chosen = {
        "strategies": "anml",
        "min_replies": 0.5,
        "patience": 3,
        "behaviours": "honest=6",
    }
    config = small(**{**CHOSEN, **chosen, "metric": metric})
    summary = run(config, tmp_path / "run", Silent)["strategies"]["anml"]
    records = StrategyFolder(tmp_path / "run" / "anml").records()
    nobody = [one.round for one in records if not any(c.selected for c in one.contributors)]
    assert nobody == [2, 3, 4]
    new = [one.test_error for one in records if one.round not in nobody]
    best = new.index(min(new))
    assert len(records) == summary["rounds"] == min(best + 4 + 3, 12)
    assert summary["best_round"] == (best + 4 if best else 1)
    assert audit(tmp_path / "run").ok


def test_kept_model_is_the_one_that_was_signed_for_its_round(stopped: Path) -> None:
    lines = [json.loads(line) for line in (stopped / "ledger.jsonl").read_text().splitlines()]
    best = load_run(stopped).lead.summary.best_round
    assert best is not None
    kept = load_file(stopped / "anml" / "model.safetensors")
    assert lines[best]["round"] == best
    assert model_hash(kept) == lines[best]["model"] != lines[best + 1]["model"]
    assert audit(stopped).ok


@pytest.mark.parametrize("messages", range(3, 90, 12))
def test_killed_in_any_round_it_ends_with_the_same_bytes(
    stopped: Path,
    config: Any,
    run: Callable[..., Any],
    interrupt_after: Callable[..., Any],
    tmp_path: Path,
    messages: int,
) -> None:
    again = tmp_path / "again"
    with pytest.raises(KeyboardInterrupt):
        run(config, again, interrupt_after(messages))
    for _ in range(2):  # once more in its very next round
        with pytest.raises(KeyboardInterrupt):
            run(config, again, interrupt_after(3))
    run(config, again)
    for strategy in ("fedavg", "anml"):
        for name in FILES:
            one, other = again / strategy / name, stopped / strategy / name
            assert one.read_bytes() == other.read_bytes(), (strategy, name)
        assert not (again / strategy / CHECKPOINT).exists()
    assert (again / "ledger.jsonl").read_bytes() == (stopped / "ledger.jsonl").read_bytes()


def test_a_crash_between_the_last_round_and_the_model_loses_nothing(
    config: Any,
    run: Callable[..., Any],
    stopped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = tmp_path / "again"

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StrategyFolder, "finish", crash)
        with pytest.raises(KeyboardInterrupt):
            run(config, again)
    rounds = len(errors(again / "fedavg"))
    run(config, again)
    assert len(errors(again / "fedavg")) == rounds
    name = "fedavg/model.safetensors"
    assert (again / name).read_bytes() == (stopped / name).read_bytes()


def test_a_finished_run_is_made_anew_as_any_other(
    stopped: Path, config: Any, run: Callable[..., Any]
) -> None:
    before = (stopped / "anml" / "rounds.jsonl").read_bytes()
    run(config, stopped)
    assert (stopped / "anml" / "rounds.jsonl").read_bytes() == before
    assert audit(stopped).ok


def test_another_rounds_model_in_its_place_is_noticed(
    stopped: Path, small: Callable[..., Any], run: Callable[..., Any], tmp_path: Path
) -> None:
    # Without patience the last round's model is kept: as many rounds, the same but for that.
    rounds = len(errors(stopped / "anml"))
    plain = small(**{**CHOSEN, "patience": 0, "rounds": rounds, "strategies": "anml"})
    run(plain, tmp_path / "plain")
    name = "anml/model.safetensors"
    shutil.copyfile(tmp_path / "plain" / name, stopped / name)
    difference = audit(stopped).difference
    assert difference is not None
    assert difference.startswith(f"{name} was altered")
    best = load_run(stopped).lead.summary.best_round
    assert f"in round {best}" in difference


def test_rounds_that_were_taken_from_another_strategy_are_noticed(stopped: Path) -> None:
    path = stopped / "fedavg" / "rounds.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert not audit(stopped).ok


def test_best_round_that_is_none_is_noticed(stopped: Path) -> None:
    path = stopped / "summary.json"
    summary = json.loads(path.read_text())
    summary["strategies"]["anml"]["best_round"] += 1
    path.write_text(json.dumps(summary, indent=2) + "\n")
    assert "strategies.anml.best_round" in str(audit(stopped).difference)


def test_updates_of_all_of_its_rounds_are_valued(stopped: Path) -> None:
    found = compare(stopped)
    assert found.rounds == len(errors(stopped / "anml"))


def test_a_strategy_is_finished_by_its_scores_and_not_by_its_rounds(
    stopped: Path, config: Any
) -> None:
    folder = StrategyFolder(stopped / "anml")
    stopping = Stopping.of(config)
    rounds = len(errors(stopped / "anml"))
    assert folder.finished(stopping)
    assert not folder.finished(Stopping(12, 3))
    assert not folder.finished(Stopping(12))
    assert folder.finished(Stopping(rounds))


def test_table_page_and_status_say_which_round_was_kept(stopped: Path) -> None:
    run = load_run(stopped)
    best, rounds = run.lead.summary.best_round, run.lead.summary.rounds
    console = Console(width=120, record=True)
    console.print(table(json.loads((stopped / "summary.json").read_text())))
    shown = console.export_text()
    assert " best " in shown
    assert f"{best}/{rounds}" in shown
    page = render(run)
    assert "Best round, kept" in page
    assert '"name":"kept"' in page.replace('": "', '":"')
    (stopped / "summary.json").unlink()
    following = Following(stopped)
    following.catch_up()
    now = snapshot(following, "run")
    assert (now.strategies[1].rounds, now.rounds_of) == (rounds, 12)
    assert now.strategies[1].state == "done, no better model"
    assert now.words == "All rounds are done; the results are summed up."


def test_progress_counts_the_rounds_that_there_were(
    config: Any, run: Callable[..., Any], tmp_path: Path
) -> None:
    console = Console(width=120, record=True, force_terminal=True)
    with progress_bar(tmp_path / "run", config, console):
        run(config, tmp_path / "run")
    done = len(errors(tmp_path / "run" / "anml"))
    assert done < config.training.rounds
    *_, last = console.export_text().split("anml: ")
    assert f"round {done}/{config.training.rounds} " in last
    assert "╺" not in last  # nothing is left to be done
    assert "╸" not in last


def test_best_model_in_a_checkpoint_is_read_back_and_must_be_whole(tmp_path: Path) -> None:
    import numpy as np

    from anml_fl.method.records import RoundRecord

    written = Checkpoint(
        run="r",
        record=RoundRecord(3, "anml", None, 0.0, 0.0, (), seconds=1.0),
        arrays={"w": np.arange(3.0)},
        rounds=Written(0, "a"),
        timings=Written(0, "b"),
        ledger="",
        shown=(),
        seed=0,
        code="c",
        state={"w": np.zeros(2)},
        best={"w": np.arange(3.0) + 1},
    )
    save_checkpoint(tmp_path, written)
    found = load(tmp_path / CHECKPOINT, "r")
    assert found.best["w"].tolist() == [1, 2, 3]
    assert found.arrays["w"].tolist() == [0, 1, 2]
    path = tmp_path / CHECKPOINT
    content = path.read_bytes()
    old, new = np.array([1.0, 2.0, 3.0]).tobytes(), np.array([1.0, 2.0, 4.0]).tobytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    with pytest.raises(CheckpointError, match="the best model in it has another hash"):
        load(path, "r")
