"""Settling a run: each round into the ledger once, signed with the server's key."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property, partial
from logging import WARNING
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flwr.common.logger import log

from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.entry import Results
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.hashes import file_hash, model_hash, sha256_of, summary_hash
from anml_fl.ledger.holding import held_words
from anml_fl.method.attribution import LARGEST_POOL
from anml_fl.run.best_round import Stopping
from anml_fl.run.bound_files import bound_files, files_if_there
from anml_fl.run.difference import DifferenceError
from anml_fl.run.files import DECISIONS, LEDGER, MODEL, PUBLIC_KEY
from anml_fl.run.holding_file import load_holding
from anml_fl.run.round_audit import check_model, check_rounds, kept_round, rounds_of
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import write_whole
from server.orchestration.database_retry import retried
from server.orchestration.holding import RoundCheck
from server.orchestration.ledger_key import signing_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from anml_fl.ledger.book import Ledger
    from anml_fl.ledger.entry import Fields
    from anml_fl.method.records import RoundRecord
    from anml_fl.run.checkpoint import Checkpoint
    from anml_fl.settings.run import RunConfig


def run_id(config: RunConfig) -> str:
    """Name a run for registry and ledger: the same settings, the same run.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> run_id(RunConfig())[:8], run_id(RunConfig()) == run_id(RunConfig(seed=1))
    ('default-', False)
    """
    digest = hashlib.sha256(config.to_toml().encode()).hexdigest()
    return f"{config.name}-{digest[:16]}"


def settled(out: Path) -> int:
    """Count the rounds that a run's ledger has.

    Parameters
    ----------
    out : Path
        The run's folder.

    Returns
    -------
    int
        0 without a ledger, or with one that cannot be read.
    """
    try:
        # Not splitlines(): it would also cut at U+2028, which a name may hold.
        *_, line, _ = (out / LEDGER).read_bytes().split(b"\n")
        last = json.loads(line)
        return int(last["rounds"] if last["kind"] == "close" else last.get("round", 0))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def check_pool(config: RunConfig) -> None:
    """Refuse a pool that a ledger could not add up over all rounds.

    Raises
    ------
    ConfigError
    """
    paid = config.settlement.pool * config.training.rounds
    if paid > LARGEST_POOL:
        raise ConfigError(
            f"settlement.pool: over {config.training.rounds} rounds at most {LARGEST_POOL}"
            f" micro-units can be paid, got {paid}"
        )


def check_ledger(out: Path, stopping: Stopping, *, ended: bool) -> None:
    """Refuse a ledger that cannot be gone on with, before anything of its run is touched.

    Parameters
    ----------
    out : Path
        The run's folder, with or without a ledger.
    stopping : Stopping
        When training ends, and which model is kept.
    ended : bool
        Whether the strategy that pays came to its end: what it left must be what was settled.
        Before, its files are looked at once they are where its checkpoint was.

    Raises
    ------
    ConfigError
        If the server's key cannot be had.
    LedgerError
        If the ledger does not verify, is another key's, or settled something else.
    """
    if (out / LEDGER).exists():
        entries = _entries(FileLedger(out / LEDGER, signing_key()))
        if ended and entries:
            _check_settled(out, entries, stopping)


def closed_instants(config: RunConfig, engine: Engine, strategy: str) -> list[float]:
    """Find when a strategy that pays nobody asked the registry, if its run came to its end.

    Parameters
    ----------
    config : RunConfig
    engine : sqlalchemy.Engine
        Of the database with the run's ledger.
    strategy : str

    Returns
    -------
    list of float
        By round; empty if the run has not ended.
    """
    from anml_fl.ledger.sql import SqlLedger  # noqa: PLC0415 - takes its time

    lines = retried(lambda: list(SqlLedger(engine, run_id(config), signing_key()).lines()))
    closed = json.loads(lines[-1]) if lines else {}
    found: list[float] = closed.get("instants", {}).get(strategy, [])
    return found


def set_aside(out: Path) -> None:
    """Keep the ledger of a finished run that is made anew: as `ledger.previous.jsonl`.

    Parameters
    ----------
    out : Path
        The run's folder.
    """
    for name in (LEDGER, PUBLIC_KEY, DECISIONS):
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
        self._out, self._settling = out, config.settling
        settings = config.model_dump(by_alias=True)
        self._bound = bound_files(config.strategies, settings)
        self._if_there = files_if_there(config.strategies, settings)
        self._stopping = Stopping.of(config)
        holding = load_holding(out)
        self._check = None if holding is None else RoundCheck(out, config, holding)
        file = self._file = FileLedger(out / LEDGER, key)
        self._open: Callable[[], Ledger] | None = None
        self._database: Ledger | None = None
        if engine is not None:
            from anml_fl.ledger.sql import SqlLedger  # noqa: PLC0415 - takes its time

            self._open = partial(SqlLedger, engine, run, key)
            self._database = retried(self._open)
            _check_order(self._database, file)
        signed, pool = sha256_of(config.to_toml().encode()), config.settlement.pool
        people = config.federation.contributors
        self._everywhere(
            lambda book: book.open(run, config.settling, pool, signed, people, holding)
        )
        public = key.public_key()
        write_whole(
            out / PUBLIC_KEY,
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        )

    @cached_property
    def instants(self) -> dict[int, float]:
        """When each settled round asked the registry: asked again, it says the same."""
        return retried(self._instants)

    @property
    def head(self) -> str:
        """SHA-256 of the last entry in the run's folder."""
        return self._file.head

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuse to go on from a checkpoint or rounds that do not belong to this ledger.

        Raises
        ------
        LedgerError
            Saying which round each of them has, or what was altered.
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
        _check_settled(self._out, _entries(self._file), self._stopping)

    def settle(
        self,
        record: RoundRecord,
        arrays: Mapping[str, NDArray[Any]],
        updates: str | None,
        line: str | None = None,
    ) -> None:
        """Settle a round, unless it is settled already, and in the same words.

        Where payouts are checked first, a round that would pay for harm is held: its entry
        says why, and pays nobody.

        Parameters
        ----------
        record : RoundRecord
        arrays : mapping
            The new model's arrays by name.
        updates : str, optional
            Hash of the file of the round's updates, from `save_updates`; None without one.
        line : str, optional
            What `record.to_json()` gives, where it was written already.

        Raises
        ------
        LedgerError
            If the round was settled otherwise.
        """
        model = model_hash(arrays)
        # Before anything of it is signed: killed in between, it is valued again, to the same.
        held = None if self._check is None else self._check.held(record)
        if held is not None:
            log(WARNING, "round %d is held, and not paid: %s", record.round, held_words(held))
        self._everywhere(lambda book: book.append(record, model, updates, line, held))

    def close(
        self, summary: Mapping[str, Any], records: Mapping[str, Sequence[RoundRecord]]
    ) -> None:
        """End the ledger with the totals, and with what the run came to.

        Parameters
        ----------
        summary : mapping
            Of the run.
        records : mapping
            Each other strategy to its rounds; these and its model are in the folder.

        Raises
        ------
        LedgerError
            If it was closed with other results.
        """
        there = [name for name in self._if_there if (self._out / name).exists()]
        results = Results(
            {name: file_hash(self._out / name) for name in (*self._bound, *there)},
            summary_hash(summary),
            {
                strategy: [one.at for one in of]
                for strategy, of in records.items()
                if strategy != self._settling and any(one.at for one in of)
            },
        )
        self._everywhere(lambda book: book.close(results))

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

            retried(in_database)
        keep(self._file)

    def _instants(self) -> dict[int, float]:
        book = self._file if self._open is None else self._open()
        entries = (json.loads(line) for line in book.lines())
        return {entry["round"]: entry["at"] for entry in entries if entry["kind"] == "round"}


def _entries(ledger: FileLedger) -> list[Fields]:
    return [json.loads(line) for line in ledger.lines()]


def _check_settled(out: Path, entries: list[Fields], stopping: Stopping) -> None:
    """Refuse rounds, updates or a model that are not those that were settled."""
    if entries[-1]["kind"] == "close":
        entries = entries[:-1]
    strategy = entries[0]["strategy"]
    try:
        check_rounds(out, rounds_of(out, strategy, unfinished=True), entries, unfinished=True)
        if (out / strategy / MODEL).exists():
            check_model(out, entries, kept_round(out, entries, stopping))
    except DifferenceError as error:
        raise LedgerError(
            f"{out} is not what was settled: {error}. Bring {out / strategy} back from a copy;"
            " or remove it, and the strategy begins at round 1"
        ) from error


def _check_order(database: Ledger, file: Ledger) -> None:
    """Refuse to settle in a database that lacks what the run's folder has."""
    kept = list(database.lines())
    for number, line in enumerate(file.lines()):
        if number >= len(kept) or kept[number] != line:
            raise LedgerError(
                f"entry {number} of the folder's {LEDGER} is not in the registry's database:"
                " it is another database, or an older copy. Give another --out and --name"
            )
