"""Who sent nothing in a round: how a record says it, and the same in plain words."""

from __future__ import annotations

NO_REPLY = "no reply in time"
"""As a record says of a node that sent nothing until the round's deadline."""
NOT_CONNECTED = "no node is connected"
"""As it says of whoever had no node that could be asked."""
LOST = "error 5: "
"""How it begins where SuperLink lost a node that it had asked; Flower's own words follow."""

_PLAIN = {NOT_CONNECTED: "its node is not connected"}
_GONE = "its node was lost in this round: no sign of life came from it any more"


def sent_nothing(reason: str) -> bool:
    """Tell whether a reply was left out because none came.

    Examples
    --------
    >>> sent_nothing("no node is connected"), sent_nothing("update is not finite")
    (True, False)
    """
    return reason in (NO_REPLY, NOT_CONNECTED) or reason.startswith(LOST)


def plain(reason: str) -> str:
    """Put Flower's words for a node that is not there into plain ones; others stay.

    Examples
    --------
    >>> plain("error 5: Error: Node Unavailable — The destination node failed to ...")
    'its node was lost in this round: no sign of life came from it any more'
    >>> plain("update is not finite")
    'update is not finite'
    """
    return _GONE if reason.startswith(LOST) else _PLAIN.get(reason, reason)
