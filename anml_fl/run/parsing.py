"""Parsing rounds once, however many readers a run's file has."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from anml_fl.method.records import RoundRecord

Parse = Callable[[str], RoundRecord]
"""A line of `rounds.jsonl` to its record; ValueError if it is none."""


def parsed_once() -> Parse:
    """Make what parses each line the first time that it is asked.

    Summary, audit, page and table read the same rounds one after the other; whoever leads them
    hands one of these on, and what it remembers goes with it. It goes by a line's own letters:
    each reader still reads the file, and of an altered line gets what stands there now.

    Examples
    --------
    >>> parse, line = parsed_once(), RoundRecord(1, "anml", "krum", 0.1, 0.2, ()).to_json()
    >>> parse(line) is parse(str(line.encode(), "ascii")), parse(line).branch
    (True, 'krum')
    """
    return cache(RoundRecord.from_json)
