"""Unpacking the global model, and packing the trained one: a mod for any ClientApp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flwr.app import ConfigRecord, Message

from strategies import protocol
from strategies.packing import PACKED, pack, read_layout, unpack

if TYPE_CHECKING:
    from flwr.app import Context
    from flwr.clientapp.typing import ClientAppCallable

    from strategies.layout import Layout


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

    Raises
    ------
    TypeError
        If the ClientApp returns no message.
    """
    layout = _layout(message)
    if layout is None:
        return call_next(message, context)
    arrays = message.content.array_records[protocol.ARRAYS]
    message.content[protocol.ARRAYS] = unpack(arrays, layout)
    reply = call_next(message, context)
    if not isinstance(reply, Message):
        raise TypeError(f"the ClientApp must return a Message, got {type(reply).__name__}")
    # A reply without arrays goes as it is: the strategy says what it lacks.
    if reply.has_content() and protocol.ARRAYS in reply.content.array_records:
        trained = reply.content.array_records[protocol.ARRAYS]
        reply.content[protocol.ARRAYS] = pack(trained, layout.names)
    return reply


def _layout(message: Message) -> Layout | None:
    if not message.has_content() or protocol.ARRAYS not in message.content.array_records:
        return None
    config = message.content.config_records.get(protocol.CONFIG, ConfigRecord())
    text = config.get(protocol.LAYOUT)
    if not isinstance(text, str) or set(message.content[protocol.ARRAYS]) != {PACKED}:
        return None
    return read_layout(text)
