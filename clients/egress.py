"""Its owner's policy, held against every reply that leaves a node: a mod for any ClientApp."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from logging import WARNING
from pathlib import Path
from typing import TYPE_CHECKING

from flwr.app import ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.common.logger import log

from anml_fl.settings.egress import EgressPolicy, read_policy
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import append_line
from clients.leaving import Asked, broken_rule
from clients.own_table import DATA, SCHEMA, node_schema
from strategies import protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import Context
    from flwr.clientapp.typing import ClientAppCallable

EGRESS, RECORD = "egress", "egress-log"
"""Where a node's config names the policy, and the record of what was held back."""
_RECORD = "egress.log"


class EgressError(ConfigError):
    """A reply that may not leave: names the rule, and nothing of what the reply holds."""


def guarded(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
    """Let a reply leave as far as the node's policy goes, or not at all.

    A node that names no policy has the usual one if its config names a table of its own, and
    none otherwise: a simulation's contributors have nothing to keep.

    Parameters
    ----------
    message : Message
    context : Context
        `egress`, `egress-log` and `data` in its node config.
    call_next : callable
        The ClientApp.

    Returns
    -------
    Message
        The ClientApp's reply, and the policy's hash.

    Raises
    ------
    EgressError
        If the reply breaks a rule.
    TypeError
        If the ClientApp returns no message.
    """
    policy = policy_of(context.node_config)
    if policy is None:
        return call_next(message, context)
    asked = _asked(message, context.node_config)
    reply = call_next(message, context)
    if not isinstance(reply, Message):
        raise TypeError(f"the ClientApp must return a Message, got {type(reply).__name__}")
    # What an error of the app's own says is cut off by `discreet`.
    if not reply.has_content():
        return reply
    if (broken := broken_rule(reply.content, asked, policy)) is not None:
        _note(record_of(context.node_config), broken.rule, message.metadata.message_type)
        log(
            WARNING,
            "egress: nothing of the reply to %s leaves this node: %s%s",
            message.metadata.message_type,
            broken.rule,
            f" ({broken.detail})" if broken.detail else "",
        )
        raise EgressError(f"egress: {broken.rule}")
    reply.content[protocol.EGRESS] = ConfigRecord({protocol.HASH: policy.digest})
    return reply


def policy_of(node: Mapping[str, object]) -> EgressPolicy | None:
    """Find a node's policy.

    Raises
    ------
    ConfigError, OSError
        If it names one that cannot be read: then nothing leaves.
    """
    if named := node.get(EGRESS):
        path = Path(str(named))
        return _policy(path, path.stat().st_mtime_ns)
    return EgressPolicy() if node.get(DATA) else None


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


def _asked(message: Message, node: Mapping[str, object]) -> Asked:
    """Keep what the reply is held against: an app may alter its message."""
    content = message.content if message.has_content() else RecordDict()
    config = content.config_records.get(protocol.CONFIG, ConfigRecord())
    arrays = content.array_records.get(protocol.ARRAYS)
    kept = None if arrays is None else ArrayRecord(dict(arrays))
    schema = None
    if message.metadata.message_type == protocol.ASK_STATISTICS and node.get(SCHEMA):
        schema = node_schema(node)
    return Asked(kept, config.get(protocol.LAYOUT), config.get(protocol.NONCE), schema)


def _note(path: Path, rule: str, kind: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        append_line(path, json.dumps({"at": at, "message": kind, "rule": rule}))
    except OSError as error:
        log(WARNING, "egress: it could not be noted: %s", error)


@lru_cache(maxsize=8)
def _policy(path: Path, stamp: int) -> EgressPolicy:
    return read_policy(path)
