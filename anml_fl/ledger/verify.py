"""Verify a ledger: with the file and the signer's public key, and nothing else.

Why one signature is enough for a ledger without fault. Every line gives the SHA-256 of the
line before it, so the last line fixes every byte before it: to change one and keep the last
line would take a second text of the same hash. The last line's signature is over the rest
of that line, byte for byte (the grammar leaves the signature one place and one spelling,
and Ed25519 one value that only the key's holder can make). So if the chain holds and the
last signature does, the key's holder signed all of it. The rest of the first pass checks
what was signed: the order of rounds, and that the payouts add up.

Which line is bad, if not. Where the chain breaks between two lines, either may be the one
that changed, and whoever rewrites all lines from some point on leaves no break at all. So
a second pass checks the signature of every line in turn: before the first bad line all are
as signed, and that line fails by its own signature or by not following the one before it.
The bad entry is named by the place in which it stands. A line that is missing at the end
leaves no trace but the missing close: that is why a ledger without one counts as bad unless
it is said to be still open, and then nothing can show that lines are missing at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.ledger.chain import BrokenError, Chain, check_signature
from anml_fl.ledger.grammar import LONGEST_LINE, longest_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_BUFFER = 2**17  # bytes read at once


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    Parameters
    ----------
    chain : Chain
        What the good entries add up to: all, or those before the bad one.
    fault : str, optional
        Why the entry `chain.entries`, the first bad one, is bad; None without fault.
    torn : bool
        Whether an open ledger ends with part of a line, which was left out.
    """

    chain: Chain
    fault: str | None = None
    torn: bool = False

    @property
    def ok(self) -> bool:
        """Whether the ledger is without fault."""
        return self.fault is None

    def __str__(self) -> str:
        """Say it in a sentence or two."""
        count = f"{self.chain.entries} entries, {self.chain.rounds} rounds"
        if self.fault is not None:
            place = f"entry {self.chain.entries} (line {self.chain.entries + 1})"
            return f"bad: {place}: the line {self.fault}"
        state = "" if self.chain.closed else "; not closed yet"
        torn = "; the last line is torn and does not count" if self.torn else ""
        return f"ok: {count}{state}{torn}; head {self.chain.head.decode()}"


def verify(
    read: Callable[[], Iterable[bytes]], key: Ed25519PublicKey, *, unfinished: bool = False
) -> Verdict:
    """Verify a ledger from its first line to its last.

    Memory holds one line, and a total for each contributor.

    Parameters
    ----------
    read : callable
        Gives the lines, each with its newline; called again if there is a fault.
    key : Ed25519PublicKey
        The signer's.
    unfinished : bool
        Accept a ledger that is still being written: without a close, and perhaps with
        part of a last line.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> str(verify(lambda: [], Ed25519PrivateKey.generate().public_key()))
    'bad: entry 0 (line 1): the line is missing: the ledger is empty'
    """
    verdict = _pass(read(), key, every=False, unfinished=unfinished)
    # The second pass checks all that the first does, and more.
    return verdict if verdict.ok else _pass(read(), key, every=True, unfinished=unfinished)


def verify_file(path: Path, key: Ed25519PublicKey, *, unfinished: bool = False) -> Verdict:
    """Verify a ledger in a file; see `verify`.

    Raises
    ------
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from anml_fl.ledger.file import FileLedger
    >>> key = Ed25519PrivateKey.generate()
    >>> with TemporaryDirectory() as folder:
    ...     entry = FileLedger(Path(folder, "ledger"), key).open("default", "anml", 1000)
    ...     print(verify_file(Path(folder, "ledger"), key.public_key()))
    bad: entry 1 (line 2): the line is missing: the ledger ends without a close
    """
    return verify(lambda: read_lines(path), key, unfinished=unfinished)


def read_lines(path: Path) -> Iterator[bytes]:
    """Read a file line by line, and of a line no more than the longest entry.

    How long that is the first line says: whoever does not know who wrote it checks its
    signature before asking for the next.

    Yields
    ------
    bytes
        With the newline, but for a torn last line or one that is too long.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "ledger.jsonl")
    ...     size = path.write_bytes(bytes(20 * 2**20))
    ...     [len(part) // 2**20 for part in read_lines(path)]
    [16, 4]
    """
    with path.open("rb", buffering=_BUFFER) as file:
        longest = LONGEST_LINE
        while line := file.readline(longest):
            if file.tell() == len(line):
                longest = longest_line(line)
            yield line


def _pass(
    lines: Iterable[bytes], key: Ed25519PublicKey, *, every: bool, unfinished: bool
) -> Verdict:
    chain = Chain()
    torn = False
    try:
        for line in lines:
            # Only a last line has no newline, unless it is longer than any entry.
            whole = line.endswith(b"\n") or len(line) == chain.longest
            if unfinished and not whole and chain.last and not chain.closed:
                torn = True
                break
            chain.add(line, key if every or chain.last is None else None)
    except BrokenError as error:
        return Verdict(chain, str(error))
    if chain.last is None:
        return Verdict(chain, "is missing: the ledger is empty")
    try:
        check_signature(chain.last, key)
    except BrokenError as error:
        return Verdict(chain, str(error))
    if not chain.closed and not unfinished:
        return Verdict(chain, "is missing: the ledger ends without a close")
    return Verdict(chain, torn=torn)
