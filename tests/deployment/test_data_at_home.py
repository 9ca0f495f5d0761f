"""Three sites, three accounts, three files that nobody else can open: one model, and no row.

Each site joins over TLS under an account of its own, with a table in a folder that is closed
to all others. The same rows in one process must give the same model, and no cell of them may
stand in anything that the server keeps.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from safetensors.numpy import load_file

from anml_fl.method.records import RoundRecord
from anml_fl.settings.egress import EgressPolicy
from anml_fl.system.processes import free_port
from server.deployment.state import State

SITES = ("site-a", "site-b", "site-c")
SERVER, FIRST_SITE = 20_100, 20_101
SETTINGS = ["--rounds=2", "--local-epochs=1", "--strategy=anml", "--seed=3"]
SCHEMA = """
version = 1
site = "site"

[label]
kind = "class"
name = "ill"
classes = ["no", "yes"]

[[columns]]
kind = "number"
name = "age"
low = 0.0
high = 130.0

[[columns]]
kind = "number"
name = "marker"
low = -1000000.0
high = 1000000.0

[[columns]]
kind = "category"
name = "ward"
values = ["north", "south"]

[[columns]]
kind = "ignored"
name = "note"
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="needs root, to act as several accounts"),
]


class Accounts:
    """Processes under accounts other than ours, each with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = interpreter(folder / "python")
        self.started: list[subprocess.Popen[bytes]] = []

    def home(self, uid: int) -> Path:
        """A folder that is closed to all others."""
        path = self.folder / str(uid)
        path.mkdir(mode=0o700, exist_ok=True)
        os.chown(path, uid, uid)
        return path

    def options(self, uid: int) -> dict[str, object]:
        """What a process of an account is started with."""
        home = self.home(uid)
        environment = {
            "PATH": f"{self.python.parent}:/usr/bin:/bin",
            "HOME": str(home),
            "COLUMNS": "300",
            "ANML_WARM": "1",
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "FLWR_HOME": str(home / "flwr"),
        }
        return {
            "user": uid,
            "group": uid,
            "extra_groups": [],
            "cwd": home,
            "env": environment,
            "stdin": subprocess.DEVNULL,
        }

    def run(self, uid: int, *command: str) -> str:
        """Run a command to its end, and return what it said."""
        done = subprocess.run(
            [self.python, "-m", *command],
            **self.options(uid),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, uid: int, name: str, *command: str) -> Path:
        """Start a command that goes on; its log is returned."""
        log = self.home(uid) / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [self.python, "-m", *command],
                **self.options(uid),
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        self.started.append(process)
        return log

    def stop(self) -> None:
        """Stop what goes on, the last one first."""
        for one in reversed(self.started):
            one.terminate()
            one.wait(60)


def interpreter(folder: Path) -> Path:
    """Find a Python for other accounts: the system's, where they cannot reach this one."""
    own = Path(sys.executable).resolve()
    if all(path.stat().st_mode & 0o001 for path in (own, *own.parents)):
        return Path(sys.executable)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if (other := shutil.which(version, path="/usr/local/bin:/usr/bin")) is None:
        pytest.skip(f"other accounts cannot reach {own}, and the system has no {version}")
    subprocess.run([other, "-m", "venv", "--without-pip", folder], check=True)
    packages = folder / "lib" / version / "site-packages"
    ours = sysconfig.get_path("purelib")
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    for script in Path(sys.executable).parent.iterdir():
        # Its first line names the interpreter that others cannot reach.
        content = script.read_bytes() if script.is_file() else b""
        if content.startswith(b"#!") and (b"python" in content.split(b"\n")[0]):
            copy = folder / "bin" / script.name
            rest = content.partition(b"\n")[2]
            copy.write_bytes(f"#!{folder}/bin/python\n".encode() + rest)
            copy.chmod(0o755)
    return folder / "bin" / "python"


def table(generator, rows, marks):
    """Rows of a site, in each of which a cell is like no other."""
    lines = []
    for _ in range(rows):
        ill = bool(generator.integers(2))
        age = 45 + 15 * ill + 6 * generator.standard_normal()
        mark = 1000 * ill + 100 * generator.standard_normal()
        note = f"canary{generator.integers(10**12):012d}"
        ward = ("north", "south")[int(generator.integers(2))]
        cells = (f"{age:.9f}", f"{mark:.9f}", ward, note, ("no", "yes")[ill])
        marks.update((cells[0], cells[1], note))
        lines.append(",".join(cells))
    return lines


@pytest.fixture(scope="module")
def apart():
    """A federation of three accounts and a server, run to its end."""
    # Not in pytest's folder, which it closes to all accounts but ours.
    with TemporaryDirectory(prefix="anml-apart-") as folder:
        Path(folder).chmod(0o711)
        yield federation(Path(folder))


