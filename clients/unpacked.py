"""Unpacking the global model, and packing the trained one: a mod for any ClientApp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategies import protocol
from strategies.packing import pack, read_layout, unpack

if TYPE_CHECKING:
    from flwr.app import Context, Message
    from flwr.clientapp.typing import ClientAppCallable


def unpacked(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Let a ClientApp see a model's arrays by name, however they travel.

    Parameters
    ----------
    message : Message
        From the server; a layout in its config says that the arrays are packed.
    context : Context
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        The ClientApp's reply, packed as the message was.
    """
    layout = message.content.config_records[protocol.CONFIG].get(protocol.LAYOUT)
    if not isinstance(layout, str):
        return call_next(message, context)
    known = read_layout(layout)
    arrays = message.content.array_records[protocol.ARRAYS]
    message.content[protocol.ARRAYS] = unpack(arrays, known)
    reply = call_next(message, context)
    if reply.has_content():
        trained = reply.content.array_records[protocol.ARRAYS]
        reply.content[protocol.ARRAYS] = pack(trained, known.names)
    return reply
