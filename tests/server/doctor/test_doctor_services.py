"""`anml doctor`: SuperLink, the clock and the database; each fault really made."""

from __future__ import annotations

import ssl
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa

from anml_fl.database.engine import open_database, writing
from anml_fl.database.migrations.env import VERSION_TABLE
from server.deployment.authority import issue, make_authority
from server.doctor.clock import check_steadiness, check_superlink, compare
from server.doctor.database import check_database


def told(found):
    """Tell what is wrong in findings, each of which must say what to do."""
    wrong = [one for one in found if one.status != "ok"]
    assert all(one.remedy for one in wrong)
    return [(one.check, one.status, one.what) for one in wrong]


@pytest.fixture
def authority(tmp_path):
    """Make an authority, and a certificate for loopback."""
    key, certificate = tmp_path / "ca.key", tmp_path / "ca.crt"
    make_authority(key, certificate)
    issue((key, certificate), tmp_path / "server.key", tmp_path / "server.crt")
    return certificate


@pytest.fixture
def serve(authority):
    """Start a server that answers as SuperLink does, by a clock of its own."""
    servers = []

    def start(ahead=0.0, status=200, tls=True):
        class Health(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()

            def date_time_string(self, timestamp=None):
                return formatdate(time.time() + ahead, usegmt=True)

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Health)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            folder = authority.parent
            context.load_cert_chain(folder / "server.crt", folder / "server.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_superlink_that_is_well_and_on_time(authority, serve):
    found = check_superlink(serve(), authority)
    assert [(one.check, one.status) for one in found] == [("superlink", "ok"), ("clock", "ok")]


@pytest.mark.parametrize(("ahead", "words"), [(20.0, "behind"), (-20.0, "ahead of")])
def test_a_clock_that_is_off_by_more_than_five_seconds_is_a_problem(
    authority, serve, ahead, words
):
    ((check, status, what),) = told(check_superlink(serve(ahead), authority))
    assert (check, status) == ("clock", "problem")
    assert words in what

    assert told(check_superlink(serve(ahead / 10), authority)) == []


def test_a_superlink_that_another_authority_vouches_for_is_a_problem(
    authority, serve, tmp_path
):
    other = tmp_path / "other.crt"
    make_authority(tmp_path / "other.key", other)

    ((check, status, what),) = told(check_superlink(serve(), other))
    assert (check, status) == ("superlink", "problem")
    assert "does not vouch for" in what


def test_a_port_without_tls_one_where_nobody_listens_and_a_sick_one(authority, serve):
    ((_, status, what),) = told(check_superlink(serve(tls=False), authority))
    assert status == "problem"
    assert "speaks no TLS" in what

    ((_, status, what),) = told(check_superlink("127.0.0.1:1", authority))
    assert status == "problem"
    assert "does not answer" in what

    ((_, status, what),) = told(check_superlink(serve(status=503), authority))
    assert status == "problem"
    assert "503" in what


@pytest.mark.parametrize(
    ("ahead", "grain", "status"),
    [(5.1, 0.0, "problem"), (-5.1, 0.0, "problem"), (4.9, 0.0, "ok"), (-5.4, 0.5, "ok")],
)
def test_five_seconds_are_the_most_and_what_is_unknown_is_no_fault(ahead, grain, status):
    assert compare("another", ahead, grain).status == status


def test_a_busy_machine_is_no_clock_that_jumps():
    # Three seconds between one look and the next, on both clocks.
    wall, monotonic = iter([0.0, 3.01]), iter([0.0, 3.0, 3.01, 3.01])
    found = check_steadiness(lambda: next(wall), lambda: next(monotonic), seconds=0.01)
    assert found.status == "ok"


def test_a_clock_that_jumps_is_a_warning():
    # The wall clock as it is set while one looks.
    turns = iter([time.time(), time.time() + 30.0])
    found = check_steadiness(wall=lambda: next(turns), seconds=0.01)
    assert (found.check, found.status) == ("clock", "warning")
    assert "+30.0 s" in found.what


def test_a_database_as_a_run_leaves_it_is_good_and_is_left_as_it_is(where):
    open_database(where).dispose()

    found = check_database(where)
    assert told(found) == []
    assert any("has version" in one.what for one in found)


def test_an_empty_database_is_good_and_stays_empty(postgresql_database):
    assert told(check_database(postgresql_database)) == []
    assert told(check_database(postgresql_database)) == []  # no table was made meanwhile


@pytest.mark.parametrize(("version", "status"), [("9999", "problem"), (None, "problem")])
def test_another_version_and_somebody_elses_database_are_problems(where, version, status):
    engine = open_database(where)
    with engine.begin() as connection:
        if version:
            column = sa.column("version_num")
            table = sa.table(VERSION_TABLE, column)
            connection.execute(table.update().values({column: version}))
        else:
            connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    engine.dispose()

    ((check, found, what),) = told(check_database(where))
    assert (check, found) == ("database", status)
    assert ("version 9999" if version else "no database of ours") in what


def test_a_database_that_is_not_there_yet_is_a_warning_and_is_not_made(tmp_path):
    path = tmp_path / "anml.db"
    ((_, status, what),) = told(check_database(str(path)))
    assert status == "warning"
    assert f"there is no {path} yet" in what
    assert not path.exists()


def test_a_file_that_is_no_database_is_a_problem(tmp_path):
    path = tmp_path / "anml.db"
    path.write_bytes(b"this is no database, and long enough to see that it is none" * 20)
    ((_, status, what),) = told(check_database(str(path)))
    assert status == "problem"
    assert "not a database" in what


def test_a_file_that_contradicts_itself_is_a_problem(tmp_path):
    path = tmp_path / "anml.db"
    engine = open_database(path)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE more (size INTEGER CHECK (size > 0))")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("INSERT INTO more VALUES (-1)")
    engine.dispose()

    ((_, status, what),) = told(check_database(str(path)))
    assert status == "problem"
    assert "damaged: CHECK constraint failed" in what


def test_a_file_that_somebody_else_holds_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("server.doctor.database._WAIT", 0.1)
    path = tmp_path / "anml.db"
    engine = open_database(path)
    with writing(engine):
        ((_, status, what),) = told(check_database(str(path)))
    engine.dispose()
    assert status == "problem"
    assert "locked" in what


def test_a_server_that_is_gone_is_a_problem(tmp_path):
    where = f"postgresql://anml@/anml?host={tmp_path}"
    ((check, status, what),) = told(check_database(where))
    assert (check, status) == ("database", "problem")
    assert "connection" in what


def test_a_database_that_may_only_be_read_is_a_problem(postgresql_database):
    open_database(postgresql_database).dispose()
    url = postgresql_database.replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = engine.url.database
    with engine.connect() as connection:
        setting = "default_transaction_read_only = on"
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET {setting}")
    engine.dispose()

    ((_, status, what),) = told(check_database(postgresql_database))
    assert status == "problem"
    assert "read only" in what


def test_a_user_who_may_make_no_tables_is_a_problem(postgresql_database):
    url = postgresql_database.replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    guest = f"guest_{engine.url.database}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {guest} LOGIN")
    try:
        where = postgresql_database.replace("anml@", f"{guest}@")
        ((_, status, what),) = told(check_database(where))
        assert status == "problem"
        assert "may make no tables" in what
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP ROLE {guest}")
        engine.dispose()


def test_a_password_in_the_url_is_a_problem_and_is_not_repeated():
    found = check_database("postgresql://anml:secret@host/anml")
    assert [one.status for one in found] == ["problem"]
    assert "secret" not in str(found)
