"""What became of rounds that were held: entries that go on from the ledger's close.

A ledger that is closed says all that a run did, and nothing may follow in it. A decision comes
later: it stands in a file of its own, with the number and the hash that a further line of the
ledger would have, and the same key signs it. So it fits this ledger and this place alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import rfc8785
from cryptography.exceptions import InvalidSignature

from anml_fl.ledger.entry import sign
from anml_fl.method.attribution import payouts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    from anml_fl.ledger.chain import Chain
    from anml_fl.ledger.entry import Fields

Kind = Literal["release", "void"]
_KINDS: tuple[Kind, ...] = ("release", "void")

LONGEST_REASON = 1000
"""Characters of why a round was decided so."""


class DecisionError(ValueError):
    """A decision does not hold, or cannot be taken; the message says which and why."""


@dataclass(frozen=True, slots=True)
class HeldRound:
    """A round that waits, as its entry has it.

    Parameters
    ----------
    round : int
    pool : int
        Micro-units that wait.
    payouts : mapping
        Contributor to what it would get, by the weights.
    why : mapping
        The entry's `held`.
    """

    round: int
    pool: int
    payouts: Mapping[str, int]
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a round.

    Parameters
    ----------
    kind : str
        "release": it is paid, as its weights say; "void": nobody is ever paid for it.
    round : int
    pool : int
        Micro-units that are paid, or void.
    payouts : mapping
        Contributor to micro-units above 0; none of a round that is void.
    reason : str
        In the words of who decided.
    """

    kind: Kind
    round: int
    pool: int
    payouts: Mapping[str, int]
    reason: str

    @property
    def state(self) -> str:
        """Say in a word what the round is now: "released" or "void"."""
        return "released" if self.kind == "release" else "void"


@dataclass(frozen=True, slots=True)
class Account:
    """Where the pools of a closed ledger's rounds are: paid, waiting, or void.

    Parameters
    ----------
    paid, waiting, void : int
        Micro-units; they add up to the pools of all rounds that had somebody to pay.
    """

    paid: int
    waiting: int
    void: int

    @property
    def whole(self) -> int:
        """All of them."""
        return self.paid + self.waiting + self.void


def held_rounds(lines: Iterable[bytes]) -> dict[int, HeldRound]:
    """Find the rounds of a verified ledger that are held.

    Parameters
    ----------
    lines : iterable of bytes
        All entries, in their order.

    Examples
    --------
    >>> held_rounds([b'{"kind":"open"}'])
    {}
    """
    found = {}
    for line in lines:
        # Quotes inside texts are escaped: this stands where it is meant alone.
        if b'],"held":{' not in line:
            continue
        entry = json.loads(line)
        people, pool = entry["contributors"], entry["held"]["pool"]
        sums = payouts([one["weight"] or 0.0 for one in people], pool).tolist()
        paid = {
            one["contributor"]: amount
            for one, amount in zip(people, sums, strict=True)
            if amount
        }
        found[entry["round"]] = HeldRound(entry["round"], pool, paid, entry["held"])
    return found


