"""Modules that settings name are found where the command is given, and hide nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from anml_fl.system.working_folder import STARTED_IN

LOAD = "from anml_fl.plugins import MODELS; print(MODELS.load({name!r}))"


def loaded(folder: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Load a model by name, in a process that would not look there by itself."""
    return subprocess.run(
        [sys.executable, "-P", "-c", LOAD.format(name=name)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_module_in_the_working_folder_is_found_and_what_it_imports_later(tmp_path):
    (tmp_path / "mine.py").write_text("def net(): ...\n\ndef later():\n    import other\n")
    (tmp_path / "other.py").write_text("print('found')\n")
    done = loaded(tmp_path, "mine:net")
    assert done.stdout.startswith("<function net"), done.stderr
    code = f"{LOAD.format(name='mine:later')}; import mine; mine.later()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("found\n"), done.stderr


def test_what_lies_there_hides_nothing(tmp_path):
    # One of ours that is not imported yet, one of Python's, one that is installed.
    for name in ("server", "statistics", "sklearn"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the foreign one')\n")
    (tmp_path / "mine.py").write_text(
        "import server, sklearn, statistics\n"
        "net = [one.__file__ for one in (server, sklearn, statistics)]\n"
    )
    done = loaded(tmp_path, "mine:net")
    assert done.stdout, done.stderr
    assert str(tmp_path) not in done.stdout


def test_a_module_that_another_one_hides_is_told(tmp_path):
    (tmp_path / "statistics.py").write_text("def net(): ...\n")
    done = loaded(tmp_path, "statistics:net")
    assert done.returncode
    assert "module statistics has no net; it is " in done.stderr
    assert "which comes before your statistics.py: call yours otherwise" in done.stderr


def test_a_process_with_a_folder_of_its_own_looks_where_the_command_was_given(tmp_path):
    (tmp_path / "mine.py").write_text("def net(): ...\n")
    (tmp_path / "empty").mkdir()
    assert loaded(tmp_path / "empty", "mine:net").returncode
    done = loaded(tmp_path / "empty", "mine:net", **{STARTED_IN: str(tmp_path)})
    assert done.stdout.startswith("<function net"), done.stderr


@pytest.mark.slow
def test_flowers_own_engine_finds_it_too(tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\ndef Net(features, classes):\n"
        "    return nn.Linear(features, classes)\n"
    )
    words = (
        "run --model net:Net --dataset wine --contributors 4 --behaviour label_flip=1"
        " --rounds 1 --strategy fedavg"
    )
    anml = Path(sys.executable).with_name("anml")
    for engine in ("inline", "simulation"):
        subprocess.run(
            [anml, *words.split(), "--engine", engine, "--out", engine],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    name = "fedavg/rounds.jsonl"
    assert (tmp_path / "simulation" / name).read_bytes() == (
        tmp_path / "inline" / name
    ).read_bytes()
