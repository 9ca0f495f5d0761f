"""Instructions of a round, and the replies that belong to them.

`reply.metadata.src_node_id` is whatever the client wrote there. A reply belongs to a
contributor only with the secret nonce that was sent, this round, to that node alone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flwr.app import ConfigRecord, Message, RecordDict

from strategies import protocol
from strategies.error_reply import reason_of
from strategies.error_reply import worded as told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flwr.app import ArrayRecord

NO_ECHO = "reply without its round's secret: the ClientApp needs echo_nonce"
"""Why a reply to a message of the round does not count that echoes nothing at all."""


class BadReplyError(ValueError):
    """A reply that does not count; the message is the reason."""


class RecordNames(NamedTuple):
    """What the records of a message are called."""

    arrays: str = protocol.ARRAYS
    config: str = protocol.CONFIG


_OURS = RecordNames()


@dataclass(frozen=True, slots=True)
class Instruction:
    """What was sent to one node in one round.

    Parameters
    ----------
    contributor : str
        Stable identity of whoever runs the node.
    message : Message
        The message; the grid fills its id in when it is pushed.
    nonce : bytes
        The secret in it.
    """

    contributor: str
    message: Message
    nonce: bytes


def instruct(
    roster: Mapping[int, str],
    message_type: str,
    server_round: int,
    config: ConfigRecord,
    arrays: ArrayRecord | None = None,
    ttl: float | None = None,
    names: RecordNames = _OURS,
) -> list[Instruction]:
    """Write one message a node, each with its contributor's name and a nonce of its own.

    Parameters
    ----------
    roster : mapping
        Node id to contributor.
    message_type : str
    server_round : int
    config : ConfigRecord
        Settings for everybody.
    arrays : ArrayRecord, optional
        The global model.
    ttl : float, optional
        Seconds after which the engine may drop a message: a node that was late is not to
        work through rounds that are over. Flower's own if not given.
    names : RecordNames
        Of the records that the model and the settings travel in.

    Returns
    -------
    list of Instruction
        By stable identity.
    """
    instructions = []
    for node_id, contributor in sorted(roster.items(), key=lambda item: (item[1], item[0])):
        nonce = secrets.token_bytes(16)
        config_sent = ConfigRecord({**config, protocol.ROUND: server_round})
        config_sent[protocol.CONTRIBUTOR] = contributor
        config_sent[protocol.NONCE] = nonce
        content = RecordDict({names.config: config_sent})
        if arrays is not None:
            content[names.arrays] = arrays
        message = Message(content, node_id, message_type, group_id=str(server_round), ttl=ttl)
        instructions.append(Instruction(contributor, message, nonce))
    return instructions


def attribute(
    instructions: Iterable[Instruction], replies: Iterable[Message], *, worded: bool = False
) -> tuple[dict[str, Message], dict[str, str], tuple[str, ...]]:
    """Credit replies to contributors by their nonces.

    Parameters
    ----------
    instructions : iterable of Instruction
        Of this round.
    replies : iterable of Message
        In any order, from anyone.
    worded : bool
        Whether errors are told in their own words: of our own ClientApp, whose errors quote
        no data. Of any other's the kind is told.

    Returns
    -------
    tuple
        Contributor to its one reply; contributor to the reason why it has none;
        reasons of replies that belong to nobody, sorted.
    """
    asked = list(instructions)
    by_nonce = {one.nonce: one for one in asked}
    by_message = {one.message.metadata.message_id: one for one in asked}
    credited: dict[str, list[Message]] = {one.contributor: [] for one in asked}
    left_out: dict[str, str] = {}
    refused: list[str] = []
    for reply in replies:
        try:
            if reply.has_error():
                reason = (told if worded else reason_of)(reply.error)
                _note_error(reply, reason, by_message, left_out, refused)
                continue
            one = by_nonce.get(_nonce(reply))
            if one is None:
                _note_stray(reply, by_message, left_out, refused)
            elif _consistent(reply, one.message):
                credited[one.contributor].append(reply)
            else:
                refused.append(
                    f"metadata do not belong to the nonce, which was sent to {one.contributor}"
                )
        except Exception as error:  # noqa: BLE001 - whatever a grid hands on as a reply
            refused.append(f"unreadable reply ({type(error).__name__})")
    single = {}
    for contributor, own in credited.items():
        if len(own) == 1:
            single[contributor] = own[0]
            left_out.pop(contributor, None)
        elif own:
            left_out[contributor] = f"{len(own)} replies of one contributor"
        else:
            left_out.setdefault(contributor, "no reply in time")
    return single, left_out, tuple(sorted(refused))


def _nonce(reply: Message) -> bytes:
    try:
        # Not `config_records`: a circle, which keeps a reply until Python looks for those.
        echo = reply.content[protocol.ECHO]
        nonce = echo[protocol.NONCE] if isinstance(echo, ConfigRecord) else b""
    except Exception:  # noqa: BLE001 - a reply may lack anything
        return b""
    return nonce if isinstance(nonce, bytes) else b""


def _consistent(reply: Message, instruction: Message) -> bool:
    return (
        reply.metadata.src_node_id == instruction.metadata.dst_node_id
        and reply.metadata.reply_to_message_id == instruction.metadata.message_id
        and reply.metadata.message_type == instruction.metadata.message_type
    )


def _note_stray(
    reply: Message,
    by_message: Mapping[str, Instruction],
    left_out: dict[str, str],
    refused: list[str],
) -> None:
    """Tell a ClientApp without the mod, which is a mistake, from a nonce that is not one."""
    one = by_message.get(reply.metadata.reply_to_message_id)
    if one and protocol.ECHO not in reply.content and _consistent(reply, one.message):
        _note(left_out, one.contributor, NO_ECHO)
    else:
        refused.append("no nonce of this round")


def _note_error(
    reply: Message,
    reason: str,
    by_message: Mapping[str, Instruction],
    left_out: dict[str, str],
    refused: list[str],
) -> None:
    """Credit an error by the message it answers: Flower's own come from node 1."""
    one = by_message.get(reply.metadata.reply_to_message_id)
    if one is None:
        refused.append(f"{reason}, in answer to no instruction of this round")
    else:
        _note(left_out, one.contributor, reason)


def _note(left_out: dict[str, str], contributor: str, reason: str) -> None:
    # The least of several, so that the order of arrival does not show.
    left_out[contributor] = min(reason, left_out.get(contributor, reason))
