"""Keeping what an error says on the node: it may quote a patient's row."""

from __future__ import annotations

from logging import ERROR
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.config import ConfigError
from anml_fl.files import TextError

if TYPE_CHECKING:
    from flwr.app import Context, Message
    from flwr.clientapp.typing import ClientAppCallable


def discreet(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Send the kind of an error to the server, and not what it says: a mod for any ClientApp.

    Flower sends both, and the server writes them into the round's record, its log and its
    page. Only what is known to quote no data goes on as it is: errors about settings, about
    files that are no text, and those of the operating system.

    Parameters
    ----------
    message : Message
    context : Context
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        The ClientApp's reply.

    Raises
    ------
    RuntimeError
        In place of an error that may quote data.
    """
    try:
        return call_next(message, context)
    except Exception as error:
        system = isinstance(error, OSError) and error.errno is not None
        if system or isinstance(error, (ConfigError, TextError)):
            raise
        kind, why = type(error).__name__, str(error)
    log(ERROR, "%s: %s (of this, the server is told the first word)", kind, why)
    raise RuntimeError(f"{kind}; what it says stays in the node's log")
