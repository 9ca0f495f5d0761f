"""A run whose server makes steps of its own: it learns, goes on when killed, is verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from anml_fl.cli import main
from anml_fl.run.files import CHECKPOINT
from anml_fl.run.ledger_audit import audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = {"server_optimizer": "fedyogi", "strategies": "fedavg,anml", "rounds": 4}


def test_fedadam_learns_digits_under_the_default_attackers(tmp_path: Path) -> None:
    out = tmp_path / "run"
    call = f"run --server-optimizer fedadam --strategy anml --out {out} --seed 1"
    done = CliRunner().invoke(main, call.split())
    assert done.exit_code == 0, done.output
    summary = json.loads((out / "summary.json").read_text())
    # Guessing errs in 90 % of the rows.
    assert summary["strategies"]["anml"]["test_error"] < 0.15
    assert 'server_optimizer = "fedadam"' in (out / "config.toml").read_text()
    assert "server_optimizer = &#34;fedadam&#34;" in (out / "report.html").read_text()
    for command in ("verify", "attribution"):
        checked = CliRunner().invoke(main, [command, str(out)])
        assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("messages", [10, 20, 30])
def test_killed_in_any_round_it_ends_with_the_same_bytes(
    small: Callable[..., Any],
    run: Callable[..., Any],
    interrupt_after: Callable[..., Any],
    tmp_path: Path,
    messages: int,
) -> None:
    config = small(**STEPS)
    whole, again = tmp_path / "whole", tmp_path / "again"
    run(config, whole)
    with pytest.raises(KeyboardInterrupt):
        run(config, again, interrupt_after(messages))
    run(config, again)
    for strategy in ("fedavg", "anml"):
        for name in ("rounds.jsonl", "model.safetensors"):
            one, other = again / strategy / name, whole / strategy / name
            assert one.read_bytes() == other.read_bytes(), (strategy, name)
        assert not (again / strategy / CHECKPOINT).exists()
    assert audit(again).ok


def test_the_step_changes_the_model_and_no_weight_of_the_first_round(
    small: Callable[..., Any], run: Callable[..., Any], tmp_path: Path
) -> None:
    run(small(**STEPS), tmp_path / "steps")
    run(small(**{**STEPS, "server_optimizer": "none"}), tmp_path / "none")
    first, other = (
        json.loads((tmp_path / name / "anml" / "rounds.jsonl").read_text().splitlines()[0])
        for name in ("steps", "none")
    )
    assert first["contributors"] == other["contributors"]
    models = [
        load_file(tmp_path / name / "anml" / "model.safetensors") for name in ("steps", "none")
    ]
    assert any((models[0][key] != models[1][key]).any() for key in models[0])
