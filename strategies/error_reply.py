"""Why an error came in a reply's place: in words of ours, since a client's may quote a row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flwr.common.constant import ErrorCode

if TYPE_CHECKING:
    from flwr.app import Error

LONGEST_REASON = 200
"""Characters of a reason, which may be a client's own words."""
_WORDS = {
    ErrorCode.LOAD_CLIENT_APP_EXCEPTION: "the ClientApp cannot be loaded",
    ErrorCode.MESSAGE_UNAVAILABLE: "the message is no longer there",
    ErrorCode.REPLY_MESSAGE_UNAVAILABLE: "the reply is no longer there",
    ErrorCode.NODE_UNAVAILABLE: "the node is not there",
    ErrorCode.MOD_FAILED_PRECONDITION: "a mod of the ClientApp cannot be applied",
    ErrorCode.INVALID_FAB: "the app's bundle could not be verified",
    ErrorCode.CLIENT_APP_CRASHED: "the ClientApp stopped",
}
_UNKNOWN = "an error without words of ours"
# As `clients.redaction` writes it, and what a grid says of a reply that is none.
_OURS = re.compile(
    r"[A-Za-z_]\w{0,60}( \([A-Za-z ]{1,60}\))? in [\w.<>-]{1,80}, line \d{1,6};"
    r" what it says may quote data, and is not sent"
    r"|the ClientApp must return a Message, got [A-Za-z_]\w{0,60}"
    r"|the ClientApp must return a reply to its message,"
    r" Message\(\.\.\., reply_to=message\), got one to node \d{1,20}"
    # Flower's, of a ClientApp that has no function for it.
    r"|No (train|evaluate|query) function registered with name '\w{1,60}'",
    re.ASCII,
)
# As Flower's engines and the inline grid name the kind of an exception.
_KIND = re.compile(
    r"<class '(?:[A-Za-z_]\w*\.|<locals>\.){0,8}([A-Za-z_]\w{0,60})'>:"
    r"|(\w{0,50}(?:Error|Exception|Exit|Interrupt)):",
    re.ASCII,
)
# What `clients.redaction` lets pass: these errors of ours quote no data.
_TOLD = re.compile(
    r"(?:<class '(?:clients|anml_fl)\.[\w.]*)?"
    r"(?:ConfigError|EgressError|UnknownNameError|TextError)(?:'>)?:"
)
# Flower's simulation raises this one in place of any other.
_ANY = "ClientAppException"


def reason_of(error: Error) -> str:
    """Say what happened, in words that no row of an honest ClientApp's can be among.

    Parameters
    ----------
    error : Error
        Its number, and of an exception the kind, are told; what the exception says stays in
        the node's log.

    Examples
    --------
    >>> from flwr.app import Error
    >>> reason_of(Error(2, "<class 'ValueError'>:<'patient 55 is 17'>"))
    "error 2: the ClientApp raised ValueError; the node's log says more"
    >>> reason_of(Error(5, "patient 55"))
    'error 5: the node is not there'
    """
    reason = (error.reason or "")[:10_000]
    number = f"error {error.code}"
    if _TOLD.match(reason):
        return worded(error)
    if ours := _OURS.search(reason):
        return f"{number}: {ours[0]}"
    if error.code not in (ErrorCode.UNKNOWN, ErrorCode.CLIENT_APP_RAISED_EXCEPTION):
        return f"{number}: {_WORDS.get(error.code, _UNKNOWN)}"
    found = _KIND.match(reason)
    kind = (found[1] or found[2]) if found else _ANY
    raised = "an error" if kind == _ANY else kind
    return f"{number}: the ClientApp raised {raised}; the node's log says more"


def worded(error: Error) -> str:
    r"""Tell an error in its own words: of our own ClientApp, which keeps rows out of them.

    Examples
    --------
    >>> from flwr.app import Error
    >>> worded(Error(5, "node\n is  gone"))
    'error 5: node is gone'
    """
    reason = f"error {error.code}: {error.reason or 'no reason given'}"
    # Control characters would speak to whoever's terminal shows the log.
    printable = "".join(c if c.isprintable() or c.isspace() else "?" for c in reason[:10_000])
    return " ".join(printable.split())[:LONGEST_REASON]
