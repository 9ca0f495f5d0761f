r"""What an entry looks like, letter by letter: canonical JSON of three fixed shapes.

A ledger has one of two forms. In the bound one (ADR 17) the open entry has `settings`, a
round `record` and `updates`, the close `files`, `instants` and `summary`; the older one has
none of them. Where payouts are checked before they are settled (ADR 31) the open entry has
`holding`, and a round that is not paid yet `held`. In either a round names the `egress`
policy of those contributors whose nodes say one. An open entry of many `contributors` says
how many: by it the longest line is bounded.

RFC 8785 leaves one way to write a value: sorted names, no spaces, shortest escapes. So an
entry is a regular language, and one expression checks names, order, types and bounds at
three times the speed of a JSON parser, with nothing left to interpret: no duplicate name,
no number that overflows. Every repetition is possessive: time is linear in the line,
whatever the line. Of numbers with a fraction only the form is checked here, not that
their digits are the shortest; the signature covers the digits.

Quotes inside a string are escaped, so that the texts with quotes below, such as
`,"signature":"`, occur where the grammar has them and nowhere else.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

LONGEST_LINE = 16 * 2**20
"""Bytes of a line with its newline, where the open entry does not say how many contributors
there are."""
_A_CONTRIBUTOR = 1024  # bytes: four times what most take
MOST_CONTRIBUTORS = 1_000_000
"""Of a federation: no line is longer than a gigabyte."""
UNSAID = LONGEST_LINE // _A_CONTRIBUTOR
"""Up to as many contributors need not be counted in the open entry."""

_AS_IT_WAS = "Every byte is signed: take the file as the run wrote it"

# Each character in its shortest escape.
_TEXT = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])))*+"'
_WHOLE = r"(?:0|[1-9][0-9]{0,15}+)"
_SIGNAL = r"(?:0\.[0-9]{1,23}+|null|[1-9](?:\.[0-9]{1,17}+)?+e-[0-9]{1,3}+|[01])"
_NUMBER = r"-?(?:0|[1-9][0-9]{0,20}+)(?:\.[0-9]{1,23}+)?+(?:e-[0-9]{1,3}+)?+"
_COUNT = "[1-9][0-9]{0,6}+"
_HASH = "[0-9a-f]{64}"
_SHA = rf'"sha256:{_HASH}"'
_HOLDING = rf'\{{"bound":{_NUMBER},"level":{_NUMBER},"slack":{_NUMBER}\}}'
_HARMFUL = (
    rf'\{{"contributor":{_TEXT},"error":{_NUMBER},"share":{_SIGNAL},"worth":{_NUMBER}\}}'
)
_HELD = (
    rf'\{{"harmful":\[(?:{_HARMFUL}(?:,(?=\{{)|(?=\])))++\],'
    rf'"pool":{_WHOLE},"share":{_SIGNAL}\}}'
)
_SIGNED = r'(?P<signature>"signature":"[0-9a-f]{128}",)'


def _pattern(text: str) -> re.Pattern[bytes]:
    return re.compile(text.encode())


_OPEN = _pattern(
    rf'\{{(?:"contributors":{_COUNT},)?+(?:"holding":(?P<holding>{_HOLDING}),)?+'
    rf'"kind":"open","number":(?P<number>0),'
    rf'"pool":(?P<pool>{_WHOLE}),'
    rf'"previous":"(?P<previous>{_HASH})","public_key":"(?P<public_key>{_HASH})",'
    rf'"run":(?P<run>{_TEXT}),(?:"settings":(?P<settings>{_SHA}),)?+{_SIGNED}'
    rf'"strategy":(?P<strategy>{_TEXT})\}}'
)
_COUNTED = _pattern(rf'\{{"contributors":({_COUNT}),')
_ROUND_HEAD = _pattern(rf'\{{"at":{_NUMBER},"branch":(?:null|{_TEXT}),"contributors":\[')
_PERSON = _pattern(
    rf'\{{"T":{_SIGNAL},"contributor":({_TEXT}),(?:"egress":"{_HASH}",)?+'
    rf'"payout":({_WHOLE}),"q":{_SIGNAL},'
    rf'"r":{_SIGNAL},"reason":(?:null|{_TEXT}),"selected":(?:true|false),'
    rf'"v":{_SIGNAL},"weight":{_SIGNAL}\}}(?:,(?=\{{)|(?=\]))'
)
_ROUND_TAIL = _pattern(
    rf'\],(?:"held":(?P<held>{_HELD}),)?+"kind":"round","model":{_SHA},"number":(?P<number>{_WHOLE}),'
    rf'"pool":(?P<pool>{_WHOLE}),"previous":"(?P<previous>{_HASH})",'
    rf'(?:"record":(?P<record>{_SHA}),)?+'
    rf'"round":(?P<round>{_WHOLE}),"run":(?P<run>{_TEXT}),{_SIGNED}'
    rf'"strategy":(?P<strategy>{_TEXT})(?:,"updates":(?P<updates>null|{_SHA}))?+\}}'
)
# Commas are loose here: `Chain` writes the mappings again, and compares letter by letter.
_CLOSE = _pattern(
    rf'\{{(?:(?P<bound>"files":\{{(?:{_TEXT}:{_SHA},?+)*+\}},'
    rf'"instants":\{{(?:{_TEXT}:\[(?:{_NUMBER},?+)*+\],?+)*+\}}),)?+'
    rf'"kind":"close","number":(?P<number>{_WHOLE}),"previous":"(?P<previous>{_HASH})",'
    rf'"rounds":(?P<rounds>{_WHOLE}),{_SIGNED}(?:"summary":(?P<summary>{_SHA}),)?+'
    rf'"totals":(?P<totals>\{{(?:{_TEXT}:{_WHOLE},?+)*+\}})\}}'
)


class Open(NamedTuple):
    """The first entry; texts are as JSON writes them, with quotes.

    Parameters
    ----------
    number : int
        Place in the ledger, from 0.
    previous : bytes
        SHA-256 of the line before, 64 hexadecimal digits.
    span : tuple of int
        Where in it the signature stands, with its name and comma.
    pool : int
        Micro-units for each round.
    public_key : bytes
        The signing key's, 64 hexadecimal digits.
    bound : bool
        Whether it, and with it the ledger, has hashes of the run's files.
    longest : int
        Bytes of the ledger's longest line, with its newline.
    holding : bytes or None
        When a round is held, as JSON writes it; None where every round is paid at once.
    """

    number: int
    previous: bytes
    line: bytes
    span: tuple[int, int]
    run: bytes
    strategy: bytes
    pool: int
    public_key: bytes
    bound: bool
    longest: int
    holding: bytes | None


class Round(NamedTuple):
    """One settled round.

    Parameters
    ----------
    number, previous, line, span, run, strategy
        As in `Open`.
    round : int
        From 1.
    pool : int
        Micro-units that were shared.
    contributors : list of bytes
        As JSON writes them, with quotes.
    payouts : list of int
        To each contributor.
    bound : bool
        Whether it has hashes of the round's record and updates.
    held : bytes or None
        Why nothing is paid yet, as JSON writes it; None of a round that is settled.
    """

    number: int
    previous: bytes
    line: bytes
    span: tuple[int, int]
    run: bytes
    strategy: bytes
    round: int
    pool: int
    contributors: list[bytes]
    payouts: list[int]
    bound: bool
    held: bytes | None


class Close(NamedTuple):
    """The last entry.

    Parameters
    ----------
    number, previous, line, span
        As in `Open`.
    rounds : int
        How many there were.
    totals : bytes
        Payouts of all rounds by contributor, as JSON writes it.
    results : bytes or None
        Hashes of files, and instants, as JSON writes them; None in a ledger of the older form.
    """

    number: int
    previous: bytes
    line: bytes
    span: tuple[int, int]
    rounds: int
    totals: bytes
    results: bytes | None

    @property
    def bound(self) -> bool:
        """Whether it has hashes of the run's files."""
        return self.results is not None


