"""Where a database is: what of it may be shown and stored is decided here, for all ways in.

What is given ends up in settings, results, pages and logs. So an allow-list says what it may
hold: a plain path, or user, host, port, database and those parameters of libpq that are no
secrets, each with values of its kind. What is not on it is refused, and never repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_plus

_WRITE = (
    "write a path, sqlite:///PATH or postgresql://USER@HOST/DATABASE; the password comes from"
    " PGPASSWORD, ~/.pgpass or a service file"
)
# Databases that people have, by the names of their URLs: only these are repeated.
_OTHERS = ("postgres", "mysql", "mariadb", "oracle", "mssql", "mongodb", "redis", "duckdb")
# user, host, port, database; what follows.
_SERVER = re.compile(
    r"(?:(?P<user>[^:/?#@]*)@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|[\w.,-]*)(?::[0-9]{1,5})?"
    r"(?:/(?P<database>[^/?#@]*))?"
    r"(?:\?(?P<query>[^#@]*))?"
)
_USER, _NAME, _NUMBER, _SWITCH = r"[\w.+@-]*", r"[\w.+$-]*", r"-?[0-9]{1,9}", "0|1"
_HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]|/[\w./+-]*)(?::[0-9]{1,5})?"
_METHOD = "!?(?:password|md5|gss|sspi|scram-sha-256|oauth|none)"
# Parameters of libpq that are no secrets, and what each may say; None: a path.
_PARAMETERS: dict[str, str | None] = {
    "user": _USER,
    "host": f"{_HOST}(?:,{_HOST})*",
    "hostaddr": "[0-9A-Fa-f.:,]*",
    "port": "[0-9]{1,5}(?:,[0-9]{1,5})*",
    "dbname": _NAME,
    "service": _NAME,
    "application_name": _NAME,
    "fallback_application_name": _NAME,
    "client_encoding": _NAME,
    "requirepeer": _NAME,
    "krbsrvname": _NAME,
    "gsslib": "gssapi",
    "connect_timeout": _NUMBER,
    "tcp_user_timeout": _NUMBER,
    "keepalives": _SWITCH,
    "keepalives_idle": _NUMBER,
    "keepalives_interval": _NUMBER,
    "keepalives_count": _NUMBER,
    "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
    "sslnegotiation": "postgres|direct",
    "sslcompression": _SWITCH,
    "sslsni": _SWITCH,
    "sslcertmode": "disable|allow|require",
    "ssl_min_protocol_version": r"TLSv1(?:\.[123])?",
    "ssl_max_protocol_version": r"TLSv1(?:\.[123])?",
    "sslcert": None,
    "sslkey": None,
    "sslrootcert": None,
    "sslcrl": None,
    "sslcrldir": None,
    "passfile": None,
    "gssencmode": "disable|prefer|require",
    "gssdelegation": _SWITCH,
    "channel_binding": "disable|prefer|require",
    "require_auth": f"{_METHOD}(?:,{_METHOD})*",
    "target_session_attrs": "any|read-write|read-only|primary|standby|prefer-standby",
    "load_balance_hosts": "disable|random",
}
# Those that hold a password, or are taken for one.
_PASSWORDS = ("password", "sslpassword", "passwd", "pass", "pwd", "pw")
# Others that are refused by name; an unknown name may be a piece of a password.
_REFUSED = (
    *("options", "replication", "requiressl", "servicefile", "sslkeylogfile", "authtype"),
    *("scram_client_key", "scram_server_key", "oauth_issuer", "oauth_scope"),
    *("oauth_client_id", "oauth_client_secret", "secret", "token", "key", "ssl", "sslrootkey"),
)


class DatabaseError(ValueError):
    """A database that cannot be used, and what would help."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is, with nothing in it that is secret.

    Parameters
    ----------
    shown : str
        As it may be shown and stored: a path, or a PostgreSQL URL.
    file : Path or None
        SQLite's.
    """

    shown: str
    file: Path | None = None


def located(where: str | Path) -> Place:
    """Check that what names a database may be shown and stored.

    Parameters
    ----------
    where : str or Path
        A path (SQLite), "sqlite:///PATH", or "postgresql://USER@HOST/DATABASE".

    Raises
    ------
    DatabaseError
        If it holds a password or what may be one, or cannot be read. What was given is not
        in the message: of a parameter it has the name, if libpq has one of this name.

    Examples
    --------
    >>> located("postgresql://anml@db.example.org/anml?sslmode=verify-full").file
    >>> located("sqlite:///registry.db")
    Place(shown='registry.db', file=PosixPath('registry.db'))
    >>> located("postgresql://anml@host/anml?sslpassword=secret")
    Traceback (most recent call last):
    anml_fl.database.url.DatabaseError: the database's URL holds a password (sslpassword), ...
    """
    if isinstance(where, Path):
        return _file(str(where))
    if not (scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", where)):
        return _file(where)
    name, rest = scheme[1], where[scheme.end() :]
    if name in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(rest)
    if name in ("postgresql", "postgresql+psycopg"):
        _check_server(rest)
        return Place(f"postgresql://{rest}")
    kind = name.partition("+")[0].lower()
    shown = f"{kind}://" if kind in _OTHERS else "URLs of this kind"
    raise DatabaseError(f"no database is known by {shown}: {_WRITE}")


def may_hold_secret(text: str) -> bool:
    """Say whether a text that stands where no database should looks like one's URL.

    Examples
    --------
    >>> may_hold_secret("dirichlet:0.3"), may_hold_secret("host=db password=secret")
    (False, True)
    """
    return bool(re.search(r"://|:.*@|pass|pwd|secret", text, re.DOTALL | re.IGNORECASE))


def _sqlite(rest: str) -> Place:
    path = unquote(rest.removeprefix("/"))
    if "?" in rest:
        raise DatabaseError(
            "the database's URL has parameters, and SQLite takes none here: leave out what"
            " begins with ?"
        )
    if path in ("", ":memory:") or not rest.startswith("/"):
        raise DatabaseError(
            "the database's URL names no file: write sqlite:///PATH (what should be forgotten"
            " belongs into InMemoryRegistry)"
        )
    return _file(path)


def _file(path: str) -> Place:
    if not _plain(path):
        raise DatabaseError(
            "what names the database is no plain path and no URL that can be read, and is not"
            f" shown, since it may hold a password: {_WRITE}. A path whose first name holds"
            " one of : = @ ? & begins with ./, and no path holds NAME=VALUE behind a blank, ;"
            " or &"
        )
    return Place(path, Path(path))


def _plain(path: str) -> bool:
    """Distinguish a path from what may be a URL, a connection string, or a piece of one."""
    first = (path.lstrip("/") if path.startswith("//") else path).partition("/")[0]
    return (
        path.isprintable()  # half of a character is not
        and not set(first) & set(":=@?&")
        and not re.search(r"://|:.*@|\?.*=|[;&\s]\s*\w+\s*=", path)
        and not re.search(r"(pass|pwd|secret|token)\w*\s*=", path, re.IGNORECASE)
    )


def _check_server(rest: str) -> None:
    """Check what follows postgresql://."""
    if re.match(r"[^:/?#]*:.*@", rest, re.DOTALL):
        raise DatabaseError(_held("USER:PASSWORD@"))
    found = _SERVER.fullmatch(rest)
    if not found or not rest.isprintable():
        raise DatabaseError(f"the database's URL cannot be read: {_WRITE}")
    for what, text, form in (
        ("user", found["user"], _USER),
        ("database", found["database"], _NAME),
    ):
        if text and not re.fullmatch(form, unquote(text)):
            raise DatabaseError(
                f"the {what} in the database's URL holds something else than letters, digits"
                " and . _ + -: name it in a service file, and write ?service=NAME"
            )
    seen = set()
    pairs = found["query"].split("&") if found["query"] else []
    for number, pair in enumerate(pairs, start=1):
        name, equals, value = pair.partition("=")
        name = unquote(name)
        _check_parameter(name, number, unquote_plus(value) if equals else None)
        if name in seen and name != "host":
            raise DatabaseError(f"the database's URL has {name} twice: give it once")
        seen.add(name)


