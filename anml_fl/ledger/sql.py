"""A ledger in a database, SQLite or PostgreSQL: a row for each entry, never changed.

The table is made by the migrations in `anml_fl.database`; a test compares.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import sqlalchemy as sa

from anml_fl.database.engine import writing
from anml_fl.ledger.book import Book, LedgerError
from anml_fl.registry.clock import microseconds, now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ROWS_AT_ONCE = 1000
_ENTRIES = sa.table(
    "ledger",
    sa.column("run", sa.Text),
    sa.column("number", sa.Integer),
    sa.column("line", sa.Text),
    sa.column("hash", sa.Text),
    sa.column("recorded", sa.BigInteger),
)


class SqlLedger(Book):
    """Keep a ledger in a database; see `Ledger`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `anml_fl.database.engine.open_database`.
    run : str
        Under which name its rows stand: one for each run and strategy.
    key : Ed25519PrivateKey
        Signs every entry.

    Raises
    ------
    LedgerError
        If the rows are anything but entries that this key signed, in order.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from anml_fl.database.engine import open_database
    >>> with TemporaryDirectory() as folder:
    ...     engine = open_database(Path(folder, "anml.db"))
    ...     ledger = SqlLedger(engine, "default/anml", Ed25519PrivateKey.generate())
    ...     ledger.open("default", "anml", 1000)[:12], ledger.close()[:13]
    ...     engine.dispose()
    ('{"kind":"ope', '{"kind":"clos')
    """

    def __init__(self, engine: sa.Engine, run: str, key: Ed25519PrivateKey) -> None:
        super().__init__(key)
        self._engine, self._run = engine, run
        self._load()

    def lines(self) -> Iterator[bytes]:
        """Read all entries in their order, each with its newline."""
        query = (
            sa.select(_ENTRIES.c.line)
            .where(_ENTRIES.c.run == self._run)
            .order_by(_ENTRIES.c.number)
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        # A reader may stop at any line: PostgreSQL's cursor is closed then, too.
        with self._engine.begin() as connection, connection.execute(query) as rows:
            for (line,) in rows:
                yield line.encode() + b"\n"

    def _read(self, number: int) -> bytes:
        query = sa.select(_ENTRIES.c.line).where(
            _ENTRIES.c.run == self._run, _ENTRIES.c.number == number
        )
        with self._engine.begin() as connection:
            return str(connection.execute(query).scalar_one()).encode()

    def _write(self, number: int, line: bytes) -> None:
        row = {
            "run": self._run,
            "number": number,
            "line": line.decode(),
            "hash": sha256(line).hexdigest(),
            "recorded": microseconds(now()),
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(_ENTRIES.insert(), row)
        except sa.exc.IntegrityError as error:
            raise LedgerError(
                f"entry {number} of {self._run!r} was written by another process meanwhile"
            ) from error
