"""The ledger of a run as it grows: whether it holds, and what each round paid whom."""

from __future__ import annotations

import json
from array import array
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from anml_fl.ledger.chain import BrokenError, Chain
from anml_fl.ledger.grammar import LONGEST_LINE, Round
from anml_fl.ledger.holding import held_words
from anml_fl.run.files import LEDGER, PUBLIC_KEY
from server.page.growing_lines import GrowingLines
from server.page.opening import content, piece

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from server.page.rounds_file import RoundsFile

MOST_PAYOUTS = 4_000_000
"""Payouts of single rounds that are kept, contributors times rounds; 32 MB. Totals all are."""
_MOST_NAMED = 10  # rounds that are listed
_RECORD = b',"record":"sha256:'


class Paid(NamedTuple):
    """What a round paid: micro-units, to each of the names."""

    names: tuple[str, ...]
    payouts: array[int]


class LedgerFile(GrowingLines):
    """A run's ledger, each line checked as it comes: form, place, sums and signature.

    Parameters
    ----------
    folder : Path
        The run's.

    Attributes
    ----------
    paid : dict
        Round to what it paid; of very many rounds the first ones.
    held : dict
        Round that was held to why; what became of it, a finished run's report says.
    fault : str
        Why it does not hold; "" as far as it does.
    difference : str
        Which round is not the one that was signed; "" as far as they are.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, LEDGER)
        self.forget()

    def forget(self) -> None:
        """Lose all entries."""
        self.chain = Chain()
        self.paid: dict[int, Paid] = {}
        self.held: dict[int, str] = {}
        self.fault = self.difference = ""
        self._records: dict[int, str] = {}
        self._key: Ed25519PublicKey | None = None
        self._compared: tuple[int, int] = (0, 0)

    def take(self, file: int, start: int, length: int) -> None:
        """Add an entry; from the first that is bad on, none."""
        if self.fault:
            return
        if self._key is None:
            self._key = _public_key(self.folder)
        longest = max(LONGEST_LINE, self.chain.longest)
        try:
            self.chain.add(piece(file, start, min(length + 1, longest)), self._key)
        except BrokenError as error:
            place = f"entry {self.chain.entries} (line {self.chain.entries + 1})"
            self.fault = f"{place}: the line {error}"
            return
        if isinstance(entry := self.chain.last, Round):
            self._keep(entry)

    def compare(self, rounds: RoundsFile) -> None:
        """Hold the rounds that are shown against those that were signed, each once.

        Raises
        ------
        OSError
            If a round's line is not there any more.
        """
        begun, done = self._compared
        if begun != rounds.times_begun:
            done, self.difference = 0, ""
        for number in range(done + 1, min(rounds.last, self.chain.rounds) + 1):
            signed = self._records.get(number)
            if signed and sha256(rounds.line(number)).hexdigest() != signed:
                self.difference = f"round {number} is not the one that was signed"
                break
            done = number
        self._compared = (rounds.times_begun, done)

    @property
    def strategy(self) -> str:
        """Which strategy it pays by; "" before its first entry."""
        opened = self.chain.opened
        return "" if opened is None else str(json.loads(opened.strategy))

    def paid_until(self, number: int) -> dict[str, int] | None:
        """Sum up what everybody was paid in rounds up to one; None where that is not known."""
        if self.fault or number > self.chain.rounds:
            return None
        if number == self.chain.rounds:
            names = json.loads(b"[" + b",".join(self.chain.totals) + b"]")
            return dict(zip(names, self.chain.totals.values(), strict=True))
        # Names are kept once where rounds after each other paid the same: most of them do.
        alike: list[tuple[tuple[str, ...], NDArray[np.int64]]] = []
        for one in range(1, number + 1):
            if one not in self.paid:
                return None
            names, payouts = self.paid[one]
            if alike and alike[-1][0] is names:
                alike[-1][1][:] += payouts
            else:
                alike.append((names, np.array(payouts, dtype=np.int64)))
        found: dict[str, int] = {}
        for names, sums in alike:
            for name, paid in zip(names, sums.tolist(), strict=True):
                found[name] = found.get(name, 0) + paid
        return found

    def told(self) -> dict[str, Any]:
        """Say how far it is, and whether it holds."""
        if fault := self.fault or self.difference:
            said: tuple[bool | None, str] = (
                False,
                f"This run does not fit its ledger: {fault}.",
            )
        elif self.chain.entries == 0:
            said = (None, "Nothing is settled yet.")
        elif self._key is None:
            said = (None, f"Its signatures cannot be checked: there is no {PUBLIC_KEY}.")
        else:
            said = (True, self._holds())
        return {
            "entries": self.chain.entries,
            "head": self.chain.head.decode() if self.chain.entries else "",
            "verifies": said[0],
            "words": said[1],
        }

    def _holds(self) -> str:
        bound = self.chain.opened is not None and self.chain.opened.bound
        shown = (
            "the rounds that it pays for are those that were signed"
            if bound
            else "it is of an older form, and does not stand for the rounds' records"
        )
        end = "It is closed." if self.chain.closed else "It is not closed yet."
        if self.held:
            end += f" {_held_words(list(self.held))}"
        return (
            f"{self.chain.entries} entries follow one on the other, each signed with the key"
            f" in {PUBLIC_KEY}; {shown}. {end}"
        )

    def _keep(self, entry: Round) -> None:
        before = self.paid[entry.round - 1].names if entry.round - 1 in self.paid else ()
        if (len(self.paid) + 1) * len(entry.payouts) <= MOST_PAYOUTS:
            names = tuple(json.loads(b"[" + b",".join(entry.contributors) + b"]"))
            kept = before if names == before else names
            self.paid[entry.round] = Paid(kept, array("q", entry.payouts))
        if entry.held is not None and self.chain.opened is not None:
            bound = json.loads(self.chain.opened.holding or b"{}").get("bound")
            self.held[entry.round] = held_words(json.loads(entry.held), bound)
        if (at := entry.line.rfind(_RECORD)) >= 0:
            begin = at + len(_RECORD)
            self._records[entry.round] = entry.line[begin : begin + 64].decode()


def _held_words(rounds: list[int]) -> str:
    """Say which rounds were held.

    Examples
    --------
    >>> _held_words([3])
    'Round 3 was held and not paid when it was settled.'
    >>> _held_words(list(range(1, 13)))[:43]
    'Rounds 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 '
    """
    shown = ", ".join(str(one) for one in rounds[:_MOST_NAMED])
    more = f" and {len(rounds) - _MOST_NAMED} more" if len(rounds) > _MOST_NAMED else ""
    which = f"Round {shown} was" if len(rounds) == 1 else f"Rounds {shown}{more} were"
    it = "it was" if len(rounds) == 1 else "they were"
    return f"{which} held and not paid when {it} settled."


def _public_key(folder: Path) -> Ed25519PublicKey | None:
    try:
        found = load_pem_public_key(content(folder, PUBLIC_KEY, most=1 << 12))
    except (OSError, ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, Ed25519PublicKey) else None
