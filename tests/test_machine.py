"""The command on machines as they are: encodings, accounts, folders, proxies."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ANML = str(Path(sys.executable).with_name("anml"))
SMALL = ["--dataset", "wine", "--local-epochs", "1", "--rounds", "1", "--strategy", "fedavg"]
INLINE = [*SMALL, "--contributors", "4", "--behaviour", "honest=4"]
# Of an ordinary account's; the administrator's own go beyond modes.
ORDINARY = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []


def anml(*arguments, before=(), **environment):
    """Call it; a variable that is None is not set."""
    given = {k: v for k, v in {**os.environ, **environment}.items() if v is not None}
    return subprocess.run(
        [*before, ANML, *arguments],
        env=given,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "encoding",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"}],
)
def test_names_that_the_terminal_cannot_show_end_no_command(encoding):
    anml("registry", "key", "k")
    named = ["--name", "Zürich 東京", "--domain", "news", "--id", "z"]
    done = anml("registry", "add", "contributor", "--key", "k.pub", *named, **encoding)
    assert done.returncode == 0, done.stderr
    done = anml("registry", "list", "contributors", **encoding)
    assert done.returncode == 0, done.stderr
    assert b"rich" in done.stdout
    done = anml("registry", "list", "contributors", "--json", **encoding)
    assert json.loads(done.stdout)[0]["name"] == "Zürich 東京"


def test_a_file_whose_name_is_no_text_is_named(tmp_path):
    name = os.fsdecode(b"Z\xfcrich.toml")
    Path(name).write_text("seed = x", encoding="utf-8")
    done = anml("run", name)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"Error" in done.stderr


def test_no_command_leaves_an_encoding_to_the_machine(tmp_path):
    """Python's own finder of text that is read or written in the locale's encoding."""
    finder = [sys.executable, "-X", "warn_default_encoding", "-W", "always::EncodingWarning"]
    ours = re.compile(r"/(anml_fl|server|clients|strategies|studies)/.*EncodingWarning")
    for arguments in (
        ["run", *INLINE, "--out", "r"],
        ["report", "r"],
        ["ledger", "verify", "r"],
        ["attribution", "r"],
        ["up", "--nodes", "2", "--dataset", "wine"],
        ["doctor", "--json"],
        ["registry", "key", "k"],
        ["study", "list"],
    ):
        done = subprocess.run(
            [*finder, "-m", "anml_fl", *arguments],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        assert [line for line in done.stderr.splitlines() if ours.search(line)] == []


def test_without_a_home_it_is_said_what_to_set(tmp_path):
    # An account that /etc/passwd does not have: as in a container.
    if os.geteuid() != 0:
        pytest.skip("only the administrator becomes another account")
    tmp_path.chmod(0o777)
    # The interpreter may lie in a folder of the administrator's own: it is read all the same.
    rights = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    nobody = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", *rights]
    done = anml("run", *INLINE, before=nobody, HOME=None, ANML_LEDGER_KEY=None)
    assert done.returncode == 2
    assert b"no home folder for the ledger's key: let ANML_LEDGER_KEY name" in done.stderr
    key = str(tmp_path / "keys" / "key")
    done = anml("run", *INLINE, before=nobody, HOME=None, ANML_LEDGER_KEY=key)
    assert done.returncode == 0, done.stderr


def test_a_home_and_a_working_folder_that_cannot_be_written_are_named(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o555)
    done = anml("run", *INLINE, before=ORDINARY, HOME=str(home), ANML_LEDGER_KEY=None)
    assert done.returncode == 2
    said = " ".join(done.stderr.decode().split())
    assert f"{home}/.anml: Permission denied. ANML_LEDGER_KEY may name another file" in said

    Path("work").mkdir()
    os.chdir("work")
    Path().chmod(0o555)
    done = anml("run", *INLINE, before=ORDINARY)
    assert (done.returncode, done.stderr) == (2, b"Error: runs: Permission denied\n")


@pytest.mark.slow
def test_a_simulation_runs_where_everything_stands_in_its_way(tmp_path):
    """Proxies that are dead or unknown, foreign packages, a long TMPDIR, an odd name."""
    long = tmp_path / ("slurm_jobdir_" * 7)
    long.mkdir()
    for name in ("server", "clients", "strategies"):
        (tmp_path / "project" / name).mkdir(parents=True)
        (tmp_path / "project" / name / "__init__.py").write_text("raise SystemExit(9)\n")
    dead = "http://127.0.0.1:9"
    done = anml(
        "run",
        *INLINE,
        "--engine",
        "simulation",
        "--out",
        "my run's #1",
        TMPDIR=str(long),
        PYTHONPATH=str(tmp_path / "project"),
        HTTP_PROXY=dead,
        https_proxy=dead,
        ALL_PROXY="socks5://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path("my run's #1", "summary.json").exists()
    assert b"note: TMPDIR is too long for Unix sockets" in done.stdout
    assert list(long.iterdir()) == []
