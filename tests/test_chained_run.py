"""A run under a chain of names: its folders, its ledger, its page, and going on with it."""

import json

import pytest
from click.testing import CliRunner

from anml_fl.chain import JOINT
from anml_fl.cli import main
from anml_fl.execution import execute
from anml_fl.run.verification import verify_run
from anml_fl.settings.reading import from_flat

CHAINS = "nnm+krum", "client_momentum+centred_clipping", "bucketing+calibrated"
QUICK = [
    "--rounds",
    "2",
    "--local-epochs",
    "1",
    "--contributors",
    "6",
    "--behaviour",
    "joint=1",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("chained") / "run"
    names = [part for name in CHAINS for part in ("--strategy", name)]
    done = CliRunner().invoke(main, ["run", *QUICK, *names, "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


def test_a_chain_names_the_folder_the_ledger_and_the_page(folder):
    assert {path.name for path in folder.iterdir() if JOINT in path.name} == set(CHAINS)
    first = json.loads((folder / "ledger.jsonl").read_text().splitlines()[0])
    assert first["strategy"] == "nnm+krum"
    page = (folder / "report.html").read_text()
    assert all(name in page for name in CHAINS)
    summary = json.loads((folder / "summary.json").read_text())
    assert list(summary["strategies"]) == list(CHAINS)


def test_a_chained_run_is_verified(folder):
    assert not verify_run(folder).altered
    done = CliRunner().invoke(main, ["verify", str(folder)])
    assert done.exit_code == 0, done.output
    assert "2 rounds of nnm+krum" in done.output


def test_weights_of_every_round_add_up(folder):
    for name in CHAINS:
        for line in (folder / name / "rounds.jsonl").read_text().splitlines():
            record = json.loads(line)
            assert sum(one["weight"] for one in record["contributors"]) == pytest.approx(1)


def test_a_run_that_was_cut_off_goes_on_to_the_same_end(folder, tmp_path, monkeypatch):
    config = from_flat(
        {
            "rounds": 2,
            "local-epochs": 1,
            "contributors": 6,
            "behaviours": "joint=1",
            "strategies": ",".join(CHAINS),
        }
    )
    from server.orchestration import round_loop

    kept, calls = round_loop.StrategyFolder.append, []

    def stops(self, record, *line):
        calls.append(record)
        if len(calls) == 4:  # in the second round of the second strategy, which has a state
            raise KeyboardInterrupt
        kept(self, record, *line)

    with monkeypatch.context() as patched:
        patched.setattr(round_loop.StrategyFolder, "append", stops)
        with pytest.raises(KeyboardInterrupt):
            execute(config, tmp_path / "run")
    execute(config, tmp_path / "run")
    for name in CHAINS:
        ours, theirs = (
            (where / name / "rounds.jsonl").read_text() for where in (tmp_path / "run", folder)
        )
        assert ours == theirs
