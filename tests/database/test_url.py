"""What of a database's URL may be shown and stored: libpq and SQLAlchemy say what it means."""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from anml_fl.database.engine import open_database
from anml_fl.database.url import DatabaseError, located
from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.registry import RegistrySettings
from anml_fl.settings.run import RunConfig
from server.doctor.database import check_database

SECRET = "".join(("hun", "ter", "2"))  # not in this file, which tracebacks show
PLACES = [
    "postgresql://u:{}@h/d",
    "postgresql://:{}@h/d",
    "postgresql+psycopg://u:{}@h:5432/d?sslmode=require",
    "postgresql://u@h/d?password={}",
    "postgresql://u@h/d?PASSWORD={}",
    "postgresql://u@h/d?p%61ssword={}",
    "postgresql://u@h/d?sslpassword={}",
    "postgresql://u@h/d?sslmode=require&sslPassword={}",
    "postgresql://u@h/d?application_name=a&application_name={}",
    "postgresql://u@h/d?options=-c%20x.y%3D{}",
    "postgresql://u@h/d?scram_client_key={}",
    "postgresql://u@h/d?oauth_client_secret={}",
    "postgresql://u@h/d?unheard_of={}",
    "postgresql://u@h/d?sslmode=x{}",
    "postgresql://u@h/d?host=u:{}@h",
    "postgresql://u@h/d?connect_timeout=x{}",
    "postgresql://u@h/d?{}",
    "postgresql://u@h/?dbname=host%3Dh%20password%3D{}",
    "postgresql://u@h/password%3D{}",
    "postgresql://u%3A{}@h/d",
    "postgresql://u@h/d#password={}",
    "postgresql://u@h:port/d?password={}",
    "postgresql://u:{}@[::1/d",
    "postgresql://u@h:1,h:2/d?password={}",
    "postgresql://u@h/d?a=b\n&password={}",
    "postgresql://u@h/d\npassword={}",
    "postgresql:/u:{}@h/d",
    "postgresql:u:{}@h/d",
    " postgresql://u:{}@h/d",
    "'postgresql://u:{}@h/d'",
    "DATABASE_URL=postgresql://u:{}@h/d",
    "jdbc:postgresql://h/d?user=u&password={}",
    "postgres://u:{}@h/d",
    "POSTGRESQL://u:{}@h/d",
    "mysql://u:{}@h/d",
    "mysql+pymysql://u:{}@h/d",
    "{}://u@h/d",
    "sqlite:///x.db?password={}",
    "sqlite:///x.db%3Fpassword={}",
    "sqlite:///file:x.db?key={}",
    "sqlite://u:{}@h/x.db",
    "sqlite+pysqlcipher://:{}@/x.db",
    "file:x.db?password={}",
    "x.db?password={}",
    "./x.db?key={}",
    "data/a://u:{}@h",
    "u:{}@h/d",
    "//u:{}@h/d",
    "host=h password={}",
    "password={} host=h",
    " host = h password = '{}'",
    "user=u;password={}",
    "sqlite:////data/x.db;password={}",
    "/data/x.db password={}",
    "./host=x password={}",
    "/var/run/postgresql dbname=anml password={}",
    "//host/anml;password={}",
    "host/anml;user=anml;password={}",
    "/data/x.db;PWD={}",
    "/data/x.db&key={}",
    "postgresql://u@h/d?passfile=/a;password={}",
    "postgresql://u@h/d?sslrootcert=/ca.crt;password={}",
    "postgresql://u@h/d?sslkey=/x%26password%3D{}",
    "postgresql://u@h/d?sslcert=/x+password%3D{}",
]


def said(error: BaseException) -> str:
    """All that an error could say to anybody, and those that it comes from."""
    text, one = "", error
    while one is not None:
        text += f"{one}\n{one!r}\n{one.args!r}\n"
        one = one.__cause__ or one.__context__
    return text + "".join(traceback.format_exception(error))


