"""Carries out `anml` and `python` in forks of one process that has imported all.

A page has dozens of commands, and each would take seconds to begin. `serve` waits at a socket;
`COMMANDS` are the two programs that scripts find on their PATH: each hands over its words,
folder, environment and open files, and ends as what was carried out ends.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any

COMMAND = """\
#!{python} -ISE
import json, os, socket, sys
at = socket.socket(socket.AF_UNIX)
at.connect({address!r})
say = {{"words": [{name!r}, *sys.argv[1:]], "folder": os.getcwd(), "has": dict(os.environ)}}
text = json.dumps(say).encode()
socket.send_fds(at, [len(text).to_bytes(8, "big")], [0, 1, 2])
at.sendall(text)
code = at.recv(1)
sys.exit(code[0] if code else 99)
"""


_IMPORTED = (
    "anml_fl.cli", "clients.app", "server.app", "server.report.page",
    "studies.sample.experiment",
)  # fmt: skip


def write_commands(folder: Path, address: str) -> None:
    """Write the two programs."""
    for name in ("anml", "python"):
        file = folder / name
        file.write_text(COMMAND.format(python=sys.executable, address=address, name=name))
        file.chmod(0o700)


def serve(address: str) -> None:
    """Carry out what is asked for, until this process is ended."""
    for module in _IMPORTED:
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while True:
            asked, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(asked)
                os._exit(0)
            asked.close()


def _answer(asked: socket.socket) -> None:
    """Fork again, and wait: whoever hangs up ends what it asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(asked, 8, 3)
    with asked.makefile("rb") as text:
        said = json.loads(text.read(int.from_bytes(head, "big")))
    worker = os.fork()
    if worker == 0:
        os.setsid()
        asked.close()
        _carry_out(said, files)
    done = os.pidfd_open(worker)
    if done not in select.select([done, asked], [], [])[0]:
        os.killpg(worker, signal.SIGKILL)
        return
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    asked.sendall(bytes([code if code >= 0 else 128 - code]))


def _carry_out(said: dict[str, Any], files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(said["has"])
    os.chdir(said["folder"])
    name, *words = said["words"]
    try:
        code = _anml(words) if name == "anml" else _python(words, said["folder"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as Python itself would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _anml(words: list[str]) -> int:
    from anml_fl.__main__ import main

    short = os.environ.pop("ANML_DOCS_SHORT", "").split()
    named = list(takewhile(lambda word: not word.startswith("-"), short))
    if words[: len(named)] == named:
        words = [*words, *short[len(named) :]]
    sys.argv = ["anml", *words]
    main()
    return 0


def _python(words: list[str], folder: str) -> int:
    sys.argv = words
    sys.path.insert(0, folder)
    runpy.run_path(words[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
