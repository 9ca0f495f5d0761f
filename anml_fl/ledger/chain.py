"""The rules by which one entry follows another, and what a ledger's entries add up to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import rfc8785
from cryptography.exceptions import InvalidSignature

from anml_fl.ledger.grammar import (
    LONGEST_LINE,
    Close,
    Entry,
    Open,
    Round,
    damage,
    read,
    signed,
)
from anml_fl.ledger.holding import cost
from anml_fl.method.attribution import LARGEST_POOL
from anml_fl.registry.ed25519 import flaw

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTHING = b"0" * 64
"""What the first entry gives as the hash of the line before it."""


class BrokenError(ValueError):
    """A line does not belong where it stands; the message continues "the line ..."."""


@dataclass(slots=True)
class Chain:
    """The entries so far: enough to judge the next one, whatever their number.

    Parameters
    ----------
    entries : int
        How many there are.
    head : bytes
        SHA-256 of the last line, 64 hexadecimal digits.
    opened : Open, optional
        The first entry.
    settled : int
        Micro-units shared in all rounds.
    held : dict
        Round that is held to the micro-units that it would have paid.
    waiting : int
        Their sum.
    totals : dict
        Payouts of all rounds by contributor, the name as JSON writes it.
    """

    entries: int = 0
    head: bytes = NOTHING
    opened: Open | None = None
    last: Entry | None = None
    settled: int = 0
    held: dict[int, int] = field(default_factory=dict)
    waiting: int = 0
    totals: dict[bytes, int] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether the last entry is a close: nothing may follow."""
        return isinstance(self.last, Close)

    @property
    def rounds(self) -> int:
        """How many rounds were settled."""
        return max(0, self.entries - (2 if self.closed else 1))

    @property
    def longest(self) -> int:
        """Bytes of the longest line that may follow, with its newline."""
        return LONGEST_LINE if self.opened is None else self.opened.longest

    def add(self, raw: bytes, key: Ed25519PublicKey | None = None) -> None:
        r"""Add a line after checking it.

        Parameters
        ----------
        raw : bytes
            With its newline.
        key : Ed25519PublicKey, optional
            The signature is checked as well.

        Raises
        ------
        BrokenError
            If it is no entry, or does not follow; nothing is added.

        Examples
        --------
        >>> Chain().add(b"{}\n")
        Traceback (most recent call last):
        anml_fl.ledger.chain.BrokenError: is no entry
        """
        self.take(self.judge(raw, key))

    def judge(self, raw: bytes, key: Ed25519PublicKey | None = None) -> Entry:
        """Check whether a line may follow, as `add` does, and add nothing.

        Returns
        -------
        Open, Round or Close
            For `take`.

        Raises
        ------
        BrokenError
        """
        if not raw.endswith(b"\n"):
            raise BrokenError(damage(raw) or "is torn: it has no newline at its end")
        try:
            entry = read(raw[:-1], self.longest)
        except ValueError as error:
            raise BrokenError(str(error)) from error
        if self.closed:
            raise BrokenError("comes after the close")
        if entry.number != self.entries:
            raise BrokenError(f"is entry {entry.number}, where {self.entries} should be")
        if entry.previous != self.head:
            raise BrokenError(
                f"follows a line with hash {entry.previous.decode()}, but the one before it"
                f" has {self.head.decode()}"
            )
        if key is not None:
            check_signature(entry, key)
        if isinstance(entry, Round):
            self._check_round(entry)
        elif isinstance(entry, Close):
            self._check_close(entry)
        if self.opened is not None and entry.bound != self.opened.bound:
            raise BrokenError(
                "has hashes of the run's files, which the open entry has not"
                if entry.bound
                else "lacks the hashes of the run's files, which the open entry has"
            )
        return entry

    def take(self, entry: Entry) -> None:
        """Add an entry that `judge` gave; now its hash binds all lines before it."""
        if isinstance(entry, Open):
            self.opened = entry
        elif isinstance(entry, Round):
            self.settled += entry.pool
            if entry.held is not None:
                pool = self.held[entry.round] = json.loads(entry.held)["pool"]
                self.waiting += pool
            for name, paid in zip(entry.contributors, entry.payouts, strict=True):
                self.totals[name] = self.totals.get(name, 0) + paid
        self.entries += 1
        self.head = sha256(entry.line).hexdigest().encode()
        self.last = entry

    def _check_round(self, entry: Round) -> None:
        opened = self.opened
        if opened is None or (entry.run, entry.strategy) != (opened.run, opened.strategy):
            raise BrokenError("is of another run or strategy than the ledger")
        if entry.round != entry.number:
            raise BrokenError(f"is of round {entry.round}, where {entry.number} should be")
        if len(set(entry.contributors)) < len(entry.contributors):
            raise BrokenError("names a contributor twice")
        if entry.pool not in (0, opened.pool):
            raise BrokenError(f"shares {entry.pool}, not the pool of {opened.pool}")
        if (paid := sum(entry.payouts)) != entry.pool:
            raise BrokenError(f"pays {paid} out of a pool of {entry.pool}")
        waiting = self.waiting
        if entry.held is not None:
            waiting += self._held_pool(opened, entry)
        if self.settled + paid + waiting > LARGEST_POOL:
            raise BrokenError("brings the payouts of all rounds above 2**53 - 1")

    def _held_pool(self, opened: Open, entry: Round) -> int:
        """Check why a round is held; with the micro-units that it would have paid."""
        if opened.holding is None:
            raise BrokenError("holds a round, which the open entry does not provide for")
        held, holding = json.loads(entry.held or b"{}"), json.loads(opened.holding)
        if entry.pool or held["pool"] != opened.pool:
            raise BrokenError(
                f"holds {held['pool']} and pays {entry.pool}, where all of {opened.pool} is"
                " held and nothing is paid"
            )
        if not held["share"] > holding["bound"]:
            raise BrokenError(
                f"holds a round of which {held['share']} would go to harm, and"
                f" {holding['bound']} may"
            )
        if not cost(held["harmful"]) > holding["slack"]:
            raise BrokenError(
                f"holds a round for a cost of {cost(held['harmful'])}, and"
                f" {holding['slack']} may be"
            )
        people = {json.loads(name) for name in entry.contributors}
        if stranger := [
            one["contributor"]
            for one in held["harmful"]
            if one["contributor"] not in people or not one["worth"] < 0
        ]:
            raise BrokenError(
                f"calls {stranger[0]!r} harmful, whom the round did not ask or who did no harm"
            )
        return int(held["pool"])

    def _check_close(self, entry: Close) -> None:
        if self.opened is None:
            raise BrokenError("closes a ledger that was not opened")
        if entry.rounds != self.rounds:
            raise BrokenError(f"counts {entry.rounds} rounds, not {self.rounds}")
        if entry.totals != totals_text(self.totals):
            raise BrokenError("has other totals than its rounds")
        if entry.results is not None:
            results = b"{%b}" % entry.results
            if results != _canonical(results):
                raise BrokenError("names its files in another way than canonical JSON does")


def check_signature(entry: Entry, key: Ed25519PublicKey) -> None:
    """Check who signed an entry.

    Raises
    ------
    BrokenError
        If the signature is not this key's over the line, or the key anyone's.
    """
    own = key.public_bytes_raw().hex()
    if isinstance(entry, Open) and (named := entry.public_key.decode()) != own:
        raise BrokenError(f"opens a ledger of the key {named}, not of {own}")
    if why := flaw(key.public_bytes_raw()):
        raise BrokenError(f"is signed with a key that cannot be trusted: {why}")
    try:
        key.verify(*signed(entry))
    except InvalidSignature:
        raise BrokenError("was altered, or signed by another key") from None


def _canonical(text: bytes) -> bytes:
    try:
        return rfc8785.dumps(json.loads(text))
    except ValueError:
        return b""


def totals_text(totals: dict[bytes, int]) -> bytes:
    """Write totals as canonical JSON.

    Parameters
    ----------
    totals : dict
        By contributor, the name as JSON writes it.

    Examples
    --------
    >>> totals_text({b'"b"': 2, b'"a"': 1})
    b'{"a":1,"b":2}'
    """
    return rfc8785.dumps({json.loads(name): one for name, one in totals.items()})