# Of characters that mean something in URLs, and none of which our own words are made.
secrets = st.text("QXZ0189@/:?#&=%[]'\"\\ ;,$é\x07\u2028\n", min_size=5)


@pytest.mark.parametrize("form", PLACES)
@given(secret=secrets)
def test_a_secret_is_refused_wherever_it_stands_and_never_repeated(form, secret):
    where = form.format(secret)
    with pytest.raises(DatabaseError) as raised:
        located(where)
    assert secret not in said(raised.value)


WAYS = {
    "a preset": lambda where: from_toml("[registry]\ndatabase = " + _quoted(where)),
    "flat": lambda where: from_flat({"database": where}),
    "over a preset": lambda where: from_toml("[registry]\n", {"database": where}),
    "a section": lambda where: RegistrySettings(database=where),
    "all settings": lambda where: RunConfig(registry={"database": where}),
    "a list": lambda where: from_toml("", {"database": [where]}),
    "a wrong place": lambda where: from_toml("dataset = " + _quoted(where)),
    "a wrong section": lambda where: from_toml("registry = " + _quoted(where)),
    "a wrong place, flat": lambda where: from_flat({"rounds": where}),
    "a wrong section, flat": lambda where: from_toml(
        "registry = " + _quoted(where), {"reputation": True}
    ),
    "no check": lambda where: _copied(where).to_toml(),
    "no check, flat": lambda where: _copied(where).to_flat(),
    "opening": open_database,
    "opening a path": lambda where: open_database(Path(where)),
}


def _quoted(text):
    return '"' + "".join(f"\\U{ord(one):08x}" for one in text) + '"'


def _copied(where):
    config = RunConfig()
    registry = config.registry.model_copy(update={"database": where})
    return config.model_copy(update={"registry": registry})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("form", [one for one in PLACES if one.startswith(("post", "host"))])
def test_every_way_in_refuses_it_and_says_nothing(way, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r".") as raised:
        way(form.format(SECRET))
    assert SECRET not in said(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", PLACES)
def test_the_doctor_says_what_to_do_and_nothing_else(form):
    (found,) = check_database(form.format(SECRET))
    assert found.status == "problem"
    assert found.remedy
    assert SECRET not in f"{found}"


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://anml@db.example.org/anml",
        "postgresql+psycopg://anml@db.example.org:5433/anml",
        "postgresql:///anml",
        "postgresql://",
        "postgresql://[2001:db8::1]:5432/anml",
        "postgresql://first.last%40example.org@h/my-db_2",
        "postgresql://h1,h2/d?target_session_attrs=read-write",
        "postgresql://u@/d?host=h1:5432,h2:5433",
        "postgresql://u@/d?host=h1&host=h2&load_balance_hosts=random",
        "postgresql://u@/d?host=/var/run/postgresql&port=5433",
        "postgresql://u@/d?host=%2Fvar%2Frun%2Fpostgresql",
        "postgresql://h/d?sslmode=verify-full&sslrootcert=/etc/anml/db-ca.crt",
        "postgresql://h/d?sslcert=/a/b.crt&sslkey=/a/b.key&passfile=/a/.pgpass",
        "postgresql:///?service=anml",
        "postgresql://h/d?connect_timeout=3&keepalives=1&keepalives_idle=30&application_name=x",
        "postgresql://h/d?channel_binding=require&require_auth=scram-sha-256,!none",
        "postgresql://h/d?gssencmode=disable&ssl_min_protocol_version=TLSv1.3&user=u",
    ],
)
def test_what_holds_no_secret_is_taken_as_sqlalchemy_reads_it(where):
    found = located(where)
    assert found.file is None
    assert sa.make_url(found.shown) == sa.make_url(where).set(drivername="postgresql")