Entry = Open | Round | Close


def longest_line(opened: bytes) -> int:
    """Say how long a ledger's lines may be, by its first one.

    Parameters
    ----------
    opened : bytes
        The open entry. What is none allows no more than one that counts nobody.

    Returns
    -------
    int
        Bytes with the newline, at most those of `MOST_CONTRIBUTORS`.

    Examples
    --------
    >>> longest_line(b'{"contributors":1000000,"kind":"open"}') // 10**6
    1024
    >>> longest_line(b'{"kind":"open"}') == LONGEST_LINE
    True
    """
    counted = _COUNTED.match(opened)
    contributors = int(counted[1]) if counted else 0
    return max(LONGEST_LINE, min(contributors, MOST_CONTRIBUTORS) * _A_CONTRIBUTOR)


def read(line: bytes, longest: int = LONGEST_LINE) -> Entry:
    r"""Read a line, if it is an entry to the letter.

    Parameters
    ----------
    line : bytes
        Without the newline.
    longest : int
        Bytes that it may have with it.

    Raises
    ------
    ValueError
        If it is not an entry; the message continues "the line ...".

    Examples
    --------
    >>> read(b'{"kind": "open"}')
    Traceback (most recent call last):
    ValueError: is no entry
    """
    if len(line) >= longest:
        raise ValueError(f"is longer than {longest - 1} bytes")
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"is not UTF-8: {error.reason} at byte {error.start}") from error
    if b',"contributors":[' in line:
        return _read_round(line)
    if match := _OPEN.fullmatch(line):
        return Open(
            *_place(line, match),
            run=match["run"],
            strategy=match["strategy"],
            pool=int(match["pool"]),
            public_key=match["public_key"],
            bound=match["settings"] is not None,
            longest=longest_line(line),
            holding=match["holding"],
        )
    match = _CLOSE.fullmatch(line)
    if match and (match["bound"] is None) == (match["summary"] is None):
        return Close(
            *_place(line, match), int(match["rounds"]), match["totals"], match["bound"]
        )
    raise _no_entry(line)


