"""Echoing a round's secret: what binds a reply to the node that was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flwr.app import ConfigRecord, Message

from strategies import protocol

if TYPE_CHECKING:
    from flwr.app import Context
    from flwr.clientapp.typing import ClientAppCallable


def echo_nonce(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Put the instruction's nonce into the reply: a mod for any Flower ClientApp.

    Parameters
    ----------
    message : Message
        From the server. Without a nonce in its config it is another strategy's, and goes
        its way as if there were no mod.
    context : Context
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        The ClientApp's reply, with the echo in it.

    Raises
    ------
    TypeError
        If the ClientApp returns no message: for one that never comes a round would wait.
    """
    nonce = _nonce(message)
    reply = call_next(message, context)
    if nonce is None:
        return reply
    if not isinstance(reply, Message):
        raise TypeError(f"the ClientApp must return a Message, got {type(reply).__name__}")
    if reply.has_content():
        reply.content[protocol.ECHO] = ConfigRecord({protocol.NONCE: nonce})
    return reply


def _nonce(message: Message) -> bytes | None:
    if not message.has_content():
        return None
    config = message.content.config_records.get(protocol.CONFIG, ConfigRecord())
    nonce = config.get(protocol.NONCE)
    return nonce if isinstance(nonce, bytes) else None
