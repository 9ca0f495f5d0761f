"""What a run's command prints for programs; and colours, where somebody sees them alone."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

SMALL = "--dataset wine --contributors 5 --rounds 1 --local-epochs 1 --behaviour joint=1"
RUN = ["run", *SMALL.split(), "--strategy", "krum"]
PROGRAM = [sys.executable, "-m", "anml_fl.cli"]
ESCAPE = b"\x1b"


@pytest.fixture
def anml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANML_LEDGER_KEY", str(tmp_path / "ledger.key"))
    return lambda *words: CliRunner().invoke(main, [*words])


def test_json_is_one_document_and_all_else_goes_to_standard_error(anml, tmp_path):
    done = anml(*RUN, "--out", "a", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "status": "completed",
        "folder": str(tmp_path / "a"),
        "report": str(tmp_path / "a" / "report.html"),
        "summary": json.loads((tmp_path / "a" / "summary.json").read_text()),
    }
    assert "test error" in done.stderr
    again = anml("resume", "a", "--json")
    assert json.loads(again.stdout) == json.loads(done.stdout)
    assert "came to its end" in again.stderr


def test_quiet_is_the_folder_alone(anml):
    assert anml(*RUN, "--out", "a").stdout.count("\n") > 4
    for words in ([*RUN, "--out", "a"], ["resume", "a"]):
        done = anml(*words, "--quiet")
        assert (done.exit_code, done.stdout, done.stderr) == (0, "a\n", "")
    both = anml("resume", "a", "--quiet", "--json")
    assert json.loads(both.stdout)["status"] == "completed"
    assert both.stderr == ""


@pytest.mark.parametrize("how", ["--json", "--quiet"])
def test_an_error_is_told_on_standard_error_with_the_same_status(anml, how):
    done = anml(*RUN, "--device", "gpu", how)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "training.device" in done.stderr


def test_a_sweep_is_one_document_too(anml, tmp_path):
    done = anml(*RUN, "--seeds", "0-1", "--jobs", "1", "--out", "s", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["status"], told["folder"]) == ("completed", str(tmp_path / "s"))
    assert told["sweep"] == json.loads((tmp_path / "s" / "sweep.json").read_text())
    quiet = anml(*RUN, "--seeds", "0-1", "--jobs", "1", "--out", "s", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("s\n", "")


def test_a_federation_that_is_only_made_has_no_end_to_show(anml):
    done = anml("up", "--state", "f", "--json")
    assert done.exit_code == 2
    assert "they go with --local" in done.stderr


def environment(tmp_path, **given):
    kept = {name: text for name, text in os.environ.items() if name not in COLOURS}
    return {**kept, "ANML_LEDGER_KEY": str(tmp_path / "ledger.key"), "TERM": "xterm", **given}


COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_a_pipe_has_colours_only_where_they_are_forced(tmp_path, given, seen):
    # The key is made on a first run, which Flower's log says as a warning.
    done = subprocess.run(
        [*PROGRAM, *RUN, "--out", "a"],
        cwd=tmp_path,
        env=environment(tmp_path, **given),
        capture_output=True,
        check=True,
    )
    assert b"WARNING" in done.stderr
    assert (ESCAPE in done.stderr) == seen
    # What moves, or asks for another place on the screen, is no colour.
    for text in (done.stdout, done.stderr):
        assert b"\x1b[?" not in text
    if not seen:
        assert ESCAPE not in done.stdout


@pytest.mark.parametrize(("given", "seen"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_has_colours_unless_they_are_not_wanted(tmp_path, given, seen):
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [*PROGRAM, *RUN, "--out", "a"],
        cwd=tmp_path,
        env=environment(tmp_path, **given),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    read = b""
    with suppress(OSError):  # the other end is closed
        while chunk := os.read(ours, 65536):
            read += chunk
    os.close(ours)
    assert program.wait(60) == 0
    assert b"WARNING" in read
    assert (b"\x1b[93m" in read) == seen


def test_what_ones_own_code_prints_does_not_stand_before_the_answer(tmp_path):
    """Python prints, and so does a process that is started, which knows nothing of Python."""
    (tmp_path / "loud.py").write_text(
        "import subprocess\n"
        "import sys\n"
        "from anml_fl.plugins import RULES\n"
        "print('at import')\n"
        "krum = RULES.load('krum')\n"
        "subprocess.run([sys.executable, '-c', \"print('by a process')\"], check=True)\n"
    )
    words = [*PROGRAM, "run", *SMALL.split(), "--strategy", "loud:krum", "--out"]
    for how, more in (("--json", []), ("--quiet", []), ("--json", ["--seeds", "0"])):
        out = tmp_path / f"{how}{len(more)}"
        done = subprocess.run(
            [*words, str(out), how, *more],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "at import" in done.stderr
        assert "by a process" in done.stderr
        if how == "--quiet":
            assert done.stdout == f"{out}\n"
        else:
            assert json.loads(done.stdout)["folder"] == str(out)


def stopped(tmp_path, *words):
    """Start a long run, press Ctrl-C once it has a further round, and see how it ends."""

    def rounds():
        return sum(path.stat().st_size for path in tmp_path.rglob("rounds.jsonl"))

    before = rounds()
    with subprocess.Popen(
        [*PROGRAM, *words],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 120
        while rounds() == before and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        told, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    return told, said


def test_a_run_that_is_stopped_answers_too(tmp_path):
    long = [*RUN, "--rounds", "100000", "--out", "a", "--json"]
    nothing_yet = {
        "status": "stopped",
        "folder": str(tmp_path / "a"),
        "report": None,
        "summary": None,
    }
    told, said = stopped(tmp_path, *long)
    assert json.loads(told) == nothing_yet
    assert "stopped a; the same command goes on" in said
    told, said = stopped(tmp_path, "resume", "a", "--json")
    assert json.loads(told) == nothing_yet
    assert "stopped a; `anml resume a` goes on at the next round" in said


def test_a_sweep_that_is_stopped_answers_too(tmp_path):
    told, _ = stopped(
        tmp_path, *RUN, "--rounds", "100000", "--seeds", "0-1", "--jobs", "1", "--out", "s",
        "--json",
    )  # fmt: skip
    answer = json.loads(told)
    assert (answer["status"], answer["folder"]) == ("stopped", str(tmp_path / "s"))


def test_a_run_that_has_no_folder_yet_answers_too(tmp_path):
    (tmp_path / "stopping.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [*PROGRAM, "run", "--task", "stopping.py", "--json"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    told = {"status": "stopped", "folder": None, "report": None, "summary": None}
    assert json.loads(done.stdout) == told
