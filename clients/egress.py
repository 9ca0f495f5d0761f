"""Its owner's policy, held against every reply that leaves a node: a mod for any ClientApp.

It stands outermost: errors are replies too. It checks what an app replies, and is no sandbox:
code under the node's account needs no reply to send things.
"""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime
from logging import ERROR, WARNING
from pathlib import Path
from typing import TYPE_CHECKING

from flwr.app import ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.common.logger import log

from anml_fl.catalogue import UnknownNameError
from anml_fl.datasets.table import TableError
from anml_fl.settings.egress import EgressPolicy, read_policy
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import TextError, append_line
from clients.leaving import Asked, Broken, anew, broken_rule
from clients.own_table import DATA, SCHEMA, agreed_schema, node_schema
from clients.redaction import WithheldError, discreet
from strategies import protocol
from strategies.arrays import BadArrayError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import Context
    from flwr.clientapp.typing import ClientAppCallable

    from anml_fl.tables.schema import TableSchema

EGRESS, RECORD = "egress", "egress-log"
"""Where a node's config names the policy, and the record of what was held back."""
_RECORD = "egress.log"
_LOG = "the node's log says more"
_OWN = (ConfigError, UnknownNameError, TextError, TableError, BadArrayError)
# Found by the class itself, and told as it was called here: an app can name its own anything.
_KINDS = [
    (kind, kind.__name__)
    for kind in (*_OWN, *vars(builtins).values())
    if isinstance(kind, type) and issubclass(kind, BaseException)
]


class EgressError(ConfigError):
    """Nothing leaves but this: a rule or the kind of an error, in words that are fixed."""


def guarded(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Let a reply leave as far as the node's policy goes, or not at all.

    A node that names no policy has the usual one if its config names a table of its own, and
    none otherwise: a simulation's contributors have nothing to keep. With a policy in force an
    error's words stay in the node's log, and so does what an app replies as an error.

    Parameters
    ----------
    message : Message
    context : Context
        `egress`, `egress-log`, `data` and `schema` in its node config.
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        What the ClientApp replied, written anew, and the policy's hash.

    Raises
    ------
    EgressError
        If the policy or the schema cannot be used, the app fails, or its reply breaks a rule.
    """
    # As they came: an app may alter its message and its context.
    node, kind = dict(context.node_config), message.metadata.message_type
    if not _guards(node):
        return call_next(message, context)
    policy = _in_force(node)
    asked = _asked(message, node, _schema(message, node))
    answer = Message(RecordDict(), reply_to=message)
    reply = _replied(message, context, call_next)
    found = _leaving(reply, asked, policy)
    if isinstance(found, Broken):
        _note(record_of(node), found.rule, kind)
        log(
            WARNING,
            "egress: nothing of the reply to %s leaves this node: %s%s",
            kind,
            found.rule,
            f" ({found.detail})" if found.detail else "",
        )
        raise EgressError(f"egress: {found.rule}")
    answer.content = found
    answer.content[protocol.EGRESS] = ConfigRecord({protocol.HASH: policy.digest})
    return answer


def policy_of(node: Mapping[str, object]) -> EgressPolicy | None:
    """Read a node's policy, each time: it holds from the moment at which it is saved.

    Raises
    ------
    ConfigError, OSError
        If it names one that cannot be read: then nothing leaves.
    """
    if named := node.get(EGRESS):
        return read_policy(Path(str(named)))
    return EgressPolicy() if _guards(node) else None


def record_of(node: Mapping[str, object]) -> Path:
    """Find the file in which a node records what it held back.

    Examples
    --------
    >>> record_of({"egress": "/srv/node/egress.toml"}).as_posix()
    '/srv/node/egress.log'
    """
    if named := node.get(RECORD):
        return Path(str(named))
    return Path(str(node.get(EGRESS) or node[DATA])).with_name(_RECORD)


def _guards(node: Mapping[str, object]) -> bool:
    return bool(node.get(EGRESS) or node.get(DATA))


def _in_force(node: Mapping[str, object]) -> EgressPolicy:
    try:
        return policy_of(node) or EgressPolicy()
    except (OSError, ValueError) as error:
        log(ERROR, "egress: nothing leaves this node: %s", error)
    raise EgressError(f"egress: egress.toml cannot be used; {_LOG}")


def _schema(message: Message, node: Mapping[str, object]) -> TableSchema | None:
    """Read the node's schema; if the server means another, nothing is run."""
    content = message.content if message.has_content() else RecordDict()
    told = content.config_records.get(protocol.CONFIG, ConfigRecord())
    try:
        if node.get(DATA) and protocol.SCHEMA in told:
            return agreed_schema(node, told)
        return node_schema(node) if node.get(SCHEMA) else None
    except ConfigError as error:
        words = str(error)
    except TableError as error:
        log(ERROR, "this node's table: %s", error)
        words = f"{_kind(TableError)}; {_LOG}"
    raise EgressError(words)


def _asked(message: Message, node: Mapping[str, object], schema: TableSchema | None) -> Asked:
    """Keep what the reply is held against."""
    content = message.content if message.has_content() else RecordDict()
    config = content.config_records.get(protocol.CONFIG, ConfigRecord())
    arrays = content.array_records.get(protocol.ARRAYS)
    kept = None if arrays is None else ArrayRecord(dict(arrays))
    if message.metadata.message_type != protocol.ASK_STATISTICS:
        schema = None
    return Asked(
        kept,
        config.get(protocol.LAYOUT),
        config.get(protocol.NONCE),
        schema,
        node.get(protocol.NAME),
    )


def _replied(message: Message, context: Context, call_next: ClientAppCallable) -> object:
    """Call the app; of what it raises the kind alone goes on."""
    try:
        return discreet(message, context, call_next)
    except KeyboardInterrupt:
        kind: type[BaseException] | None = None
    except WithheldError as error:
        kind = error.kind  # `discreet` has logged where it was
    except BaseException as error:  # noqa: BLE001 - those whose words `discreet` lets pass
        kind = type(error)
        log(ERROR, "%s, whose words stay here: %s", _kind(kind), error)
    # Out of the handlers: Flower would log what an error followed from.
    if kind is None:
        raise KeyboardInterrupt
    raise EgressError(f"{_kind(kind)}; {_LOG}")


def _kind(kind: type[BaseException]) -> str:
    """Name an error that Python or we have, or the nearest that another one comes from.

    Examples
    --------
    >>> _kind(json.JSONDecodeError), _kind(EgressError)
    ('ValueError', 'ConfigError')
    """
    return next(name for one in type.mro(kind) for known, name in _KINDS if one is known)


def _leaving(reply: object, asked: Asked, policy: EgressPolicy) -> RecordDict | Broken:
    """Say what of a reply leaves, or why nothing does."""
    try:
        if not isinstance(reply, Message):
            return Broken("the app returned no message")
        if not reply.has_content():
            return Broken("an error that the app itself worded may not leave")
        found = broken_rule(reply.content, asked, policy)
        return anew(reply.content, asked) if found is None else found
    except Exception as error:  # noqa: BLE001 - whatever a reply does, its words stay here
        return Broken("the reply cannot be read", _kind(type(error)))


def _note(path: Path, rule: str, kind: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        append_line(path, json.dumps({"at": at, "message": kind, "rule": rule}))
    except OSError as error:
        log(WARNING, "egress: it could not be noted: %s", error)
