"""What is said where an extra is not installed: the settings, and what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A finder that knows no package of these names, in a fresh process.
WITHOUT = """
import sys
from importlib.abc import MetaPathFinder
import importlib.util as util
gone, found = {name!r}, util.find_spec
util.find_spec = lambda name, *more: None if name == gone else found(name, *more)
from anml_fl.cli import main
main({arguments!r})
"""


@pytest.mark.parametrize(
    ("package", "arguments", "said"),
    [
        (
            "ray",
            ["run", "--engine", "simulation", "--rounds", "1"],
            "engine: simulation runs on Ray, which is not installed: pip install"
            " 'anml-fl[simulation]'; usable without it: inline, cohort",
        ),
        (
            "psycopg",
            ["registry", "list", "contributors", "--database", "postgresql://u@h/d"],
            "postgresql://u@h/d needs the driver psycopg, which is not installed: pip"
            " install 'anml-fl[postgresql]'; a SQLite file needs none",
        ),
        (
            "datasets",
            ["run", "--data", "hf:someone/mnist", "--label", "label"],
            "hf:someone/mnist needs Hugging Face's datasets, not installed: pip install"
            " 'anml-fl[huggingface]'",
        ),
    ],
)
def test_a_missing_extra_is_named_before_anything_is_written(
    tmp_path, package, arguments, said
):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(name=package, arguments=arguments)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []
