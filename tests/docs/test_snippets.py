"""Every snippet of README and docs: it is carried out, or parsed where it says why not."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import click
import pytest
import yaml

from anml_fl.cli import main
from tests.docs.snippets import Block, blocks, commands, goes_on_after
from tests.docs.warm import write_commands

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {
    page.relative_to(DOCS).with_suffix("").as_posix()
    if DOCS in page.parents
    else page.stem: page
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))
}
WITH_BLOCKS = [name for name, page in PAGES.items() if blocks(page)]
LONGEST = 120
"""Seconds that a block may take, on a busy machine."""

pytestmark = [pytest.mark.checkout, pytest.mark.slow]


class Reader:
    """Carries out pages, each once, as somebody would who reads them one after the other."""

    def __init__(self, home: Path, programs: Path) -> None:
        self.home = home
        apart = {"ANML_LEDGER_KEY", "ANML_DATA_DIR", "PYTHONPATH"}
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in apart},
            "HOME": str(home),
            "COLUMNS": "120",
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        self.done: dict[str, Path | AssertionError] = {}

    def read(self, name: str) -> Path:
        """Carry out a page, and what it goes on after; return its folder."""
        if name not in self.done:
            try:
                self.done[name] = self._carry_out(name)
            except AssertionError as error:
                self.done[name] = error
        done = self.done[name]
        if isinstance(done, AssertionError):
            raise done
        return done

    def _carry_out(self, name: str) -> Path:
        folder = self.home / name.replace("/", "-")
        folder.mkdir()
        for before in goes_on_after(PAGES[name]):
            shutil.copytree(self.read(before), folder, dirs_exist_ok=True)
        shown = blocks(PAGES[name])
        for block in shown:
            if block.file and not block.not_run:
                (folder / block.file).write_text(block.text, encoding="utf-8")
        said = ""
        for block in shown:
            place = f"{PAGES[name]}, line {block.line}"
            if block.output:
                assert OutputChecker().check_output(
                    block.text, said, ELLIPSIS | NORMALIZE_WHITESPACE
                ), f"{place}: it prints\n{said}"
            elif block.runs:
                if missing := [word for word in block.needs if shutil.which(word) is None]:
                    pytest.skip(f"{place}: not on the PATH: {', '.join(missing)}")
                at = ROOT if block.inside == "the checkout" else folder / block.inside
                said = self._run(block, at, place)
        return folder

    def _program(self, text: str) -> str:
        file = self.home / "program.py"
        file.write_text(text, encoding="utf-8")
        return str(file)

    def _run(self, block: Block, folder: Path, place: str) -> str:
        script = block.text
        if block.kind == "python":
            script = f"python {shlex.quote(self._program(block.text))}"
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            started = subprocess.Popen(
                ["bash", "-c", f"set -eo pipefail\n{script}"],
                cwd=folder,
                env={**self.environment, "ANML_DOCS_SHORT": block.short},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                process_group=0,
            )
            try:
                code = started.wait(LONGEST)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                code = started.wait()
            out.seek(0)
            err.seek(0)
            said = out.read()
            assert code == 0, f"{place}: exit code {code}\n{said}{err.read()}"
        return said


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Give the reader a home, and the programs that a reader has."""
    place = Path(tempfile.mkdtemp(prefix="anml-docs-"))  # a socket's path is short
    address = str(place / "at")
    write_commands(place, address)
    warm = subprocess.Popen(
        [sys.executable, "-P", Path(__file__).with_name("warm.py"), address],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert warm.stdout.readline() == "ready\n"
        yield Reader(tmp_path_factory.mktemp("home"), place)
    finally:
        warm.kill()
        warm.wait()
        warm.stdout.close()
        shutil.rmtree(place)


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_what_the_page_shows_is_what_happens(name, reader):
    reader.read(name)


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_every_block_is_well_formed(name):
    for block in blocks(PAGES[name]):
        place = f"{PAGES[name]}, line {block.line}"
        if block.kind == "python":
            ast.parse(block.text, place)
        elif block.kind == "toml":
            tomllib.loads(block.text)
        elif block.kind == "json":
            json.loads(block.text)
        elif block.kind == "yaml":
            yaml.safe_load(block.text)
        elif block.kind == "sh":
            checked = subprocess.run(
                ["bash", "-n"], input=block.text, text=True, capture_output=True, check=False
            )
            assert checked.returncode == 0, f"{place}: {checked.stderr}"
            for words in commands(block.text):
                assert_parses(words, place)
        else:
            assert block.kind in KINDS, f"{place}: of what kind is it, {block.kind!r}?"


KINDS = {"text", "diff", "nginx", "sql", "{eval-rst}", "{toctree}", "{include}"}
"""What is shown, and is no program of ours: `text` is also what a command prints."""


def assert_parses(words: list[str], place: str) -> None:
    """Let click parse the command, and not run it: its options are there, with values."""
    command: click.Command = main
    context = click.Context(main, info_name="anml")
    try:
        while isinstance(command, click.Group):
            command.parse_args(context, [*words])
            words = [*context._protected_args, *context.args]
            _, command, words = command.resolve_command(context, words)
            assert command is not None, f"{place}: there is no such command"
            context = click.Context(command, parent=context, info_name=command.name)
        command.make_parser(context).parse_args(words)
    except click.ClickException as error:
        raise AssertionError(f"{place}: {error.format_message()}") from None


NOT_RUN = {
    "a part of a program": 1,
    "needs data that are not shipped": 2,
    "needs docker": 3,
    "needs other machines": 7,
    "needs the network": 1,
    "needs values of yours": 5,
    "sets up an environment": 2,
    "starts what goes on": 5,
    "takes minutes": 26,
}
"""Why some blocks are not run, and how many of each: no block is left out unseen."""


def test_what_is_not_run_is_counted():
    found = Counter(
        block.not_run for page in PAGES.values() for block in blocks(page) if block.not_run
    )
    assert dict(found) == NOT_RUN
