"""What `anml init` wrote runs as its README says, under `flwr run .`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from anml_fl import load_run
from anml_fl.cli import main


@pytest.mark.slow
def test_new_app_leaves_a_run_that_verifies(flower, tmp_path):
    assert CliRunner().invoke(main, ["init", str(tmp_path / "my-app")]).exit_code == 0
    flower.run(tmp_path / "my-app", nodes=4)
    out = flower.folder / "runs" / "my-app"
    verdict = CliRunner().invoke(main, ["verify", str(out)])
    assert verdict.output.startswith("ok: 3 rounds of anml")
    (strategy,) = load_run(out).strategies
    assert strategy.records[-1].test_error < 0.5
    assert [len(claims.values) for claims in strategy.claims] == [4, 4, 4]
