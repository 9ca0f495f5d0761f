"""`anml init`: an app that works as it is written, and a folder that is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from anml_fl import load_run
from anml_fl.cli import main


@pytest.fixture
def init(tmp_path, monkeypatch):
    """Call `anml init` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda folder: CliRunner().invoke(main, ["init", folder])


@pytest.fixture
def inside(init, tmp_path):
    """Call a module of Python in the folder of a new app, as from a shell."""
    assert init("my-app").exit_code == 0

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=tmp_path / "my-app",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


def test_app_is_named_throughout_and_three_commands_follow(init):
    said = init("Own-app2").output
    assert "cd Own-app2 && python -m pytest\n" in said
    assert "anml run --task own_app2.task\n" in said
    assert "flwr run . --stream" in said
    files = {p.relative_to("Own-app2").as_posix() for p in Path("Own-app2").rglob("*.*")}
    assert files == {
        *("pyproject.toml", "README.md", ".gitignore", "tests/test_app.py"),
        *(f"own_app2/{name}.py" for name in ("__init__", "task", "client_app", "server_app")),
    }
    assert not [f for f in files if "$" in (Path("Own-app2") / f).read_text()]


def test_folder_that_holds_anything_is_refused_and_left_as_it_is(init):
    Path("my-app").mkdir()
    Path("my-app", "notes").write_text("mine")
    done = init("my-app")
    assert done.exit_code == 2
    assert "my-app is not empty" in done.output
    assert [p.name for p in Path("my-app").iterdir()] == ["notes"]


def test_empty_folder_is_used_also_by_its_own_name(init, monkeypatch, tmp_path):
    Path("my-app").mkdir()
    monkeypatch.chdir(tmp_path / "my-app")
    assert init(".").exit_code == 0
    assert Path("my_app", "task.py").is_file()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("my_app", "a letter, then letters, digits and hyphens, 32 in all at most"),
        ("my-app-", "and no hyphen at the end"),
        ("2-apps", "got '2-apps'"),
        ("a" * 33, "32 in all at most"),
        ("äpfel", "got 'äpfel'"),
        ("server", "'server', which is a module or a word of Python's already"),
        ("Torch", "'torch', which is a module or a word of Python's already"),
        ("class", "such as my-class"),
    ],
)
def test_name_that_flower_or_python_could_not_use_is_refused(init, name, why):
    done = init(name)
    assert done.exit_code == 2
    assert why in " ".join(done.output.split())
    assert list(Path().iterdir()) == []


def test_code_is_as_ruff_wants_it(inside):
    inside("ruff", "check", "--isolated", "--select", "E,F,I,B,UP", ".")
    inside("ruff", "format", "--isolated", "--check", ".")


@pytest.mark.slow
def test_apps_own_test_passes(inside):
    assert "1 passed" in inside("pytest", "-q")


@pytest.mark.slow
def test_task_of_the_app_runs_alone(inside, tmp_path):
    inside("anml_fl", "run", "--task", "my_app.task", "--rounds", "2", "--out", "run")
    for strategy in load_run(tmp_path / "my-app" / "run").strategies:
        assert strategy.records[-1].test_error < 0.5