def _check_parameter(name: str, number: int, value: str | None) -> None:
    """Check one parameter; its value is never repeated."""
    plain = name.strip().lower()
    if plain in _PASSWORDS:
        raise DatabaseError(_held(plain))
    if name not in _PARAMETERS:
        which = f"an unknown parameter (number {number})"
        if plain in _REFUSED or plain in _PARAMETERS:
            which = f"the parameter {plain}"
        raise DatabaseError(
            f"the database's URL has {which}, which is not taken, since settings and logs"
            " would show it: put it into a service file, and write ?service=NAME; taken are"
            f" {', '.join(_PARAMETERS)}"
        )
    form = _PARAMETERS[name]
    if value is not None and (
        _plain(value) and not set(value) & set(";&=")
        if form is None
        else re.fullmatch(form, value) is not None
    ):
        return
    must = "a plain path" if form is None else "plain"
    if form is not None and re.fullmatch("[a-z01|-]+", form):
        must = f"one of {form.replace('|', ', ')}"
    raise DatabaseError(
        f"{name} in the database's URL must be {must}; what it is is not shown, since it may"
        " be a password"
    )


def _held(how: str) -> str:
    return (
        f"the database's URL holds a password ({how}), which would end up in settings and"
        " logs: take it out, and set PGPASSWORD, or use ~/.pgpass or ?service=NAME of a"
        " service file"
    )
