"""`anml verify` on a run that was interrupted before it had a ledger."""

from __future__ import annotations

from click.testing import CliRunner

from anml_fl.cli import main


def test_it_is_said_that_it_was_interrupted_and_how_it_goes_on(tmp_path):
    (tmp_path / "config.toml").write_text('name = "patients"\n')
    done = CliRunner().invoke(main, ["verify", str(tmp_path)])
    assert done.exit_code == 2
    told = " ".join(done.output.split())
    assert "was interrupted before its first round was settled" in told
    assert "goes on by the command that began it" in told
    assert "anml resume" in told


def test_a_finished_run_without_its_ledger_is_told_otherwise(tmp_path):
    for name in ("config.toml", "summary.json"):
        (tmp_path / name).write_text("")
    done = CliRunner().invoke(main, ["verify", str(tmp_path)])
    assert done.exit_code == 2
    assert "has no ledger.jsonl: there is nothing to check" in " ".join(done.output.split())
    assert "interrupted" not in done.output
