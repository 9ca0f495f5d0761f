"""Keep a ledger: what may be appended, and the same again for any place to keep it in."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from anml_fl.ledger.chain import Chain
from anml_fl.ledger.entry import (
    Fields,
    binding_fields,
    close_fields,
    open_fields,
    round_parts,
    sign,
)
from anml_fl.ledger.grammar import read
from anml_fl.ledger.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from anml_fl.ledger.entry import Results
    from anml_fl.ledger.holding import Holding
    from anml_fl.method.records import RoundRecord


class LedgerError(ValueError):
    """An entry cannot be kept, or what is kept already is not in order."""


class Ledger(Protocol):
    """Anything that keeps who earned what, each round once."""

    def open(
        self,
        run: str,
        strategy: str,
        pool: int,
        settings: str | None = None,
        contributors: int = 0,
        holding: Holding | None = None,
    ) -> str:
        """Begin the ledger, or go on with the one that was begun with the same words.

        Parameters
        ----------
        pool : int
            Micro-units to share in each round, in [0, 2**53 - 1].
        settings : str, optional
            Hash of the run's settings. With it the ledger is bound to the run's files, and
            the hashes below are kept; a ledger that was begun without goes on without.
        contributors : int
            How many the federation has at most: by it the longest line is bounded.
        holding : Holding, optional
            When a round is held; None where every round is paid at once.

        Returns
        -------
        str
            The open entry, one line of JSON without its newline.

        Raises
        ------
        LedgerError
            If another ledger is there.
        """
        ...

    def append(
        self,
        record: RoundRecord,
        model: str,
        updates: str | None = None,
        line: str | None = None,
        held: Mapping[str, Any] | None = None,
    ) -> str:
        """Settle a round, once: what is there already in the same words stays as it is.

        Parameters
        ----------
        record : RoundRecord
            Of the next round, or of one that was settled.
        model : str
            Hash of the new model, from `anml_fl.ledger.entry.model_hash`.
        updates : str, optional
            Hash of the file of the round's updates; None if it has none.
        line : str, optional
            What `record.to_json()` gives, where it was written already.
        held : mapping, optional
            Why nothing is paid yet, from `Holding.judge`.

        Returns
        -------
        str
            The round's entry.

        Raises
        ------
        LedgerError
            If the round was settled otherwise, is out of turn, or the ledger is closed.
        """
        ...

    def close(self, results: Results | None = None) -> str:
        """End the ledger with the totals; closing it again changes nothing.

        Parameters
        ----------
        results : Results, optional
            What the run came to; a ledger that is bound to its files needs them.

        Returns
        -------
        str
            The close entry.

        Raises
        ------
        LedgerError
            If the ledger was not opened, or was closed with other results.
        """
        ...

    def lines(self) -> Iterator[bytes]:
        """Read all entries in their order, each with its newline."""
        ...


class Book(ABC):
    """The part of a ledger that is the same wherever its lines are kept.

    Parameters
    ----------
    key : Ed25519PrivateKey
        Signs every entry.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._chain = Chain()

    @property
    def head(self) -> str:
        """SHA-256 of the last entry, 64 hexadecimal digits; zeros before the first."""
        return self._chain.head.decode()

    @property
    def rounds(self) -> int:
        """How many rounds are settled."""
        return self._chain.rounds

    @abstractmethod
    def lines(self) -> Iterator[bytes]:
        """Read all entries in their order, each with its newline."""

    @abstractmethod
    def _read(self, number: int) -> bytes:
        """Read one entry that is there, without its newline."""

    @abstractmethod
    def _write(self, number: int, line: bytes) -> None:
        """Keep a line for good, or raise and keep none of it."""

    def _load(self) -> None:
        """Take up what is kept already."""
        if next(iter(self.lines()), None) is None:
            return
        verdict = verify(self.lines, self._key.public_key(), unfinished=True)
        if not verdict.ok:
            raise LedgerError(f"the ledger cannot go on: {verdict}")
        self._chain = verdict.chain

    def open(
        self,
        run: str,
        strategy: str,
        pool: int,
        settings: str | None = None,
        contributors: int = 0,
        holding: Holding | None = None,
    ) -> str:
        """Begin the ledger, or go on; see `Ledger.open`."""
        public = self._key.public_key().public_bytes_raw()
        if (opened := self._chain.opened) is not None and not opened.bound:
            settings = None
        try:
            fields = open_fields(run, strategy, pool, public, settings, contributors, holding)
        except ValueError as error:
            raise LedgerError(f"the ledger cannot be opened: {error}") from error
        return self._keep(0, fields, "another ledger was opened here")

    def append(
        self,
        record: RoundRecord,
        model: str,
        updates: str | None = None,
        line: str | None = None,
        held: Mapping[str, Any] | None = None,
    ) -> str:
        """Settle a round, once; see `Ledger.append`."""
        opened = self._chain.opened
        if opened is None:
            raise LedgerError("the ledger must be opened before a round is settled")
        number = record.round
        following = self._chain.rounds + 1
        if not 1 <= number <= following:
            raise LedgerError(f"round {number} is out of turn: the next is {following}")
        if number == following and self._chain.closed:
            raise LedgerError(f"round {number} cannot be settled: the ledger is closed")
        try:
            run = json.loads(opened.run)
            fields, people = round_parts(run, record, model, opened.pool, held)
        except ValueError as error:
            raise LedgerError(f"round {number} cannot be settled: {error}") from error
        if opened.bound:
            fields |= binding_fields(record.to_json() if line is None else line, updates)
        return self._keep(number, fields, f"round {number} was settled otherwise", people)

    def close(self, results: Results | None = None) -> str:
        """End the ledger with the totals; see `Ledger.close`."""
        if (opened := self._chain.opened) is None:
            raise LedgerError("the ledger must be opened before it is closed")
        if not opened.bound:
            results = None
        totals = {json.loads(name): paid for name, paid in self._chain.totals.items()}
        fields = close_fields(self._chain.rounds, totals, results)
        return self._keep(self._chain.rounds + 1, fields, "the ledger was closed otherwise")

    def _keep(self, number: int, fields: Fields, otherwise: str, people: bytes = b"") -> str:
        if number < self._chain.entries:
            kept = self._read(number)
            previous = read(kept).previous
            # Ed25519 signs the same text with the same bytes.
            if sign(fields, number, previous, self._key, people) != kept:
                raise LedgerError(f"{otherwise}: entry {number} is {kept.decode()}")
            return kept.decode()
        try:
            line = sign(fields, number, self._chain.head, self._key, people)
            entry = self._chain.judge(line + b"\n")
        except ValueError as error:
            raise LedgerError(f"entry {number} cannot be written: the line {error}") from error
        self._write(number, line)
        self._chain.take(entry)
        return line.decode()
