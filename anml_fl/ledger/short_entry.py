"""What a round's entry says besides of each contributor: a hundredth of it, read alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anml_fl.ledger.entry import Fields

_PEOPLE, _REST = b',"contributors":[', b'],"kind":"round",'


def without_people(line: bytes) -> Fields:
    """Read an entry of a ledger that was verified; a bound round's has no contributors then.

    Whoever finds that a round's line has the hash `record` knows what the entry says of them.
    Quotes inside texts are escaped, so that what is searched for stands once.

    Parameters
    ----------
    line : bytes
        As `read_lines` gives it.

    Examples
    --------
    >>> line = b'{"at":0.0,"contributors":[{"T":1}],"kind":"round","record":"sha"}'
    >>> without_people(line)["contributors"], without_people(line)["record"]
    ([], 'sha')
    >>> without_people(line.replace(b"record", b"round"))["contributors"]
    [{'T': 1}]
    """
    begin, end = line.find(_PEOPLE), line.rfind(_REST)
    if begin >= 0 and b'"record":' in line[end:]:
        line = line[: begin + len(_PEOPLE)] + line[end:]
    found: Fields = json.loads(line)
    return found
