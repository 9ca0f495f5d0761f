"""Asking nodes how good a model is on rows of their own: claims, which nobody can check."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord, MessageType, MetricRecord

from strategies import protocol
from strategies.instruction import LONGEST_REASON, attribute, instruct
from strategies.screening import MOST_EXAMPLES, BadReplyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import ArrayRecord, Message
    from flwr.serverapp import Grid


@dataclass(frozen=True, slots=True)
class Claims:
    """What nodes say of a model; shown, and never used for weights.

    Parameters
    ----------
    values : mapping
        Contributor to the score that it claims, finite, by stable identity.
    examples : mapping
        Contributor to the number of rows that it says it was tested on.
    left_out : mapping
        Contributor to the reason, for all others who were asked.
    refused : tuple of str
        Reasons of replies that could be credited to nobody, sorted.
    """

    values: Mapping[str, float]
    examples: Mapping[str, int]
    left_out: Mapping[str, str]
    refused: tuple[str, ...] = ()

    @property
    def median(self) -> float:
        """Of the values, each contributor's counting once; nan without any.

        Examples
        --------
        >>> Claims({"a": 0.7, "b": 0.9, "liar": 1000.0}, {}, {}).median
        0.9
        """
        return median(self.values.values()) if self.values else math.nan


def ask_claims(
    grid: Grid,
    roster: Mapping[int, str],
    arrays: ArrayRecord,
    config: ConfigRecord,
    metric: str,
    timeout: float,
) -> Claims:
    """Ask every node for a model's score on the rows that it held back.

    Parameters
    ----------
    grid : Grid
    roster : mapping
        Node id to contributor.
    arrays : ArrayRecord
        The model; packed or not, as `config` says (`strategies.transport.Transport.sent`).
    config : ConfigRecord
        As it is sent with a round: what nodes have agreed on, how the model travels.
    metric : str
        Of `anml_fl.models.metrics.METRICS`; "" for the error.
    timeout : float
        Seconds to wait for answers.
    """
    sent = ConfigRecord({**config, protocol.METRIC: metric})
    asked = instruct(roster, MessageType.EVALUATE, 0, sent, arrays, ttl=timeout)
    replies = grid.send_and_receive([one.message for one in asked], timeout=timeout)
    credited, left_out, refused = attribute(asked, replies)
    values, examples = {}, {}
    for contributor, reply in sorted(credited.items()):
        try:
            values[contributor], examples[contributor] = _claim(reply)
        except BadReplyError as error:
            left_out[contributor] = str(error)[:LONGEST_REASON]
        except Exception as error:  # noqa: BLE001 - hostile bytes must not end the run
            left_out[contributor] = f"unreadable claim ({type(error).__name__})"
    return Claims(values, examples, left_out, refused)


def _claim(reply: Message) -> tuple[float, int]:
    record = reply.content.get(protocol.CLAIM)
    if not isinstance(record, MetricRecord):
        raise BadReplyError("no claim in the reply")
    value, count = record.get(protocol.VALUE), record.get(protocol.EXAMPLES)
    if isinstance(value, list) or value is None or not math.isfinite(value):
        raise BadReplyError(f"a claim must be one finite number, got {str(value)[:40]}")
    if isinstance(count, list) or count is None or not 1 <= count <= MOST_EXAMPLES:
        raise BadReplyError(
            f"{protocol.EXAMPLES} must lie in [1, {MOST_EXAMPLES}], got {str(count)[:40]}"
        )
    return float(value), int(count)
