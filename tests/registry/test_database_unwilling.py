"""A registry that may only be read, that somebody is writing, or whose version is unclear."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.database import engine as engine_module
from anml_fl.database.engine import DatabaseError, open_database, reading
from anml_fl.database.migrations.env import VERSION_TABLE
from server.doctor.database import check_database

ANML = str(Path(sys.executable).with_name("anml"))
# The administrator may write everywhere, unless that right is taken away.
_ORDINARY = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A folder with a registry of one contributor, x, and a key for another."""
    folder = tmp_path / "consortium"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for arguments in (
        ["key", "x"],
        ["key", "y"],
        [
            "add",
            "contributor",
            "--key",
            "x.pub",
            "--name",
            "x",
            "--domain",
            "news",
            "--id",
            "x",
        ],
    ):
        done = CliRunner().invoke(main, ["registry", *arguments])
        assert done.exit_code == 0, done.output
    yield folder
    folder.chmod(0o755)


def added(name):
    return ["add", "contributor", "--key", f"{name}.pub", "--name", name, "--domain", "news"]


def as_anybody(*arguments):
    """Call the command as an account for which modes count."""
    return subprocess.run(
        [*_ORDINARY, ANML, *arguments], capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize(
    ("file", "folder", "journal"),
    [(0o644, 0o555, "WAL"), (0o444, 0o755, "WAL"), (0o444, 0o555, "DELETE")],
)
def test_what_may_only_be_read_is_read_and_a_writer_is_told(registry, file, folder, journal):
    with sqlite3.connect("registry.db") as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.close()
    Path("registry.db").chmod(file)
    registry.chmod(folder)
    before = Path("registry.db").read_bytes()
    target = "registry.db" if file == 0o444 else "new"
    tried = subprocess.run(
        [*_ORDINARY, "sh", "-c", f": >> {target}"], check=False, stderr=subprocess.DEVNULL
    )
    assert tried.returncode, "the kernel lets this account write: nothing is tested"

    done = as_anybody("registry", "list", "contributors", "--json")
    assert [one["identity"] for one in json.loads(done.stdout)] == ["x"], done.stderr
    done = as_anybody("registry", *added("y"))
    assert done.returncode == 2
    assert "readonly database: this user may only read it; let it write to" in done.stderr
    assert "Traceback" not in done.stderr
    code = (
        "from server.doctor.database import check_database;"
        "print([one.status for one in check_database('registry.db')])"
    )
    done = subprocess.run(
        [*_ORDINARY, sys.executable, "-c", code], capture_output=True, check=True
    )
    assert b"'problem']" in done.stdout
    assert Path("registry.db").read_bytes() == before


ADD = ["registry", "add", "contributor", "--key", "y.pub", "--name", "y", "--domain", "news"]


def test_readers_do_not_wait_for_a_writer_and_another_writer_says_that_it_waits(
    registry, monkeypatch, caplog
):
    monkeypatch.setattr(engine_module, "_SILENT_SECONDS", 1)
    holder = sqlite3.connect("registry.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    done = CliRunner().invoke(main, ["registry", "list", "contributors"])
    assert done.exit_code == 0, done.output
    assert time.monotonic() - started < 30  # of the 60 that a writer waits

    later = threading.Timer(3.0, holder.execute, ("ROLLBACK",))
    later.start()
    done = CliRunner().invoke(main, ADD)
    later.join()
    holder.close()
    assert done.exit_code == 0, done.output
    assert [record.message for record in caplog.records] == [
        "waiting for another process that writes to registry.db: for 60 s at most"
    ]


def test_a_writer_that_waits_in_vain_is_told_for_what(registry, monkeypatch):
    monkeypatch.setattr(engine_module, "_SILENT_SECONDS", 0)
    monkeypatch.setattr(engine_module, "_WAIT_SECONDS", 1)
    holder = sqlite3.connect("registry.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = CliRunner().invoke(main, ADD)
    holder.close()
    assert done.exit_code == 2
    assert "another process has been writing to it for 1 s and more" in done.output


def test_a_server_lets_a_writer_wait_for_a_stated_time(postgresql_database, monkeypatch):
    monkeypatch.setattr(engine_module, "_WAIT_SECONDS", 1)
    one, other = open_database(postgresql_database), open_database(postgresql_database)
    with (
        engine_module.writing(one),
        pytest.raises(sa.exc.OperationalError) as raised,
        engine_module.writing(other),
    ):
        pass
    one.dispose()
    other.dispose()
    said = engine_module.explained(raised.value)
    assert "another process has been writing to it for 1 s and more" in said


@pytest.mark.parametrize("versions", [[], ["0001", "0002"]])
def test_a_version_table_without_one_version_is_refused(registry, versions):
    with sqlite3.connect("registry.db") as connection:
        connection.execute(f"DROP TABLE {VERSION_TABLE}")
        connection.execute(f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)")
        rows = [(version,) for version in versions]
        connection.executemany(f"INSERT INTO {VERSION_TABLE} VALUES (?)", rows)  # noqa: S608
    connection.close()
    held = " and holds " + (", ".join(map(repr, versions)) or "none")
    with pytest.raises(DatabaseError, match=f"must hold one version,{held}: bring the"):
        open_database("registry.db")
    found = check_database("registry.db")
    assert found[0].status == "problem"
    assert "must hold one version" in found[0].what


def test_a_file_that_only_needs_reading_is_not_written(registry):
    before = Path("registry.db").stat().st_mtime_ns, Path("registry.db").read_bytes()
    engine = open_database("registry.db")
    with reading(engine) as connection:
        assert connection.execute(sa.text("SELECT identity FROM contributors")).scalar() == "x"
    engine.dispose()
    assert (Path("registry.db").stat().st_mtime_ns, Path("registry.db").read_bytes()) == before
