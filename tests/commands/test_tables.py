"""Tables of commands, in terminals of several widths and in a pipe: no word is ever cut."""

from __future__ import annotations

import functools
import os
import pty
import re
import sys
import threading
from contextlib import suppress

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies.catalogue import STUDIES

LINES = set("─━│┃╭╮╰╯├┤┼═║╺╸")
TABLE = "age,site,sick\n" + "".join(f"{20 + n % 30},s{n % 3},{n % 2}\n" for n in range(60))
LONG = "a-hospital-with-a-long-name"
SMALL = "--dataset wine --contributors 5 --rounds 2 --local-epochs 1 --behaviour joint=1"
COMMANDS = (
    "study list",
    "study settings table-7",
    "data check table.csv --schema schema.toml",
    "data describe table.csv",
    "registry list contributors",
    "registry signals",
    "ledger show RUN",
    "explain RUN",
    "explain RUN --round 1",
    "explain RUN contributor-0002",
    "doctor --superlink 127.0.0.1:9",
)
# These work for seconds before they print.
SLOW = (
    "attribution RUN",
    f"run {SMALL} --strategy anml --strategy krum --out RUN",
    f"run {SMALL} --strategy fedavg --out SWEEP --seeds 0-1 --jobs 1",
)
# What differs each time: a clock, a duration, what is at work beside.
CHANGING = re.compile(r"\d+[.:]\d+|\d{4}-\d\d-\d\d|\d+ seconds?")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run, a registry and a table."""
    home = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("ANML_LEDGER_KEY", str(home / "ledger.key"))
        (home / "table.csv").write_text(TABLE)
        for words in (
            "data describe table.csv --label sick --by site --out schema.toml",
            "registry key node",
            f"registry add contributor --name {LONG} --domain news --key node.pub",
            f"run {SMALL} --strategy anml --strategy krum --out RUN",
        ):
            done = CliRunner().invoke(main, words.split())
            assert done.exit_code == 0, done.output
        yield home


@functools.cache
def piped(words):
    """What a command writes to a pipe; once for all tests, as some examine for seconds."""
    runner = CliRunner(env={"COLUMNS": "40"})  # a pipe has none
    return runner.invoke(main, words.split()).stdout


def on_terminal(words, width, monkeypatch):
    """What a command writes to a terminal of some columns, without colours."""
    monkeypatch.setenv("COLUMNS", str(width))
    ours, theirs = pty.openpty()
    read: list[bytes] = []

    def listen():
        try:
            while chunk := os.read(ours, 65536):
                read.append(chunk)
        except OSError:  # the other end is closed
            pass

    listener = threading.Thread(target=listen)
    listener.start()
    with os.fdopen(theirs, "w", encoding="utf-8") as screen, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        with suppress(SystemExit):
            main.main(words.split(), prog_name="anml", standalone_mode=False)
    listener.join(30)
    os.close(ours)
    text = b"".join(read).decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def words_of(text):
    plain = "".join(" " if letter in LINES else letter for letter in text)
    return {word for word in plain.split() if not CHANGING.search(word)}


@pytest.mark.parametrize(
    ("words", "width"),
    [
        *((words, width) for words in COMMANDS for width in (60, 80, 120, 200)),
        *((words, 60) for words in SLOW),
    ],
)
def test_every_word_is_whole_however_wide_the_terminal(words, width, place, monkeypatch):
    monkeypatch.chdir(place)
    expected = words_of(piped(words))
    shown = on_terminal(words, width, monkeypatch)
    # A heading of two lines is one line in a pipe: what it says is there in parts.
    there = words_of(shown)
    there |= {word.removesuffix(":") for word in there}
    there |= {a + b for a in there if a.endswith("-") for b in there}
    assert expected <= there, expected - there
    assert "…" not in shown
    for line in shown.splitlines():
        # What is wider than a terminal stands alone, to be copied.
        assert len(line) <= width or len(line.split()) <= 3 or ": " in line, line


@pytest.mark.parametrize("words", [*COMMANDS, *SLOW])
def test_a_pipe_gets_rows_of_a_line_each_and_nothing_else(words, place, monkeypatch):
    monkeypatch.chdir(place)
    text = piped(words)
    assert not LINES & set(text)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_list_of_studies_is_a_line_each_in_a_pipe():
    lines = piped("study list").splitlines()
    assert len(lines) == 1 + len(STUDIES)
    for line, one in zip(lines[1:], STUDIES.entries(), strict=True):
        assert line.startswith(one.name)
        assert one.title in line
        assert one.source in line
