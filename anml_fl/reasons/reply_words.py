"""Who sent nothing in a round: how a record says it, and the same in plain words."""

from __future__ import annotations

NO_REPLY = "no reply in time"
"""As a record says of a node that sent nothing until the round's deadline."""
NOT_CONNECTED = "no node is connected"
"""As it says of whoever had no node that could be asked."""
LATE, GONE = ("error 3: ", "error 4: "), "error 5: "
"""How it begins where SuperLink gave up: what was asked for ran out, or the node gave no sign
of life. Flower's own words follow."""

_PLAIN = {NOT_CONNECTED: "its node is not connected"}
_RAN_OUT = "no reply in time: what was asked of it ran out"
_LOST = "its node was lost in this round: no sign of life came from it any more"


def sent_nothing(reason: str) -> bool:
    """Tell whether a reply was left out because none came.

    Examples
    --------
    >>> sent_nothing("no node is connected"), sent_nothing("update is not finite")
    (True, False)
    """
    return reason in (NO_REPLY, NOT_CONNECTED) or reason.startswith((*LATE, GONE))


def what_came(reason: str | None) -> str:
    """Say in a word or two of whoever gave no valid reply how it was: nobody refused it.

    Parameters
    ----------
    reason : str, optional
        As a record has it.

    Examples
    --------
    >>> what_came("no node is connected"), what_came("no reply in time")
    ('absent', 'did not answer')
    >>> what_came("update is not finite"), what_came(None)
    ('no valid reply', 'no valid reply')
    """
    if reason is None or not sent_nothing(reason):
        return "no valid reply"
    return "absent" if reason == NOT_CONNECTED or reason.startswith(GONE) else "did not answer"


def plain(reason: str) -> str:
    """Put Flower's words for a node that is not there into plain ones; others stay.

    Examples
    --------
    >>> plain("error 5: Error: Node Unavailable — The destination node failed to ...")
    'its node was lost in this round: no sign of life came from it any more'
    >>> plain("update is not finite")
    'update is not finite'
    """
    if reason.startswith(LATE):
        return _RAN_OUT
    return _LOST if reason.startswith(GONE) else _PLAIN.get(reason, reason)
