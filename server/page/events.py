"""Server-sent events: each new round, and how the run stands whenever that changes.

An event's id says how far each strategy was, so that a reader who was cut off, or the server
restarted, goes on where it was.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING

from server.page.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from server.page.following import Following
    from server.page.watching import Watched

MOST_READERS = 64
"""At a time, of all runs together."""
_COMMENT = 15.0
_MOST_AT_ONCE = 1000
_PART = re.compile(r"([A-Za-z0-9_.:+-]{1,200})=([0-9]{1,9})", re.ASCII)


async def events(
    run: Watched, name: str, last_id: str, closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Tell a reader what happens.

    Parameters
    ----------
    run : Watched
    name : str
        The run's folder.
    last_id : str
        Of the last event that the reader had; "" of one who comes for the first time.
    closing : callable
        Whether the server is about to end.

    Yields
    ------
    bytes
        One event, or a comment where nothing happens for long.
    """
    state, had, first = b"", read_id(last_id), not last_id
    while not closing():
        version = run.version
        now = await run.answer("state", lambda following: snapshot(following, name).fields())
        rounds, done = await run.ask(partial(_new_rounds, had=had))
        # Of a file that was begun anew the state tells, and each round again.
        had = {strategy: min(had.get(strategy, 0), last) for strategy, last in done.items()}
        for strategy, number in () if first else rounds:
            had[strategy] = number
            yield _event("round", json.dumps({"strategy": strategy, "round": number}), had)
        had, first = done, False
        if now != state:
            state = now
            yield _event("state", state.decode(), had)
        while not await run.wait(version, _COMMENT) and not closing():
            yield b": nothing new\n\n"


def read_id(text: str) -> dict[str, int]:
    """Read an event's id; nothing of one that is none of ours.

    Examples
    --------
    >>> read_id("fedavg=20,nnm+krum=3"), read_id("??")
    ({'fedavg': 20, 'nnm+krum': 3}, {})
    """
    found = [_PART.fullmatch(part) for part in text[:8192].split(",")]
    return {match[1]: int(match[2]) for match in found if match}


def _new_rounds(
    run: Following, had: Mapping[str, int]
) -> tuple[list[tuple[str, int]], dict[str, int]]:
    """List the rounds after those that a reader had; and how far each strategy is."""
    new: list[tuple[str, int]] = []
    for strategy, rounds in run.rounds.items():
        last = min(had.get(strategy, 0), rounds.last)
        numbers = [number for number in rounds.places if number > last]
        # Whoever was away for long gets the last ones: the curves have them all.
        new += [(strategy, number) for number in numbers[-_MOST_AT_ONCE:]]
    return new, {name: rounds.last for name, rounds in run.rounds.items()}


def _event(kind: str, data: str, had: Mapping[str, int]) -> bytes:
    place = ",".join(f"{name}={number}" for name, number in had.items())
    return f"event: {kind}\nid: {place}\ndata: {data}\n\n".encode()
