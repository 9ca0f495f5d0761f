"""Settling a run: each round into the ledger once, signed with the server's key."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import partial
from logging import WARNING
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flwr.common.logger import log

from anml_fl.config import ConfigError
from anml_fl.files import cause, make_folder, read_text, write_whole
from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import model_hash
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.sql import SqlLedger
from anml_fl.registry.keys import make_key, private_key
from server.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from anml_fl.config import RunConfig
    from anml_fl.ledger.book import Ledger
    from anml_fl.method.records import RoundRecord
    from server.checkpoint import Checkpoint

LEDGER, PUBLIC_KEY = "ledger.jsonl", "ledger.pub"
KEY_FILE = "ANML_LEDGER_KEY"
"""Environment variable: the file of the server's private key."""


def run_id(config: RunConfig) -> str:
    """Name a run for registry and ledger: the same settings, the same run.

    Parameters
    ----------
    config : RunConfig

    Returns
    -------
    str

    Examples
    --------
    >>> from anml_fl.config import RunConfig
    >>> run_id(RunConfig())[:8], run_id(RunConfig()) == run_id(RunConfig(seed=1))
    ('default-', False)
    """
    digest = hashlib.sha256(config.to_toml().encode()).hexdigest()
    return f"{config.name}-{digest[:16]}"


def key_file() -> Path:
    """Say where the server's key is: what ANML_LEDGER_KEY names, or ~/.anml/ledger.key.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If the variable holds the key itself; or there is no home folder.
    """
    named = os.environ.get(KEY_FILE)
    if named and ("PRIVATE KEY" in named or not named.isprintable()):
        raise ConfigError(
            f"{KEY_FILE} must name a file, and holds what may be the key itself (not shown):"
            " write the key into a file that you alone may read, and name that"
        )
    try:
        return Path(named) if named else Path.home() / ".anml" / "ledger.key"
    except RuntimeError as error:
        raise ConfigError(
            f"this account has no home folder for the ledger's key: let {KEY_FILE} name a file"
        ) from error


def signing_key() -> Ed25519PrivateKey:
    """Read the server's key: from the file that ANML_LEDGER_KEY names, or ~/.anml/ledger.key.

    Returns
    -------
    Ed25519PrivateKey
        Made the first time.

    Raises
    ------
    ConfigError
        If it can be neither read nor made.
    """
    path = key_file()
    try:
        make_folder(path.parent, 0o700)
        if not path.exists():
            with suppress(FileExistsError):  # another process was quicker
                make_key(path)
                log(
                    WARNING,
                    "made the key that signs ledgers: %s; give its public key, %s.pub, to"
                    " whoever should verify them",
                    path,
                    path,
                )
        elif not path.with_name(path.name + ".pub").exists():
            with suppress(OSError):  # a folder that may only be read is good enough
                make_key(path)
        return private_key(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the ledger's key cannot be had: {cause(error)}. {KEY_FILE} may name another file"
        ) from error


def settled(out: Path) -> bool:
    """Tell whether a run's ledger is closed: nothing of it is left to settle.

    Parameters
    ----------
    out : Path
        The run's folder.

    Returns
    -------
    bool
    """
    try:
        *_, last = read_text(out / LEDGER).splitlines()
        return bool(json.loads(last)["kind"] == "close")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check_ledger(out: Path) -> None:
    """Refuse a ledger that cannot be gone on with, before anything of its run is touched.

    Parameters
    ----------
    out : Path
        The run's folder, with or without a ledger.

    Raises
    ------
    ConfigError
        If the server's key cannot be had.
    LedgerError
        If the ledger does not verify, or is another key's.
    """
    if (out / LEDGER).exists():
        FileLedger(out / LEDGER, signing_key())


def set_aside(out: Path) -> None:
    """Keep the ledger of a finished run that is made anew: as `ledger.previous.jsonl`.

    Parameters
    ----------
    out : Path
        The run's folder.
    """
    for name in (LEDGER, PUBLIC_KEY):
        path = out / name
        if path.exists():
            path.replace(path.with_stem(f"{path.stem}.previous"))


class Settlement:
    """The ledger of one run, in its folder, and in the registry's database if there is one.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    engine : sqlalchemy.Engine, optional
        Of the database.

    Raises
    ------
    ConfigError
        If the server's key cannot be had.
    LedgerError
        If a ledger that is there already is another one.
    """

    def __init__(self, out: Path, config: RunConfig, engine: Engine | None = None) -> None:
        key = signing_key()
        run = run_id(config)
        file = self._file = FileLedger(out / LEDGER, key)
        self._open = None if engine is None else partial(SqlLedger, engine, run, key)
        self._database: Ledger | None = None
        if self._open is not None:
            self._database = patiently(self._open)
            _check_order(self._database, file)
        self._everywhere(lambda book: book.open(run, config.settling, config.settlement.pool))
        public = key.public_key()
        write_whole(
            out / PUBLIC_KEY,
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        )
        self.instants: dict[int, float] = patiently(self._instants)
        """When each settled round asked the registry: asked again, it says the same."""

    @property
    def head(self) -> str:
        """SHA-256 of the last entry in the run's folder."""
        return self._file.head

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuse to go on from a checkpoint that does not belong to this ledger.

        Parameters
        ----------
        checkpoint : Checkpoint

        Raises
        ------
        LedgerError
            Saying which round each of them has.
        """
        number, rounds = checkpoint.record.round, self._file.rounds
        # The round may have been settled before the crash, or not; rounds after it must come
        # out as they were settled.
        settled = rounds >= number
        if not settled and (rounds < number - 1 or self._file.head != checkpoint.ledger):
            raise LedgerError(
                f"the checkpoint is of round {number}, but {LEDGER} ends with round {rounds}"
                f" and entry {self._file.head[:12]}: they are of two runs, or one is an older"
                " copy. Bring both back from one backup, or give another --out and --name"
            )

    def settle(self, record: RoundRecord, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Settle a round, unless it is settled already, and in the same words.

        Parameters
        ----------
        record : RoundRecord
        arrays : mapping
            The new model's arrays by name.

        Raises
        ------
        LedgerError
            If the round was settled otherwise.
        """
        model = model_hash(arrays)
        self._everywhere(lambda book: book.append(record, model))

    def close(self) -> None:
        """End the ledger with the totals."""
        self._everywhere(lambda book: book.close())

    def _everywhere(self, keep: Callable[[Ledger], str]) -> None:
        """Keep an entry in every book, if it is not there already."""
        # The database first: what is there is settled, and a file can be written again.
        if (again := self._open) is not None:

            def in_database() -> str:
                book, self._database = self._database or again(), None
                kept = keep(book)
                # Not after an error: a connection that broke may have written, or not.
                self._database = book
                return kept

            patiently(in_database)
        keep(self._file)

    def _instants(self) -> dict[int, float]:
        book = self._file if self._open is None else self._open()
        entries = (json.loads(line) for line in book.lines())
        return {entry["round"]: entry["at"] for entry in entries if entry["kind"] == "round"}


def _check_order(database: Ledger, file: Ledger) -> None:
    """Refuse to settle in a database that lacks what the run's folder has."""
    kept = list(database.lines())
    for number, line in enumerate(file.lines()):
        if number >= len(kept) or kept[number] != line:
            raise LedgerError(
                f"entry {number} of the folder's {LEDGER} is not in the registry's database:"
                " it is another database, or an older copy. Give another --out and --name"
            )
