"""What a command imports: torch takes seconds, and most have no use for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

AFTER = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from anml_fl.__main__ import main
main()
"""
CHECKS = """
import json, sys
from server.doctor.examination import Installation, _checks
checks = dict(_checks(Installation(ports={"SuperLink": 0})))
device = checks.pop("device")
found = [check() for check in checks.values()]
before = "torch" in sys.modules
device()
print(json.dumps([len(found), before, "torch" in sys.modules]))
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that came to its end, and where its key is."""
    home = tmp_path_factory.mktemp("imports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANML_LEDGER_KEY", str(home / "ledger.key"))
        options = "--engine inline --rounds 1 --contributors 4 --dataset wine --local-epochs 1"
        arguments = [*options.split(), "--behaviour", "joint=1", "--strategy", "anml"]
        done = CliRunner().invoke(main, ["run", *arguments, "--out", str(home / "run")])
        assert done.exit_code == 0, done.output
        yield home / "run"


@pytest.mark.parametrize(
    "command",
    [
        "ledger verify",
        "ledger show",
        "ledger export",
        "statement",
        "verify",
        "explain",
        "resume",
    ],
)
def test_a_finished_run_is_looked_after_without_torch_and_flower(finished, command):
    done = subprocess.run(
        [sys.executable, "-c", AFTER, *command.split(), str(finished)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stderr.splitlines()[-1]))
    assert "anml_fl.cli" in imported
    assert not imported & {"torch", "flwr", "ray"}


def test_a_run_imports_nothing_that_it_has_no_use_for(tmp_path):
    options = "--dataset wine --contributors 4 --rounds 1 --local-epochs 1 --behaviour joint=1"
    done = subprocess.run(
        [sys.executable, "-c", AFTER, "run", *options.split(), "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANML_LEDGER_KEY": str(tmp_path / "key")},
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stderr.splitlines()[-1]))
    assert "server.orchestration.federation" in imported
    # Databases, Flower's engines and servers, figures, other people's data sets: seconds.
    unused = {"sqlalchemy", "alembic", "ray", "fastapi", "uvicorn", "matplotlib", "datasets"}
    assert not imported & {
        *unused,
        "flwr_datasets",
        "flwr.superlink",
        "torch._dynamo",
        "sympy",
    }


def test_doctor_imports_torch_for_the_device_alone():
    done = subprocess.run(
        [sys.executable, "-c", CHECKS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, before, after = json.loads(done.stdout)
    assert count > 5
    assert (before, after) == (False, True)
