"""Unpacking the global model, and packing the trained one: a mod for any ClientApp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flwr.app import ArrayRecord, ConfigRecord, Message

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
    packed = _packed(message)
    if packed is None:
        return call_next(message, context)
    arrays, layout = packed
    message.content[protocol.ARRAYS] = unpack(arrays, layout)
    reply = call_next(message, context)
    if not isinstance(reply, Message):
        raise TypeError(f"the ClientApp must return a Message, got {type(reply).__name__}")
    # A reply without arrays goes as it is: the strategy says what it lacks.
    trained = reply.content.get(protocol.ARRAYS) if reply.has_content() else None
    if isinstance(trained, ArrayRecord):
        reply.content[protocol.ARRAYS] = pack(trained, layout.names)
    return reply


def _packed(message: Message) -> tuple[ArrayRecord, Layout] | None:
    if not message.has_content():
        return None
    # Not `array_records`: it is a circle, which keeps a message until Python looks for those.
    arrays, config = (message.content.get(one) for one in (protocol.ARRAYS, protocol.CONFIG))
    if not isinstance(arrays, ArrayRecord) or not isinstance(config, ConfigRecord):
        return None
    text = config.get(protocol.LAYOUT)
    if not isinstance(text, str) or set(arrays) != {PACKED}:
        return None
    return arrays, read_layout(text)
