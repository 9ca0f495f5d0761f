"""Echoing a round's secret: what binds a reply to the node that was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flwr.app import ConfigRecord

from strategies import protocol

if TYPE_CHECKING:
    from flwr.app import Context, Message
    from flwr.clientapp.typing import ClientAppCallable


def echo_nonce(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Put the instruction's nonce into the reply: a mod for any Flower ClientApp.

    Parameters
    ----------
    message : Message
        From the server, with the nonce in its config.
    context : Context
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        The ClientApp's reply, with the echo in it.
    """
    nonce = message.content.config_records[protocol.CONFIG][protocol.NONCE]
    reply = call_next(message, context)
    if reply.has_content():
        reply.content[protocol.ECHO] = ConfigRecord({protocol.NONCE: nonce})
    return reply
