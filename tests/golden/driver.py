"""Carry out cases on the code that PYTHONPATH names; clock, chance and code hash stand still.

    python driver.py TREE OUT JOBS < cases.json

Libraries are imported once; each command is a fork, which imports TREE's own code. Beside what
a command writes in its case's folder stand NN.out, NN.err, and in `statuses` how each ended.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import secrets
import shutil
import signal
import sys
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

INSTANT = datetime(2026, 7, 1, 12, tzinfo=UTC)
HASH = "c0de" * 16
LIBRARIES = (
    "torch", "sklearn.ensemble", "flwr.serverapp", "flwr.clientapp", "plotly.graph_objects",
    "pyarrow.parquet", "scipy.stats", "sqlalchemy", "alembic.command", "rich.progress",
    "torch._dynamo", "sklearn.datasets", "pydantic",
)  # fmt: skip
ROOMS = ("anml_fl", "strategies", "clients", "server", "studies")


def replace(places: tuple[str, ...], name: str, function: Any) -> None:
    """Put a function in the place of another, before anything else imports that."""
    for place in places:
        with suppress(ModuleNotFoundError, AttributeError):
            module = importlib.import_module(place)
            getattr(module, name)
            setattr(module, name, function)
            return
    raise SystemExit(f"{name} is at none of {places}: add its new place to places.py")


def hold_still(words: list[str], places: dict[str, tuple[str, ...]]) -> None:
    """Fix what differs between two runs of one command on one machine."""
    time.perf_counter = lambda: 0.0
    time.clock_gettime = lambda clock: 0.0
    # Of work that took no time no overhead could be told.
    time.process_time = map(float, itertools.count()).__next__
    importlib.import_module("rich.console").monotonic = lambda: 0.0
    drawn = itertools.count()
    secrets.token_hex = lambda n=32: sha256(f"{words} {next(drawn)}".encode()).hexdigest()[
        : 2 * n
    ]
    replace(places["now"], "now", lambda: INSTANT)
    replace(places["code_hash"], "code_hash", lambda: HASH)
    if words[0] == "study":
        replace(places["study_hash"], "code_hash", lambda study: HASH)


def stop_after(count: int) -> None:
    """Kill this process at its first change of a file after so many checkpoints."""
    seen = 0

    def audit(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event == "os.rename":
            if seen >= count:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += Path(os.fsdecode(args[1])).name == "checkpoint.safetensors"
        elif event == "open" and seen >= count and args[2] & (os.O_WRONLY | os.O_RDWR):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


def every_help(command: Any, context: Any) -> None:
    """Print the help of a command and of all below it."""
    print(f"### {context.command_path}\n{command.get_help(context)}\n")
    for name in getattr(command, "commands", ()):
        below = command.commands[name]
        every_help(below, type(context)(below, info_name=name, parent=context))


def perform(words: list[str], stop: int, tree: Path, places: dict[str, Any]) -> None:
    """Do in this process what one command does."""
    hold_still(words, places)
    for room in ROOMS:
        found = importlib.import_module(room).__file__
        if not Path(found or "").is_relative_to(tree):
            raise SystemExit(f"{room} was imported from {found}, not from {tree}")
    if words[0] == "!help":
        import click

        main = importlib.import_module("anml_fl.cli").main
        every_help(main, click.Context(main, info_name="anml"))
        return
    if stop:
        stop_after(stop)
    sys.argv = ["anml", *words]
    importlib.import_module("anml_fl.__main__").main()


def forked(words: list[str], stop: int, name: str, tree: Path, places: dict[str, Any]) -> int:
    """Carry a command out in a fork; its exit status, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        for stream, end in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{name}.{end}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        status: Any = 1
        try:
            perform(words, stop, tree, places)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:  # noqa: BLE001 - it is kept, and compared
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def carry_out(case: dict[str, Any], out: Path, tree: Path, places: dict[str, Any]) -> None:
    """Carry out a case's commands one after the other, and note how each ended."""
    folder = out / case["name"]
    folder.mkdir(parents=True)
    os.chdir(folder)
    for number, (words, stop) in enumerate(case["commands"]):
        if words[0] == "!copy":
            copy = shutil.copytree if Path(words[1]).is_dir() else shutil.copy
            copy(words[1], words[2])
            continue
        if words[0] == "!append":
            with Path(words[1]).open("a") as file:
                file.write(words[2])
            continue
        status = forked(words, stop, f"{number:02}", tree, places)
        with Path("statuses").open("a") as file:
            file.write(f"{number:02} anml {' '.join(words)}: {status}\n")


def main() -> None:
    """Carry out all cases, so many at a time."""
    sys.path.pop(0)  # this folder: its names are none of the project's
    tree, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    asked = json.load(sys.stdin)
    for library in LIBRARIES:
        importlib.import_module(library)
    sys.stdout.flush()
    started: dict[int, tuple[str, float]] = {}
    waiting = list(asked["cases"])
    while waiting or started:
        if waiting and len(started) < jobs:
            case = waiting.pop(0)
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    carry_out(case, out, tree, asked["places"])
                    code = 0
                except BaseException:  # noqa: BLE001 - told by the parent
                    traceback.print_exc()
                finally:
                    os._exit(code)
            started[pid] = case["name"], time.monotonic()
            continue
        pid, status = os.wait()
        name, since = started.pop(pid)
        print(f"  {name}: {time.monotonic() - since:.0f} s", flush=True)
        if status:
            raise SystemExit(f"the case {name} could not be carried out")
        (out / f"{name}.done").touch()


if __name__ == "__main__":
    main()
