"""The database below: made, refused, opened by many at once, append-only, killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from anml_fl.database.engine import DatabaseError, open_database, reading, writing
from anml_fl.registry import queries, tables

TABLES = [*tables.metadata.tables, "ledger"]


def test_migrations_make_the_tables_that_the_queries_name(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, tables.metadata)
    # Indexes and unique keys are the migrations' alone, and so are two tables.
    alone = {"remove_index", "remove_constraint"}
    rest = {(x[0], x[1].name) for x in found if x[0] not in alone}
    assert rest == {("remove_table", "ledger"), ("remove_table", "anml_version")}


def test_the_ledgers_table_is_as_its_queries_name_it(engine):
    columns = {c["name"]: str(c["type"]) for c in sa.inspect(engine).get_columns("ledger")}
    assert list(columns) == ["run", "number", "line", "hash", "recorded"]
    assert sa.inspect(engine).get_pk_constraint("ledger")["constrained_columns"] == [
        "run",
        "number",
    ]


def test_opening_again_keeps_everything(where, world, worlds):
    world.join("a")
    again = open_database(where)
    assert len(worlds(again).registry.contributors(world.day(1))) == 1
    again.dispose()


@pytest.mark.parametrize("verb", ["UPDATE {} SET recorded = 0", "DELETE FROM {}"])
@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_changed_or_deleted(world, verb, table):
    fill(world)
    with (
        pytest.raises(
            sa.exc.DBAPIError, match=f"{table} is append-only: {verb[:6]} is refused"
        ),
        writing(world.engine) as connection,
    ):
        connection.exec_driver_sql(verb.format(table))


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_replaced_or_truncated(world, table):
    fill(world)
    statement = f"TRUNCATE {table} CASCADE"
    if world.engine.dialect.name == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        writing(world.engine) as connection,
    ):
        connection.exec_driver_sql(statement)


def fill(world):
    """Put a row into every table."""
    world.join("a")
    world.bring("a", 1)
    world.trust()
    assert world.show("a", world.token("a", 1), at=1) == ()
    with writing(world.engine) as connection:
        connection.exec_driver_sql("INSERT INTO ledger VALUES ('r', 1, '{}', 'x', 0)")
        connection.exec_driver_sql(
            "INSERT INTO revocations (kind, target, moment, reason, recorded)"
            " VALUES ('issuer-key', 'x', 0, 'y', 0)"
        )
        row = (1, 0.5, 1.0, 0.0, 1, "why", 0, 0)
        queries.insert_reputation(connection, "r", 1, [row])


def test_what_fails_is_undone_as_a_whole(world):
    def fail():
        with writing(world.engine) as connection:
            connection.exec_driver_sql("INSERT INTO ledger VALUES ('r', 1, '{}', 'x', 0)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading(world.engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ledger").scalar() == 0


def test_a_reader_sees_one_state_while_another_writes(world, worlds):
    world.join("a")
    with reading(world.engine) as connection:
        count = sa.text("SELECT count(*) FROM contributors")
        assert connection.execute(count).scalar() == 1
        world.join("b")
        assert connection.execute(count).scalar() == 1


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("postgresql://u:secret@h/d", "PGPASSWORD"),
        ("postgresql://u@h/d?password=secret", "PGPASSWORD"),
        ("mysql://h/d", "no database is known by mysql"),
        ("postgres://h/d", "no database is known by postgres:"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://h:port/d", "cannot be read"),
        ("postgresql://u@127.0.0.1:1/d", "cannot be used: .*see that the server runs"),
        ("/nowhere/at/all.db", "is no folder"),
        ("/", "name a file"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_advice(where, message):
    with pytest.raises(DatabaseError, match=message) as raised:
        open_database(where)
    assert "secret" not in str(raised.value)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no database, but long enough to be taken for one " * 50)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="no SQLite file"):
        open_database(path)
    assert path.read_bytes() == before


def test_somebody_elses_database_is_refused(where, engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE anml_version")
    with pytest.raises(DatabaseError, match=r"no database of ours: it holds .*attestations"):
        open_database(where)


def test_a_database_of_a_newer_version_is_refused(where, engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE anml_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="version 9999, which is newer"):
        open_database(where)


def test_sqlite_is_durable(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
    engine.dispose()
    assert found == ["wal", 2, 1]
    assert sqlite3.connect(tmp_path / "a.db").execute("PRAGMA journal_mode").fetchone() == (
        "wal",
    )


OPEN = """
import sys, time
from anml_fl.database.engine import open_database
from anml_fl.registry.domain import Contributor
from anml_fl.registry.sql import SqlRegistry
where, start, number = sys.argv[1], float(sys.argv[2]), sys.argv[3]
time.sleep(max(0, start - time.time()))
registry = SqlRegistry(open_database(where))
from datetime import datetime, UTC
day = datetime(2026, 1, 1, tzinfo=UTC)
for i in range(20):
    name = f"{number}-{i}"
    registry.add_contributor(Contributor(name, name, "news", name.encode(), day), day)
"""


def test_processes_open_a_fresh_database_and_write_at_once(where, worlds):
    start = str(time.time() + 4)
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, where, start, str(i)]) for i in range(4)
    ]
    assert [one.wait(600) for one in started] == [0] * 4
    engine = open_database(where)
    assert len(worlds(engine).registry.contributors(worlds.day(1))) == 80
    engine.dispose()


OBSERVE = """
import sys
from anml_fl.database.engine import open_database
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.registry.sql import SqlRegistry
registry = SqlRegistry(open_database(sys.argv[1]))
names = [f"n{i}" for i in range(300)]
people = tuple(ContributorRecord(n, 1.0, .8, .4, 1.0, .3, .1, True) for n in names)
for number in range(1, 100_000):
    registry.observe("run", RoundRecord(number, "anml", None, .1, .2, people, at=57.0))
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_killed_process_leaves_rounds_whole_or_not_at_all(where, world):
    for i in range(300):
        world.join(f"n{i}")
    for seconds in (0.0, 0.013, 0.031):
        child = subprocess.Popen(
            [sys.executable, "-c", OBSERVE, where], stdout=subprocess.PIPE
        )
        said = [int(child.stdout.readline()) for _ in range(3)]
        time.sleep(seconds)
        os.kill(child.pid, signal.SIGKILL)
        said += [int(line) for line in child.stdout.read().split()]
        child.stdout.close()
        child.wait(600)
        with reading(world.engine) as connection:
            rounds = connection.exec_driver_sql(
                "SELECT round, count(*) FROM reputation GROUP BY round ORDER BY round"
            ).all()
        # What was said to be written is, and whatever is there is whole.
        assert [number for number, _ in rounds] == list(range(1, len(rounds) + 1))
        assert len(rounds) >= max(said)
        assert {count for _, count in rounds} == {300}


def test_the_ledger_has_no_hidden_number_by_which_a_row_could_be_replaced(tmp_path):
    open_database(tmp_path / "anml.db").dispose()
    with sqlite3.connect(tmp_path / "anml.db") as database:
        database.execute("INSERT INTO ledger VALUES ('run', 0, 'line', 'hash', 0)")
        evil = "INSERT OR REPLACE INTO ledger (rowid, run, number, line, hash, recorded)"
        with pytest.raises(sqlite3.OperationalError, match="no column named rowid"):
            database.execute(f"{evil} VALUES (1, 'evil', 0, 'x', 'x', 0)")
        assert database.execute("SELECT line FROM ledger").fetchall() == [("line",)]
