"""Settling a run: each round into the ledger once, signed with the server's key."""

from __future__ import annotations

import hashlib
import json
import os
from logging import WARNING
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flwr.common.logger import log

from anml_fl.config import ConfigError
from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import model_hash
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.sql import SqlLedger
from anml_fl.registry.keys import make_key, private_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from anml_fl.config import RunConfig
    from anml_fl.ledger.book import Ledger
    from anml_fl.method.records import RoundRecord

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
    named = os.environ.get(KEY_FILE)
    try:
        path = Path(named) if named else Path.home() / ".anml" / "ledger.key"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            try:
                key = make_key(path)
            except FileExistsError:  # another process was quicker
                pass
            else:
                log(
                    WARNING,
                    "made the key that signs ledgers: %s; give its public key, %s.pub, to"
                    " whoever should verify them",
                    path,
                    path,
                )
                return key
        return private_key(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"the ledger's key cannot be had: {error}. {KEY_FILE} may name another file"
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
        *_, last = (out / LEDGER).read_text().splitlines()
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
        file = FileLedger(out / LEDGER, key)
        self._books: list[Ledger] = [file]
        if engine is not None:
            database = SqlLedger(engine, run, key)
            _check_order(database, file)
            # The database first: what is there is settled, and a file can be written again.
            self._books = [database, file]
        for book in self._books:
            book.open(run, config.settling, config.settlement.pool)
        public = key.public_key()
        partial = out / f"{PUBLIC_KEY}.partial"
        partial.write_bytes(
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        partial.replace(out / PUBLIC_KEY)
        entries = (json.loads(line) for line in self._books[0].lines())
        self.instants: dict[int, float] = {
            entry["round"]: entry["at"] for entry in entries if entry["kind"] == "round"
        }
        """When each settled round asked the registry: asked again, it says the same."""

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
        for book in self._books:
            book.append(record, model)

    def close(self) -> None:
        """End the ledger with the totals."""
        for book in self._books:
            book.close()


def _check_order(database: Ledger, file: Ledger) -> None:
    """Refuse to settle in a database that lacks what the run's folder has."""
    kept = list(database.lines())
    for number, line in enumerate(file.lines()):
        if number >= len(kept) or kept[number] != line:
            raise LedgerError(
                f"entry {number} of the folder's {LEDGER} is not in the registry's database:"
                " it is another database, or an older copy. Give another --out and --name"
            )
