"""What the commands say when nothing is to be started."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from server.deployment.state import State


@pytest.fixture
def anml(tmp_path, monkeypatch):
    """Run a command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_up_makes_the_folder_and_says_what_is_next(anml, tmp_path):
    result = anml("up", "--nodes=2", "--dataset=wine", "--behaviour=joint=1")
    assert result.exit_code == 0, result.output
    assert "next: docker compose up" in result.output
    assert (tmp_path / ".env").exists()
    config = State(tmp_path / "federation").config()
    assert sorted(config.federation.listed_roles) == ["honest", "joint"]


def test_up_beside_another_env_names_its_own(anml, tmp_path):
    (tmp_path / ".env").write_text("A=1\n")
    result = anml("up", "--nodes=1")
    assert "docker compose --env-file federation/compose.env up" in result.output


def test_up_tells_what_is_wrong(anml, tmp_path):
    result = anml("up", "--nodes=2", "--rounds=0")
    assert result.exit_code == 2
    assert "rounds" in result.output
    assert not (tmp_path / "federation").exists()
    assert anml("up", "--out=x").exit_code == 2


def test_up_calls_nobody_otherwise_than_a_shipped_data_set_does(anml, tmp_path):
    result = anml("up", "--nodes=north,south", "--dataset=wine")
    assert result.exit_code == 2
    assert "of wine is called 'contributor-0000', and not 'north'" in result.output
    assert not (tmp_path / "federation").exists()


@pytest.mark.parametrize(
    ("nodes", "options", "told"), [(2, (), 0), (3, (), 1), (3, ("--warm",), 0)]
)
def test_more_nodes_than_cores_hear_of_the_quicker_way(
    anml, monkeypatch, nodes, options, told
):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("server.deployment.local.run_local", lambda *_, **__: "stopped")
    result = anml("up", "--local", f"--nodes={nodes}", *options)
    assert result.exit_code == 3, result.output
    assert result.output.count("--warm takes about a tenth of the time") == told


def test_submit_without_a_database_says_so(anml):
    anml("up", "--nodes=1")
    result = anml("submit", "federation")
    assert result.exit_code == 2
    assert "--database" in result.output


def test_resume_of_what_is_no_run_says_so(anml, tmp_path):
    result = anml("resume", str(tmp_path))
    assert result.exit_code == 2
    assert "not a run's folder" in result.output


def test_a_folder_with_another_run_is_refused_and_left_as_it_was(anml, tmp_path):
    out = tmp_path / "other"
    out.mkdir()
    (out / "config.toml").write_text('name = "another"\n')
    result = anml("up", "--local", "--nodes=1", "--rounds=1", "--out=other")
    assert result.exit_code == 2
    assert "holds a run with other settings" in result.output
    assert [path.name for path in out.iterdir()] == ["config.toml"]


def test_resume_of_what_is_damaged_says_so(anml, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / "deployment.json").write_text("{}")
    result = anml("resume", "run")
    assert result.exit_code == 2
    assert "deployment.json is damaged" in result.output


def test_resume_of_a_run_elsewhere_says_how(anml, tmp_path):
    (tmp_path / "config.toml").write_text('engine = "deployment"\n')
    result = anml("resume", str(tmp_path))
    assert result.exit_code == 2
    assert "anml submit STATE" in result.output


def test_resume_goes_on_with_a_run_in_this_process(anml, tmp_path):
    run = ("run", "--dataset=wine", "--contributors=4", "--rounds=1", "--local-epochs=1")
    made = anml(*run, "--strategy=fedavg", "--behaviour=honest=4", "--out=mine")
    assert made.exit_code == 0, made.output
    before = json.loads((tmp_path / "mine" / "summary.json").read_text())
    assert "came to its end" in anml("resume", "mine").output
    (tmp_path / "mine" / "summary.json").unlink()
    result = anml("resume", "mine")
    assert result.exit_code == 0, result.output
    after = json.loads((tmp_path / "mine" / "summary.json").read_text())
    assert (
        after["strategies"]["fedavg"]["test_error"]
        == before["strategies"]["fedavg"]["test_error"]
    )
