"""Asking nodes for statistics over their rows, before the first round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord

from anml_fl.tables.schema import ValueLabel
from anml_fl.tables.statistics import Statistics
from strategies import protocol
from strategies.agreement import agreement
from strategies.instruction import LONGEST_REASON, attribute, instruct
from strategies.screening import MOST_EXAMPLES, BadReplyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import Message
    from flwr.serverapp import Grid

    from anml_fl.tables.schema import TableSchema

# A schema of a thousand columns stays far below; who sends more wants to exhaust the server.
_LONGEST = 2**22


@dataclass(frozen=True, slots=True)
class Told:
    """What nodes told of their rows.

    Parameters
    ----------
    statistics : mapping
        Contributor to its statistics, by stable identity; well-formed, and no more than a word.
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
    credited, left_out, refused = attribute(asked, replies)
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
    if len(text) > _LONGEST:
        raise BadReplyError(f"statistics of {len(text)} characters, more than {_LONGEST}")
    found = Statistics.from_json(text)
    if (wrong := _wrong(found, schema)) is not None:
        raise BadReplyError(f"statistics: {wrong}")
    return found


def _wrong(found: Statistics, schema: TableSchema) -> str | None:
    """Say what does not fit the schema, or cannot be counted over any rows."""
    columns = len(schema.scaled)
    sizes = len(found.counts), len(found.sums), len(found.squares)
    if sizes != (columns,) * 3:
        return f"{columns} counts, sums and squares are needed, got {sizes}"
    if (got := len(found.choices)) != (wanted := len(schema.chosen)):
        return f"choices of {wanted} columns are needed, got {got}"
    classes = 0 if isinstance(schema.label, ValueLabel) else schema.classes
    if len(found.classes) != classes:
        return f"{classes} classes are needed, got {len(found.classes)}"
    if not 0 <= found.rows <= MOST_EXAMPLES:
        return f"rows must lie in [0, {MOST_EXAMPLES}]"
    parts = (found.counts, found.classes, *found.choices)
    if any(not 0 <= n <= found.rows for part in parts for n in part):
        return f"a count must lie in [0, {found.rows}], its rows"
    for column, count, total, square in zip(
        schema.scaled, found.counts, found.sums, found.squares, strict=True
    ):
        # By Cauchy and Schwarz; the squares as they are rounded.
        if not 0 <= total * total <= count * square * (1 + 1e-6) + 1e-9:
            return f"column {column.name!r}: no values have that sum and those squares"
    return None
