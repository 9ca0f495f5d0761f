"""`make setup` says what is wrong with a machine before it changes anything on it."""

import shutil
import subprocess

import pytest

pytestmark = [
    pytest.mark.checkout,
    pytest.mark.skipif(shutil.which("make") is None, reason="make isn't installed"),
]


@pytest.fixture
def setup(root, tmp_path, monkeypatch):
    """Run `make setup` on a bare copy with a Python of ours; return its outcome."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(root / name, tmp_path)
    # What an outer `make test PYTHON=...` hands down would win over ours.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL"):
        monkeypatch.delenv(name, raising=False)

    def run(script):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
        return subprocess.run(
            ["make", "setup", f"PYTHON={python}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            'test "$1" = -V && echo Python 3.9.18; exit 1',
            "no Python 3.11 to 3.14 (found: Python 3.9",
        ),
        ('case "$2" in *venv*) exit 1;; esac', "lacks venv or ensurepip"),
    ],
    ids=["too old", "no venv"],
)
def test_unfit_python_is_refused_with_advice(setup, tmp_path, script, message):
    outcome = setup(script)

    assert outcome.returncode != 0
    assert message in outcome.stderr
    assert not (tmp_path / ".venv").exists()
