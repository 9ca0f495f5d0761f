"""Asking nodes for statistics over their rows, before the first round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord

from anml_fl.tables.statistics import Statistics
from strategies import protocol
from strategies.agreement import agreement
from strategies.error_reply import LONGEST_REASON
from strategies.instruction import BadReplyError, attribute, instruct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import Message
    from flwr.serverapp import Grid

    from anml_fl.tables.schema import TableSchema


@dataclass(frozen=True, slots=True)
class Told:
    """What nodes told of their rows.

    Parameters
    ----------
    statistics : mapping
        Contributor to its statistics, by stable identity; such as rows could have.
    left_out : mapping
        Contributor to the reason, for all others who were asked.
    refused : tuple of str
        Reasons of replies that could be credited to nobody, sorted.
    """

    statistics: Mapping[str, Statistics]
    left_out: Mapping[str, str]
    refused: tuple[str, ...] = ()


def ask_statistics(
    grid: Grid, roster: Mapping[int, str], schema: TableSchema, timeout: float
) -> Told:
    """Ask every node for counts and sums over its training rows.

    Parameters
    ----------
    grid : Grid
    roster : mapping
        Node id to contributor.
    schema : TableSchema
        The one that all have agreed on.
    timeout : float
        Seconds to wait for answers.
    """
    asked = instruct(roster, protocol.ASK_STATISTICS, 0, agreement(schema), ttl=timeout)
    replies = grid.send_and_receive([one.message for one in asked], timeout=timeout)
    credited, left_out, refused = attribute(asked, replies, worded=True)
    statistics = {}
    for contributor, reply in sorted(credited.items()):
        try:
            statistics[contributor] = _statistics(reply, schema)
        except BadReplyError as error:
            left_out[contributor] = str(error)[:LONGEST_REASON]
        except Exception as error:  # noqa: BLE001 - hostile bytes must not end the run
            left_out[contributor] = f"unreadable statistics ({type(error).__name__})"
    return Told(statistics, left_out, refused)


def _statistics(reply: Message, schema: TableSchema) -> Statistics:
    record = reply.content.get(protocol.STATISTICS)
    text = record.get(protocol.JSON) if isinstance(record, ConfigRecord) else None
    if not isinstance(text, str):
        raise BadReplyError("no statistics in the reply")
    try:
        return Statistics.from_json(text, schema)
    except ValueError as error:
        raise BadReplyError(str(error)) from None
