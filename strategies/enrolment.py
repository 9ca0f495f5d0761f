"""Asking nodes who they are: what they are called, and which partition they hold."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord, MessageType

from strategies import protocol
from strategies.instruction import attribute, instruct

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flwr.app import Message
    from flwr.serverapp import Grid

LONGEST_NAME = 64
"""Characters of a node's name."""
_MOST_PARTITIONS = 10**9


@dataclass(frozen=True, slots=True)
class Told:
    """What a node says of itself, which nobody can check.

    Parameters
    ----------
    name : str
        Printable, at most 64 characters; empty if it has none.
    partition : int, optional
        That the engine gave it, >= 0.
    claimed : str
        What it says its partition is, however wrong.
    """

    name: str = ""
    partition: int | None = None
    claimed: str = ""


def enrol(
    grid: Grid, nodes: Collection[int], timeout: float
) -> tuple[Mapping[int, Told], Mapping[int, str]]:
    """Ask nodes who they are, each once.

    Parameters
    ----------
    grid : Grid
    nodes : collection of int
        Node ids.
    timeout : float
        Seconds to wait for answers.

    Returns
    -------
    tuple
        Node id to what it says; node id to the reason why it says nothing.
    """
    roster = {node: f"node-{node}" for node in nodes}
    config = ConfigRecord({protocol.ENROL: True})
    asked = instruct(roster, MessageType.TRAIN, 0, config, ttl=timeout)
    replies = grid.send_and_receive([one.message for one in asked], timeout=timeout)
    credited, left_out, _ = attribute(asked, replies, worded=True)
    told, reasons = {}, {}
    for one in asked:
        node = one.message.metadata.dst_node_id
        if (reply := credited.get(one.contributor)) is None:
            reasons[node] = left_out[one.contributor]
            continue
        try:
            told[node] = _told(reply)
        except Exception as error:  # noqa: BLE001 - hostile bytes must not end the run
            reasons[node] = f"unreadable answer ({type(error).__name__})"
    return told, reasons


def clean_name(name: object) -> str:
    r"""Make a name that may be shown of what a node says it is called; "" if it is none.

    Examples
    --------
    >>> clean_name("  Clinic\n North\x1b[2J "), len(clean_name("a" * 99)), clean_name(7)
    ('Clinic North [2J', 64, '')
    """
    if not isinstance(name, str):
        return ""
    text = unicodedata.normalize("NFC", name[: 16 * LONGEST_NAME])
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:LONGEST_NAME].rstrip()


def _told(reply: Message) -> Told:
    record = reply.content.config_records.get(protocol.IDENTITY, ConfigRecord())
    claimed = record.get(protocol.PARTITION)
    # type(), since a bool is an int.
    known = type(claimed) is int and 0 <= claimed < _MOST_PARTITIONS
    return Told(
        clean_name(record.get(protocol.NAME)),
        int(str(claimed)) if known else None,
        str(claimed)[:20],
    )
