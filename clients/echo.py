"""Echoing a round's secret: what binds a reply to the node that was asked."""

from __future__ import annotations

import re
from logging import ERROR
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord, Error, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.common.logger import log

from clients.redaction import TOLD, failed, withheld
from strategies import protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flwr.app import Context
    from flwr.clientapp.typing import ClientAppCallable, Mod

    Registered = Callable[[ClientAppCallable], ClientAppCallable]
    Lifespan = Callable[[Context], Iterator[None]]

_UNREGISTERED = re.compile(r"No \w+ function registered with name '\w+'", re.ASCII)


def echo_nonce(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Put the instruction's nonce into the reply: a mod for any Flower ClientApp.

    Whoever is asked who it is, is answered here: with the node's name and partition, as they
    stand in its node config. The ClientApp is not called for it.

    Parameters
    ----------
    message : Message
        From the server. Without a nonce in its config it is another strategy's, and goes
        its way as if there were no mod.
    context : Context
        Possibly `name` and `partition-id` in its node config.
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
    WithheldError
        In place of what the ClientApp raises, whose words may quote data: Flower would send
        them to the server. They are in the node's log.
    """
    config = _instruction(message)
    if config is None:
        return call_next(message, context)
    # Kept before the app is called, which may alter its message.
    nonce, enrols = config[protocol.NONCE], config.get(protocol.ENROL) is True
    reply = _enrolment(message, context) if enrols else _replied(message, context, call_next)
    if not isinstance(reply, Message):
        raise TypeError(f"the ClientApp must return a Message, got {type(reply).__name__}")
    if failed(reply):
        log(ERROR, "the ClientApp replies with an error: %s", reply.error.reason)
        return Message(Error(reply.error.code, "told by the app"), reply_to=message)
    if reply.has_content():
        reply.content[protocol.ECHO] = ConfigRecord({protocol.NONCE: nonce})
    return reply


def wrap(app: ClientApp) -> ClientApp:
    """Give a ClientApp the mod `echo_nonce`, and leave all else in it as it is.

    Parameters
    ----------
    app : ClientApp
        With its functions, mods and lifespan; what is registered afterwards is the same app's.

    Raises
    ------
    TypeError
        If it is no ClientApp.

    Examples
    --------
    >>> app = wrap(ClientApp())
    >>> isinstance(app, ClientApp)
    True
    """
    if not isinstance(app, ClientApp):
        raise TypeError(f"wrap needs a flwr.clientapp.ClientApp, got {type(app).__name__}")
    return _Echoing(app)


class _Echoing(ClientApp):
    """An app behind the mod, which is outermost: a lifespan begins for its own work alone."""

    def __init__(self, app: ClientApp) -> None:
        super().__init__()
        self._app = app

    def __call__(self, message: Message, context: Context) -> Message:
        return echo_nonce(message, context, self._app)

    def train(self, action: str = "default", *, mods: list[Mod] | None = None) -> Registered:
        return self._app.train(action, mods=mods)

    def evaluate(
        self, action: str = "default", *, mods: list[Mod] | None = None
    ) -> Registered:
        return self._app.evaluate(action, mods=mods)

    def query(self, action: str = "default", *, mods: list[Mod] | None = None) -> Registered:
        return self._app.query(action, mods=mods)

    def lifespan(self) -> Callable[[Lifespan], Lifespan]:
        return self._app.lifespan()


def _replied(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Call the app; of what it raises the kind is told, and all in the node's log alone."""
    try:
        return call_next(message, context)
    except TOLD:
        raise
    except BaseException as error:
        if _UNREGISTERED.fullmatch(str(error)):  # an everyday answer, in Flower's words
            raise
        instead = withheld(error)
        log(ERROR, "%s. In full:", instead, exc_info=error)
    # Out of the handler: an engine would send, or log, what an error followed from.
    raise instead


def _instruction(message: Message) -> ConfigRecord | None:
    """Find the record with our nonce; an app may have its config under a name of its own."""
    if not message.has_content():
        return None
    for config in message.content.config_records.values():
        if isinstance(config.get(protocol.NONCE), bytes):
            return config
    return None


def _enrolment(message: Message, context: Context) -> Message:
    identity, node = ConfigRecord(), context.node_config
    if (name := node.get(protocol.NAME)) not in (None, ""):
        identity[protocol.NAME] = str(name)
    if type(partition := node.get(protocol.PARTITION)) is int:
        identity[protocol.PARTITION] = partition
    return Message(
        RecordDict({protocol.IDENTITY: identity} if identity else {}), reply_to=message
    )
