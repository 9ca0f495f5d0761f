"""A ledger that was verified, and the run up to any of its entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from anml_fl.ledger.hashes import sha256_of
from anml_fl.ledger.verify import read_lines, verify_file
from anml_fl.run.difference import DifferenceError
from anml_fl.run.files import LEDGER, SUMMARY
from anml_fl.statement.settled import SettledRound, SettledRun

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from anml_fl.ledger.entry import Fields
    from anml_fl.statement.records import Records


@dataclass(frozen=True, slots=True)
class VerifiedLedger:
    """A ledger without fault.

    Parameters
    ----------
    path : Path
        Of its file.
    key : str
        That it was checked with, 64 hexadecimal digits.
    entries : int
        How many it has.
    closed : bool
        Whether the last of them is its close.
    opened : dict
        The first of them.
    """

    path: Path
    key: str
    entries: int
    closed: bool
    opened: Fields

    @property
    def bound(self) -> bool:
        """Whether it stands for the run's files, and not for payouts alone."""
        return "settings" in self.opened

    @classmethod
    def of(cls, path: Path, key: Ed25519PublicKey) -> VerifiedLedger:
        """Verify a ledger.

        Parameters
        ----------
        path : Path
            Of its file. Where the summary of a run lies beside it, it must be closed.
        key : Ed25519PublicKey
            The signer's.

        Raises
        ------
        DifferenceError
            Naming the first bad entry.
        OSError
            If it cannot be read.
        """
        # Written after the close: a run with a summary has a ledger that was closed.
        ended = path.name == LEDGER and (path.parent / SUMMARY).exists()
        verdict = verify_file(path, key, unfinished=not ended)
        if not verdict.ok:
            raise DifferenceError(f"{path.name}: {verdict}")
        chain = verdict.chain
        opened = json.loads(next(read_lines(path)))
        return cls(path, key.public_bytes_raw().hex(), chain.entries, chain.closed, opened)

    def place(self, head: object) -> int | None:
        """Say after how many entries the ledger's head was this one; None if it never was."""
        lines = islice(read_lines(self.path), self.entries)
        return next((n for n, line in enumerate(lines, start=1) if _hash(line) == head), None)

    def settled(self, entries: int, records: Records | None = None) -> SettledRun:
        """Read the run up to some entry.

        Parameters
        ----------
        entries : int
            How many, from 1 to all that there are.
        records : Records, optional
            What the rounds stand for.

        Raises
        ------
        DifferenceError
            If a record is not the one that was signed.
        OSError
            If the ledger cannot be read.
        """
        rounds = []
        head, closed = "", False
        for text in islice(read_lines(self.path), entries):
            head, entry = _hash(text), json.loads(text)
            closed = entry["kind"] == "close"
            if entry["kind"] == "round":
                reasons = None
                if records is not None:
                    reasons = records.reasons(entry, self.opened["pool"])
                rounds.append(SettledRound(entry, f"sha256:{head}", reasons))
        if closed and records is not None and len(records.lines) > len(rounds):
            raise DifferenceError(
                f"{records.name} goes on after round {len(rounds)}, the last one that was"
                " settled"
            )
        return SettledRun(
            opened=self.opened,
            public_key=self.key,
            head=head,
            rounds=tuple(rounds),
            closed=closed,
        )


def _hash(line: bytes) -> str:
    return sha256_of(line.removesuffix(b"\n")).removeprefix("sha256:")
