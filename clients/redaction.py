"""Keeping to itself what an error says: it may quote a patient's row."""

from __future__ import annotations

import os
from logging import ERROR
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from flwr.app import Error, Message
from flwr.common.logger import log

from anml_fl.catalogue import UnknownNameError
from anml_fl.datasets.table import TableError
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import TextError
from clients.repeated import Repeated, told_at

if TYPE_CHECKING:
    from flwr.app import Context
    from flwr.clientapp.typing import ClientAppCallable


_SAID = Repeated()


class WithheldError(RuntimeError):
    """In place of an error that may quote data.

    Parameters
    ----------
    words : str
        What is told instead.
    kind : type
        Of the error.
    """

    def __init__(self, words: str, kind: type[BaseException]) -> None:
        super().__init__(words)
        self.kind = kind


TOLD = (KeyboardInterrupt, WithheldError, ConfigError, UnknownNameError, TextError)
"""Errors whose words go on: they quote no data."""


def discreet(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Send the kind of an error to the server, and not what it says: a mod for any ClientApp.

    Flower sends both, and the server writes them into the round's record, its log and its
    page; the node's own log gets where it happened, and not what it says either. Only what is
    known to quote no data goes on as it is: errors about settings and the names in them, and
    about files that are no text. Of the operating system's errors the kind goes on, and not
    the file's name. What is wrong with a node's own table its owner reads in the node's log:
    file, line, column and value.

    Parameters
    ----------
    message : Message
    context : Context
        `data` in its node config, if the node has a table of its own.
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        The ClientApp's reply.

    Raises
    ------
    WithheldError
        In place of an error that may quote data.
    """
    try:
        reply = call_next(message, context)
    except TOLD:
        raise
    # SystemExit, and those of asyncio, are no Exception.
    except BaseException as error:  # noqa: BLE001 - whatever it is, its words stay here
        if isinstance(error, TableError) and context.node_config.get("data"):
            log(ERROR, "this node's table: %s", error)
        instead = told_instead(error, f"node {context.node_id}")
    else:
        if failed(reply):
            return Message(Error(reply.error.code, "told by the app"), reply_to=message)
        return reply
    raise instead


def told_instead(error: BaseException, whose: str) -> BaseException:
    """Give what goes on in an error's place; where it happened goes into the node's log.

    All calls that led there are in the log the first time, then a line for each whose error it
    is, then its tenth, hundredth, ... time: what fails in every round must not fill it.

    Parameters
    ----------
    error : BaseException
        Itself, if it is known to quote no data.
    whose : str
        Node or contributor.
    """
    if isinstance(error, TOLD):
        return error
    instead = withheld(error)
    calls = extract_tb(error.__traceback__)
    # Of one line in other hands the calls are others.
    at = "|".join(f"{one.filename}:{one.lineno}" for one in calls)
    first, times = _SAID.again(f"{instead}|{at}"), _SAID.again(f"{whose}|{instead}|{at}")
    if first == 1:
        log(ERROR, "%s: %s:\n%s", whose, instead, "".join(calls.format()))
    elif times == 1:
        log(ERROR, "%s: %s, as before", whose, instead)
    elif told_at(times):
        log(ERROR, "%s: %s, as before; %d times by now", whose, instead, times)
    return instead


def withheld(error: BaseException) -> WithheldError:
    """Name an error's kind and where it happened, in place of what it says.

    Examples
    --------
    >>> try:
    ...     float("patient 55")
    ... except ValueError as error:
    ...     str(withheld(error)).partition(" in ")[0]
    'ValueError'
    """
    kind = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        kind += f" ({os.strerror(error.errno)})"
    last = extract_tb(error.__traceback__)[-1]
    at = f"{Path(last.filename).name}, line {last.lineno}"
    words = f"{kind} in {at}; what it says may quote data, and is not sent"
    return WithheldError(words, type(error))


def failed(reply: object) -> bool:
    """Whether an app replies with an error that it worded itself."""
    return isinstance(reply, Message) and reply.has_error()