def federation(folder):
    """Make it, and run it."""
    accounts, marks = Accounts(folder), set()
    generator = np.random.default_rng(11)
    tables = {name: table(generator, 60, marks) for name in SITES}
    test = table(generator, 40, set())
    head = "age,marker,ward,note,ill"

    home = accounts.home(SERVER)
    (home / "agreed.toml").write_text(SCHEMA)
    (home / "test.csv").write_text("\n".join([head, *test]) + "\n")
    for path in home.iterdir():
        os.chown(path, SERVER, SERVER)
    said = accounts.run(
        SERVER,
        *("anml_fl", "up", "--schema=agreed.toml", f"--nodes={','.join(SITES)}"),
        *("--test=test.csv", "--name=apart", "--host=127.0.0.1", *SETTINGS),
    )

    state, port = home / "federation", free_port()
    files = {}
    for number, name in enumerate(SITES):
        uid = FIRST_SITE + number
        # What is handed over is one folder; what is its own is closed to the server.
        handed = accounts.home(uid) / name
        shutil.copytree(state / "nodes" / name, handed)
        files[name] = accounts.home(uid) / f"{name}'s own.csv"
        files[name].write_text("\n".join([head, *tables[name]]) + "\n")
        files[name].chmod(0o600)
        for path in (handed, *handed.iterdir(), files[name]):
            os.chown(path, uid, uid)
    try:
        accounts.start(
            SERVER,
            "superlink",
            *("server.superlink", f"--ssl-ca-certfile={state}/ca.crt"),
            f"--ssl-certfile={state}/superlink/server.crt",
            f"--ssl-keyfile={state}/superlink/server.key",
            *("--enable-supernode-auth", "--isolation=subprocess", "--host=127.0.0.1"),
            *("--disable-runtime-dependency-installation", f"--port={port}"),
            f"--database={home}/superlink.db",
        )
        logs = {
            name: accounts.start(
                FIRST_SITE + number,
                "join",
                *("anml_fl", "join", f"--superlink=127.0.0.1:{port}", "--warm"),
                *(f"--data={files[name]}", f"--key={name}/node.key"),
            )
            for number, name in enumerate(SITES)
        }
        ended = accounts.run(
            SERVER,
            *("anml_fl", "submit", "federation", f"--superlink=127.0.0.1:{port}"),
            *(f"--database={home}/registry.db", "--out=out"),
        )
        time.sleep(1)  # for what Flower writes behind
    finally:
        accounts.stop()
    return {
        "accounts": accounts,
        "said": said + ended,
        "home": home,
        "files": files,
        "logs": logs,
        "marks": marks,
        "all": [f"{row},{name}" for name in SITES for row in tables[name]],
        "head": f"{head},site",
    }


def test_server_cannot_open_a_sites_table(apart):
    for name, path in apart["files"].items():
        tried = f"open({str(path)!r}).read()"
        done = subprocess.run(
            [apart["accounts"].python, "-c", tried],
            **apart["accounts"].options(SERVER),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0, name
        assert "PermissionError" in done.stderr


def test_every_site_takes_part_in_every_round(apart):
    lines = (apart["home"] / "out" / "anml" / "rounds.jsonl").read_text().splitlines()
    records = [RoundRecord.from_json(line) for line in lines]
    assert len(records) == 2
    for record in records:
        assert [one.contributor for one in record.contributors] == list(SITES)
        assert [one.reason for one in record.contributors] == [None] * 3
        # Each under the policy that it was handed, which is the usual one.
        assert {one.egress for one in record.contributors} == {EgressPolicy().digest}


def test_model_is_that_of_one_process_with_all_rows(apart):
    home, accounts = apart["home"], apart["accounts"]
    whole = accounts.home(FIRST_SITE + 9)
    (whole / "all.csv").write_text("\n".join([apart["head"], *apart["all"]]) + "\n")
    for name in ("agreed.toml", "test.csv"):
        shutil.copy(home / name, whole / name)
    for path in whole.iterdir():
        os.chown(path, FIRST_SITE + 9, FIRST_SITE + 9)
    accounts.run(
        FIRST_SITE + 9,
        *("anml_fl", "run", "--data=all.csv", "--by=site", "--test=test.csv"),
        *("--schema=agreed.toml", "--name=apart", "--out=out", *SETTINGS),
    )
    ours = load_file(home / "out" / "anml" / "model.safetensors")
    theirs = load_file(whole / "out" / "anml" / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        assert np.isfinite(values).all()
        np.testing.assert_allclose(values, theirs[name], rtol=0, atol=1e-6, err_msg=name)


def test_no_cell_of_a_sites_table_is_anywhere_but_at_the_site(apart):
    home, marks = apart["home"], apart["marks"]
    assert len(marks) == 3 * 60 * 3
    found = [path for path in home.rglob("*") if path.is_file()]
    names = {path.name for path in found}
    assert {"statistics.json", "rounds.jsonl", "ledger.jsonl", "report.html"} <= names
    assert {"superlink.db", "superlink.log", "registry.db", "schema.toml"} <= names
    texts = {str(path): path.read_bytes() for path in found}
    texts["what the commands said"] = apart["said"].encode()
    for where, content in texts.items():
        told = [mark for mark in marks if mark.encode() in content]
        assert not told, (where, told[:3])


def test_site_is_told_what_may_leave(apart):
    for log in apart["logs"].values():
        assert "what may leave" in log.read_text()


def test_results_verify(apart):
    said = apart["accounts"].run(SERVER, "anml_fl", "verify", "out")
    assert "ok: 2 rounds of anml" in said
    assert State(apart["home"] / "federation").config().table.on_nodes
