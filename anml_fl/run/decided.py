"""Held rounds of a run's folder, and what became of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from anml_fl.ledger.decisions import (
    Account,
    Decision,
    DecisionError,
    HeldRound,
    account,
    held_rounds,
    read_decisions,
)
from anml_fl.ledger.holding import held_words
from anml_fl.ledger.verify import read_lines
from anml_fl.run.files import DECISIONS, LEDGER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from anml_fl.ledger.chain import Chain


@dataclass(frozen=True, slots=True)
class Decided:
    """Which rounds are or were held, and where the pools are.

    Parameters
    ----------
    account : Account
    held : mapping
        Round to what its entry says.
    decisions : mapping
        Round to what became of it; one that waits is not there.
    bound : float, optional
        Share of a pool that may go to harm; None where nothing is ever held.
    lines : tuple of bytes
        The decisions as they are in their file, without newlines.
    """

    account: Account
    held: Mapping[int, HeldRound]
    decisions: Mapping[int, Decision]
    bound: float | None
    lines: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def head(self) -> str:
        """SHA-256 of the last decision, 64 hexadecimal digits; "" without any."""
        return sha256(self.lines[-1]).hexdigest() if self.lines else ""

    @property
    def released(self) -> dict[str, int]:
        """Micro-units that released rounds paid, by contributor."""
        found: dict[str, int] = {}
        for one in self.decisions.values():
            for name, paid in one.payouts.items():
                found[name] = found.get(name, 0) + paid
        return found

    def state(self, number: int) -> str:
        """Say in a word what a round is: "settled", "held", "released" or "void".

        Examples
        --------
        >>> Decided(Account(0, 0, 0), {}, {}, None).state(1)
        'settled'
        """
        if number not in self.held:
            return "settled"
        return self.decisions[number].state if number in self.decisions else "held"

    def told(self) -> list[dict[str, Any]]:
        """Tell of each held round: which, how much, why, and what became of it."""
        return [
            {
                "round": number,
                "pool": one.pool,
                "state": self.state(number),
                "why": held_words(one.why, self.bound),
                "decision": self.decisions[number].reason
                if number in self.decisions
                else None,
            }
            for number, one in self.held.items()
        ]


def decided(path: Path, chain: Chain, key: Ed25519PublicKey) -> Decided:
    """Read and check what became of a ledger's held rounds.

    Parameters
    ----------
    path : Path
        The ledger's file; decisions lie beside it.
    chain : Chain
        What its verification gave.
    key : Ed25519PublicKey
        That it was verified with.

    Raises
    ------
    DecisionError
        If a decision does not hold, or one is there and the ledger is not closed: naming the
        file, and the line.
    OSError
        If a file cannot be read.
    """
    held = held_rounds(islice(read_lines(path), chain.entries)) if chain.held else {}
    try:
        lines = decision_lines(path.parent) if path.name == LEDGER else ()
        if lines and not chain.closed:
            raise DecisionError("is there, but its ledger is not closed")
        found = read_decisions(lines, chain, held, key)
    except DecisionError as error:
        raise DecisionError(f"{DECISIONS}: {error}") from None
    holding = chain.opened.holding if chain.opened else None
    return Decided(
        account(chain, found),
        held,
        {one.round: one for one in found},
        json.loads(holding)["bound"] if holding else None,
        lines,
    )


def pools_words(found: Decided) -> str:
    """Say in a sentence where the pools of a run with held rounds are.

    Examples
    --------
    >>> pools_words(Decided(Account(6, 3, 1), {}, {}, 0.05))
    'pools: 10 micro-units: 6 paid, 3 held, 1 void'
    """
    sums = found.account
    return (
        f"pools: {sums.whole:,} micro-units: {sums.paid:,} paid, {sums.waiting:,} held,"
        f" {sums.void:,} void"
        + (f"; decisions: {len(found.lines)}, head {found.head}" if found.lines else "")
    )


def decision_lines(folder: Path) -> tuple[bytes, ...]:
    """Read the file of decisions, a line each; none where there is no file.

    Raises
    ------
    DecisionError
        If it ends in the middle of a line, or is a link, which may lead out of the run.
    """
    if (folder / DECISIONS).is_symlink():
        raise DecisionError("is a link, and must be a file of the run's own folder")
    try:
        content = (folder / DECISIONS).read_bytes()
    except FileNotFoundError:
        return ()
    *lines, rest = content.split(b"\n")
    if rest or not lines:
        raise DecisionError(f"line {len(lines) + 1} has no newline at its end")
    return tuple(lines)
