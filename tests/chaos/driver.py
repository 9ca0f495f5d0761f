"""Kill a federation at chosen instants, again and again, and let it go on each time.

    python driver.py FOLDER SEED KILLS [SETTINGS, as JSON]

Everything is imported once; each attempt is a fork of this process, which a real signal
ends: kill -9 at a random instant, kill -9 before the n-th change of a file, or the kernel's
SIGXFSZ in the middle of a write, after so many bytes. One line of JSON a trial: how often it
was killed, and a hash of each file that must not depend on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import sqlite3
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from anml_fl.database.engine import open_database
from anml_fl.settings.reading import from_flat, from_toml
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

SETTINGS = {
    "dataset": "wine",
    "contributors": 6,
    "rounds": 4,
    "local-epochs": 1,
    "strategies": "fedavg,anml",
    "behaviours": "compromised_issuer=1,label_flip=1",
    "reputation": True,
    "simulated": True,
}
CHANGES = {"open", "os.rename", "os.remove", "os.truncate", "os.link"}
ATTEMPTS = 12


def attempt(run: Path, database: Path) -> None:
    """Run, or go on with, the federation, as `anml run` and `anml resume` do."""
    kept = run / "config.toml"
    config = (
        from_toml(kept.read_text())
        if kept.exists()
        else from_flat({**SETTINGS, "database": str(database)})
    )
    nodes = [{"partition-id": i, "num-partitions": 6} for i in range(6)]
    run_federation(InlineGrid(app, nodes, config.to_flat()), config, run)


def forked(run: Path, database: Path, how: str = "", when: float = 0.0) -> tuple[bool, int]:
    """Run in a fork; whether it came to its end, and how many files it changed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.dup2(os.open("attempt.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        changes = 0

        def audit(event: str, args: tuple[Any, ...]) -> None:
            nonlocal changes
            if event not in CHANGES:
                return
            if event == "open" and not args[2] & (os.O_WRONLY | os.O_RDWR):
                return
            changes += 1
            if how == "change" and changes > when:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        if how == "write":
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(when), resource.RLIM_INFINITY))
        code = 1
        try:
            attempt(run, database)
            code = 0
        except BaseException:  # noqa: BLE001 - told by the parent
            traceback.print_exc()
        finally:
            os.write(writer, str(changes).encode())
            os._exit(code)
    os.close(writer)
    if how == "instant":
        # Of its own processor time: the machine may be busier now than when that was measured.
        child = psutil.Process(pid)
        while child.status() != psutil.STATUS_ZOMBIE and _spent(child.cpu_times()) < when:
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reader) as pipe:
        changes = int(pipe.read() or 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"{how} {when}: {Path('attempt.log').read_text()[-2000:]}")
    return os.WIFEXITED(status), changes


def _spent(times: Any) -> float:
    return float(times.user + times.system)


def outcome(run: Path, database: Path) -> dict[str, str]:
    """Hash what must be the same: models, records, the ledger here and in the database."""
    files = ["anml/model.safetensors", "fedavg/model.safetensors", "anml/rounds.jsonl"]
    files += ["fedavg/rounds.jsonl", "ledger.jsonl"]
    found = {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in files}
    with sqlite3.connect(database) as connection:
        lines = connection.execute("SELECT line FROM ledger ORDER BY number").fetchall()
    text = "".join(f"{line}\n" for (line,) in lines)
    return {**found, "database": hashlib.sha256(text.encode()).hexdigest()}


def fresh(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a place for one trial; the settings' path of the database is always the same."""
    place = folder / name
    place.mkdir()
    os.chdir(place)
    open_database(Path("kept.db")).dispose()
    return place / "run", Path("kept.db")


def main() -> None:
    """Run once undisturbed, then trials of every kind."""
    folder, seed, kills = Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3])
    SETTINGS.update(json.loads(sys.argv[4]) if len(sys.argv) > 4 else {})
    rng = np.random.default_rng(seed)
    before = psutil.Process().cpu_times()
    run, database = fresh(folder, "undisturbed")
    _, changes = forked(run, database)
    after = psutil.Process().cpu_times()
    seconds = after.children_user + after.children_system
    seconds -= before.children_user + before.children_system
    print(
        json.dumps({"kills": 0, "kind": "none", "outcome": outcome(run, database)}), flush=True
    )
    sizes = [100, 700, *(file.stat().st_size for file in run.glob("anml/*"))]
    for trial in range(kills):
        kind = ("instant", "instant", "change", "write")[trial % 4]
        run, database = fresh(folder, f"{trial}-{kind}")
        ended, killed = False, 0
        while not ended and killed < ATTEMPTS:
            when = {
                "instant": rng.uniform(0.0, seconds),
                "change": int(rng.integers(changes)),
                "write": int(rng.integers(1, max(sizes))),
            }[kind]
            ended, _ = forked(run, database, kind if killed < 3 else "", when)
            killed += not ended
        told = {"kills": killed, "kind": kind, "outcome": outcome(run, database)}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