def signed(entry: Entry) -> tuple[bytes, bytes]:
    """Part an entry into its signature and what was signed.

    Returns
    -------
    tuple of bytes
        64 bytes; the line without the signature, its name and its comma.
    """
    start, end = entry.span
    digits = entry.line[start + len('"signature":"') : end - len('",')]
    return bytes.fromhex(digits.decode()), entry.line[:start] + entry.line[end:]


def _read_round(line: bytes) -> Round:
    # One pass over the contributors; what lies between the matches must be nothing.
    head, *parts = _PERSON.split(line)
    if parts:
        tail = parts.pop()
    else:
        head, tail = line[: (end := line.find(b'],"kind"'))], line[end:]
    match = _ROUND_TAIL.fullmatch(line, len(line) - len(tail))
    if match is None or any(parts[2::3]) or not _ROUND_HEAD.fullmatch(head):
        raise _no_entry(line)
    if (match["record"] is None) != (match["updates"] is None):
        raise _no_entry(line)
    return Round(
        *_place(line, match),
        run=match["run"],
        strategy=match["strategy"],
        round=int(match["round"]),
        pool=int(match["pool"]),
        contributors=parts[::3],
        payouts=list(map(int, parts[1::3])),
        bound=match["record"] is not None,
        held=match["held"],
    )


def _place(line: bytes, match: re.Match[bytes]) -> tuple[int, bytes, bytes, tuple[int, int]]:
    return int(match["number"]), match["previous"], line, match.span("signature")


def damage(line: bytes) -> str | None:
    r"""Say what a program that takes a file for any text has done to a line of JSON.

    Parameters
    ----------
    line : bytes
        With its newline, if it has one.

    Returns
    -------
    str or None
        Continues "the line ..."; None where nothing of the kind is seen.

    Examples
    --------
    >>> damage(b'{"kind":"open"}\r\n')[:26]
    'is ended by CR LF, not LF:'
    >>> damage(b'{"kind":"open"}\n')
    """
    body = line.removesuffix(b"\n")
    if body.startswith(codecs.BOM_UTF8):
        return (
            "is behind a byte order mark: a program has saved the file in a way of its own."
            f" {_AS_IT_WAS}"
        )
    # In a string a CR is spelled \r, and elsewhere there is none.
    if b"\r" in body:
        end = "CR LF" if line.endswith(b"\r\n") else "CR"
        return (
            f"is ended by {end}, not LF: the file's line ends were changed, by git"
            f" (core.autocrlf), an editor or a transfer as text. {_AS_IT_WAS}"
        )
    return None


def _no_entry(line: bytes) -> ValueError:
    if flaw := damage(line + b"\n"):
        return ValueError(flaw)
    if line.startswith(b'{"') != line.endswith((b'"}', b"}}")):
        return ValueError(
            "is no entry, but part of one: it was cut in two, perhaps by a program that takes"
            f" U+2028, U+2029 or U+0085 in a name for a line's end. {_AS_IT_WAS}"
        )
    return ValueError("is no entry")
