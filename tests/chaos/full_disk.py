"""Let the disk be full for one file of a run, and go on once there is room.

    python -B full_disk.py FOLDER

Everything is imported once; each attempt is `anml run` or `anml resume` in a fork. From the
moment that it opens the file, the kernel lets no file grow beyond ten bytes. One line of JSON
a file: status and words of both attempts, and what they left.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

from anml_fl.cli import main as anml
from anml_fl.ledger.key_file import KEY_FILE
from server.engines import inline_grid  # noqa: F401 - once, for all forks
from server.orchestration import federation  # noqa: F401 - likewise

ROOM = 10
RUN = ["run", "--dataset", "wine", "--contributors", "6", "--rounds", "3"]
RUN += ["--local-epochs", "1", "--strategy", "fedavg", "--strategy", "anml", "--out", "run"]
# Which file is the one for which there is no room, and at which of the times it is opened.
FULL = [
    ("ledger.key", 1),
    ("ledger.key.pub", 1),
    ("run/config.toml", 1),
    ("run/config.toml", 2),
    ("run/manifest.json", 1),
    ("run/manifest.json", 2),
    ("run/ledger.jsonl", 2),
    ("run/ledger.jsonl", 4),
    ("run/ledger.pub", 1),
    ("run/fedavg/checkpoint.safetensors", 1),
    ("run/fedavg/rounds.jsonl", 1),
    ("run/fedavg/rounds.jsonl", 3),
    ("run/anml/updates/0002.safetensors", 1),
    ("run/anml/rounds.jsonl", 2),
    ("run/anml/timings.jsonl", 2),
    ("run/anml/checkpoint.safetensors", 3),
    ("run/fedavg/model.safetensors", 1),
    ("run/anml/model.safetensors", 1),
    ("run/summary.json", 1),
    ("run/report.html", 1),
]


def attempt(command: list[str], full: str = "", turn: int = 0) -> tuple[int, str]:
    """Run in a fork; its status, and what it said."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        seen = 0

        def audit(event: str, args: tuple[Any, ...]) -> None:
            nonlocal seen
            if event != "open" or not full or isinstance(args[0], int):
                return
            writes = args[2] & (os.O_WRONLY | os.O_RDWR)
            name = os.path.relpath(os.fsdecode(args[0]))
            if writes and name.removesuffix(".partial") == full:
                seen += 1
                if seen == turn:
                    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
                    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, most))

        sys.addaudithook(audit)
        code: Any = 1
        try:
            anml(command)
        except SystemExit as end:
            code = end.code or 0
        except BaseException:  # noqa: BLE001 - told by the parent
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def outcome() -> dict[str, str]:
    """Hash what must be the same, however often the run was cut off."""
    names = ("rounds.jsonl", "model.safetensors", "ledger.*", "config.toml", "manifest.json")
    files = [path for name in names for path in Path("run").rglob(name)]
    files += Path("run").rglob("updates/*")
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main() -> None:
    """Run once undisturbed, then without room for each of the files, and again with room."""
    folder = Path(sys.argv[1]).resolve()
    os.environ[KEY_FILE] = "ledger.key"
    key: dict[str, bytes] = {}
    for number, (full, turn) in enumerate([("", 0), *FULL]):
        place = folder / str(number)
        place.mkdir()
        os.chdir(place)
        if "key" not in full:
            for name, content in key.items():
                Path(name).write_bytes(content)
                Path(name).chmod(0o600)  # a key that others may read is not used
        status, said = attempt(RUN, full, turn)
        left = [str(path) for path in Path().rglob("*.partial")]
        begun = Path("run/config.toml").exists()
        again, words = attempt(["resume", "run"] if begun else RUN)
        if not key:
            key = {name: Path(name).read_bytes() for name in ("ledger.key", "ledger.key.pub")}
        told = {
            "full": full,
            "status": status,
            "said": said,
            "left": left,
            "again": again,
            "words": words,
            "outcome": outcome(),
            "report": Path("run/report.html").exists(),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