@pytest.mark.parametrize(
    ("where", "file"),
    [
        ("registry.db", "registry.db"),
        ("/a/b c/Zürich=1/x:y.db", "/a/b c/Zürich=1/x:y.db"),
        ("./a=b.db", "a=b.db"),
        ("sqlite:///registry.db", "registry.db"),
        ("sqlite+pysqlite:////var/registry.db", "/var/registry.db"),
        ("sqlite:///my%20run.db", "my run.db"),
        ("sqlite:///a#b.db", "a#b.db"),
    ],
)
def test_a_plain_path_is_taken(where, file):
    assert located(where).file == Path(file)
    if "://" in where:
        assert Path(sa.make_url(where).database) == Path(file)


NAMES = [option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()]
pieces = st.sampled_from([*NAMES, *"@:/?&=#,[]%. ", "=s3cr3t", "u", "5432", "require", "%3D"])


def taken(where):
    """Give what is taken; None if it is refused."""
    try:
        return located(where).shown
    except DatabaseError:
        return None


@given(rest=st.lists(pieces, max_size=12).map("".join))
def test_what_libpq_and_sqlalchemy_would_take_for_a_password_is_refused(rest):
    if (shown := taken(f"postgresql://{rest}")) is None:
        return
    url = sa.make_url(shown)
    read = [dict(url.query), {"password": url.password, "dbname": url.database}]
    with suppress(psycopg.ProgrammingError):  # libpq takes less for a URL
        read.append(conninfo_to_dict(shown))
    for one in read:
        for name in ("password", "sslpassword", "options", "scram_client_key"):
            assert not one.get(name)
        # libpq takes such a name for a whole connection string.
        assert "=" not in str(one.get("dbname"))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("postgresql://u:x@h/d", r"password \(USER:PASSWORD@\).*PGPASSWORD"),
        ("postgresql://u@h/d?password=x", r"password \(password\).*PGPASSWORD"),
        ("postgresql://u@h/d?SSLPASSWORD=x", r"password \(sslpassword\).*service file"),
        ("postgresql://u@h/d?options=x", "parameter options, which is not taken.*service"),
        (
            "postgresql://u@h/d?SSLMODE=require",
            "parameter sslmode, which is not taken.*sslmode",
        ),
        ("postgresql://u@h/d?port=1&x=y", r"unknown parameter \(number 2\)"),
        ("postgresql://u@h/d?sslmode=on", "sslmode in .* one of disable, allow, prefer, req"),
        ("postgresql://u@h/d?port=1&port=2", "has port twice"),
        ("postgresql://u@h/d?port", "port in the database's URL must be plain"),
        ("postgresql://u@h/a%2Fb", r"the database in .*\?service=NAME"),
        (
            "postgresql://h:port/d",
            "cannot be read: write a path, sqlite:///PATH or postgresql",
        ),
        ("postgres://h/d", "known by postgres://: write .*postgresql://USER@HOST"),
        ("oracle+x://h/d", "known by oracle://"),
        ("ftp://h/d", "known by URLs of this kind"),
        ("sqlite:///x.db?mode=ro", "leave out what begins with ?"),
        ("a=b.db", r"begins with \./"),
    ],
)
def test_the_message_says_what_was_wrong_and_what_would_be_right(where, message):
    with pytest.raises(DatabaseError, match=message):
        located(where)


def test_a_service_file_is_the_way_that_the_messages_name(
    postgresql_database, tmp_path, monkeypatch
):
    url = sa.make_url(postgresql_database)
    (tmp_path / "services").write_text(
        f"[anml]\nhost={url.query['host']}\nuser={url.username}\ndbname={url.database}\n"
        "options=-c application_name=by-service\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    engine = open_database("postgresql:///?service=anml&connect_timeout=5&sslmode=disable")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar_one() == "by-service"
    engine.dispose()


def test_an_error_of_the_database_shows_no_row(engine):
    with engine.begin() as connection, pytest.raises(sa.exc.DBAPIError) as raised:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:row)"), {"row": SECRET})
    assert "INSERT INTO nowhere" in str(raised.value)
    assert SECRET not in str(raised.value)
