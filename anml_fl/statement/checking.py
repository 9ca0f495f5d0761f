"""Check a statement: its signature, then all that it says against the ledger and records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from anml_fl.run.difference import DifferenceError, shown
from anml_fl.run.files import LEDGER
from anml_fl.statement.comparing import differences
from anml_fl.statement.records import Records, missing_files
from anml_fl.statement.signing import is_signed, read, signature_flaw
from anml_fl.statement.verified_ledger import VerifiedLedger

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from anml_fl.ledger.entry import Fields

_FROM_RECORDS = "examples, refused credentials and what decided"
_OLDER = "the ledger, which is of an older form, does not stand"

Signature = Literal["good", "bad", "none", "unread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of checking a statement.

    Parameters
    ----------
    differences : tuple of str
        Each thing that is not as it should be, in a sentence without its end that begins with
        the file.
    said : dict
        What the statement says; empty if it is none.
    key : str
        That it was checked with, 64 hexadecimal digits.
    signature : str
        "good", "bad", "none" where there is none, "unread" where the file is no statement.
    unchecked : str
        What could not be checked, and why; empty if all was.
    ledger : VerifiedLedger, optional
        As it is now; None if it is bad.
    """

    differences: tuple[str, ...]
    said: Fields
    key: str
    signature: Signature = "unread"
    unchecked: str = ""
    ledger: VerifiedLedger | None = None

    @property
    def ok(self) -> bool:
        """Whether all that it says is so, as far as that can be checked."""
        return not self.differences


def check(content: bytes, ledger: Path, key: Ed25519PublicKey) -> Checked:
    """Check a statement.

    Parameters
    ----------
    content : bytes
        Of its file.
    ledger : Path
        The ledger's file. Where `config.toml` and the records lie beside it, reasons are
        worked out anew.
    key : Ed25519PublicKey
        The ledger's.

    Raises
    ------
    OSError, ValueError
        If a file of the run cannot be read.
    """
    digits = key.public_bytes_raw().hex()
    try:
        said = read(content)
    except DifferenceError as error:
        return Checked(differences=(f"statement: {error}",), said={}, key=digits)
    flaw = signature_flaw(said, key)
    found = [f"statement: {flaw}"] if flaw else []
    book, unchecked = None, ""
    try:
        book = VerifiedLedger.of(ledger, key)
        more, unchecked = _against(book, said)
        found += more
    except DifferenceError as error:
        found.append(str(error))
    signature: Signature = "bad" if flaw else "good"
    return Checked(
        differences=tuple(found),
        said=said,
        key=digits,
        signature=signature if is_signed(said) else "none",
        unchecked=unchecked,
        ledger=book,
    )


def _against(book: VerifiedLedger, said: Fields) -> tuple[list[str], str]:
    """Compare with a ledger; with what cannot be checked, and why."""
    who, there = said.get("contributor"), _place(book, said)
    found: list[str] = []
    try:
        records, unchecked = _records(book)
        run = book.settled(there, records)
    except DifferenceError as error:
        # What the ledger spells out can be checked nevertheless.
        found, unchecked = [str(error)], f"{_FROM_RECORDS}: they do not fit the ledger"
        run = book.settled(there)
    if not isinstance(who, str) or who not in run.contributors:
        return [
            *found,
            f"statement: contributor is {shown(who)}, whom no round asked",
        ], unchecked
    wrong = differences(said, run.statement(who))
    return [*found, *(f"statement: {one}" for one in wrong)], unchecked


def _place(book: VerifiedLedger, said: Fields) -> int:
    """Say after how many entries a statement was made: by its head, or by its own word."""
    if (found := book.place(said.get("head"))) is not None:
        return found
    entries = said.get("entries")
    if isinstance(entries, int) and 2 <= entries <= book.entries:
        return entries
    return book.entries


def _records(book: VerifiedLedger) -> tuple[Records | None, str]:
    folder = book.path.parent
    if book.path.name != LEDGER:
        return None, f"{_FROM_RECORDS}: the ledger was given alone"
    if missing := missing_files(folder, book.opened["strategy"]):
        return None, f"{_FROM_RECORDS}: {' and '.join(missing)} is not there"
    records = Records.of(folder, book.opened)
    if not book.bound:
        return records, f"{_FROM_RECORDS}: they fit records for which {_OLDER}"
    return records, ""