def decision_fields(opened: Fields, kind: Kind, held: HeldRound, reason: str) -> Fields:
    """Say what a decision says, without its place in the chain.

    Parameters
    ----------
    opened : dict
        The ledger's open entry.
    kind : "release" or "void"
    held : HeldRound
    reason : str
        1 to 1,000 printable characters.

    Raises
    ------
    DecisionError
        If there is no reason, or it is none to be printed.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise DecisionError(
            f"a decision needs a reason of 1 to {LONGEST_REASON} printable characters, got"
            f" {len(reason)} characters"
        )
    return {
        "kind": kind,
        "payouts": dict(held.payouts) if kind == "release" else {},
        "pool": held.pool,
        "reason": reason,
        "round": held.round,
        "run": opened["run"],
        "strategy": opened["strategy"],
    }


def decide(
    fields: Fields, chain: Chain, before: Sequence[bytes], key: Ed25519PrivateKey
) -> bytes:
    """Give a decision its place behind the ledger and the decisions before, and sign it.

    Parameters
    ----------
    fields : dict
        From `decision_fields`.
    chain : Chain
        Of the closed ledger.
    before : sequence of bytes
        Decisions that are there, without newlines.
    key : Ed25519PrivateKey

    Returns
    -------
    bytes
        The line, without a newline.
    """
    head = sha256(before[-1]).hexdigest().encode() if before else chain.head
    return sign(fields, chain.entries + len(before), head, key)


def read_decisions(
    lines: Sequence[bytes],
    chain: Chain,
    held: Mapping[int, HeldRound],
    key: Ed25519PublicKey,
) -> list[Decision]:
    """Check decisions, each against the ledger, the one before, and the key.

    Parameters
    ----------
    lines : sequence of bytes
        Without newlines.
    chain : Chain
        Of the closed ledger that they follow.
    held : mapping
        From `held_rounds` of the same ledger.
    key : Ed25519PublicKey
        The signer's.

    Raises
    ------
    DecisionError
        Naming the first bad line. One is bad that is spelled otherwise, stands elsewhere, is
        of another ledger, was signed by another key, or decides what is not held, was decided
        before, or pays otherwise than the weights say.
    """
    opened, head, decided = chain.opened, chain.head, dict[int, Decision]()
    for place, line in enumerate(lines):
        where = f"line {place + 1}"
        said = _said(line, where)
        number = chain.entries + place
        if (said.get("number"), said.get("previous")) != (number, head.decode()):
            raise DecisionError(
                f"{where} does not follow: it should be entry {number} after {head.decode()}"
            )
        _check_signature(line, said, key, where)
        round_, kind = said.get("round"), said.get("kind")
        if kind not in _KINDS or type(round_) is not int or round_ not in held:
            raise DecisionError(f"{where} decides what is not held: {kind} of round {round_}")
        if round_ in decided:
            raise DecisionError(f"{where} decides round {round_} a second time")
        names = opened and {
            "run": json.loads(opened.run),
            "strategy": json.loads(opened.strategy),
        }
        fields = decision_fields(names or {}, kind, held[round_], str(said.get("reason", "")))
        own = {n: v for n, v in said.items() if n not in ("number", "previous", "signature")}
        if own != fields:
            wrong = next(n for n in {**fields, **own} if fields.get(n) != own.get(n))
            raise DecisionError(f"{where}: {wrong} is not what follows from round {round_}")
        decided[round_] = Decision(
            kind, round_, fields["pool"], fields["payouts"], fields["reason"]
        )
        head = sha256(line).hexdigest().encode()
    return list(decided.values())


def account(chain: Chain, decisions: Iterable[Decision]) -> Account:
    """Say where a ledger's pools are.

    Parameters
    ----------
    chain : Chain
    decisions : iterable of Decision
        On its held rounds, from `read_decisions`.

    Raises
    ------
    DecisionError
        If they do not add up to the pools of the rounds: something would be lost.
    """
    decisions = list(decisions)
    released = sum(sum(one.payouts.values()) for one in decisions)
    void = sum(one.pool for one in decisions if one.kind == "void")
    decided = {one.round for one in decisions}
    waiting = sum(pool for number, pool in chain.held.items() if number not in decided)
    found = Account(chain.settled + released, waiting, void)
    if found.whole != chain.settled + chain.waiting:
        raise DecisionError(
            f"{found.paid} paid, {waiting} held and {void} void are not the"
            f" {chain.settled + chain.waiting} micro-units of all rounds"
        )
    return found


def _said(line: bytes, where: str) -> Fields:
    try:
        said = json.loads(line)
        if isinstance(said, dict) and rfc8785.dumps(said) == line:
            return said
    except (ValueError, RecursionError):
        pass
    raise DecisionError(f"{where} is no entry")


def _check_signature(line: bytes, said: Fields, key: Ed25519PublicKey, where: str) -> None:
    own = dict(said)
    try:
        signature = bytes.fromhex(str(own.pop("signature", "")))
        key.verify(signature, rfc8785.dumps(own))
    except (InvalidSignature, ValueError):
        raise DecisionError(f"{where} was altered, or signed by another key") from None
