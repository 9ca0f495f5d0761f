"""What nodes say of a model on rows of their own: claims, which nobody can check."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord, MessageType, MetricRecord

from strategies import protocol
from strategies.error_reply import LONGEST_REASON
from strategies.examples import example_count
from strategies.instruction import BadReplyError, attribute, instruct
from strategies.metrics import Reported, reported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flwr.app import ArrayRecord, Message
    from flwr.serverapp import Grid

    from strategies.instruction import Instruction

# Which metric stands for the others where one is shown.
_SHOWN_FIRST = ("accuracy", "loss")


@dataclass(frozen=True, slots=True)
class Claims:
    """What nodes say of a model; shown, and never used for weights.

    Parameters
    ----------
    reports : mapping
        Contributor to what it says, by stable identity: metrics, each finite, and on how many
        rows.
    left_out : mapping
        Contributor to the reason, for all others who were asked.
    refused : tuple of str
        Reasons of replies that could be credited to nobody, sorted.
    """

    reports: Mapping[str, Reported]
    left_out: Mapping[str, str]
    refused: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Contributor to its metrics by name."""
        return {name: dict(one.values) for name, one in self.reports.items()}

    @property
    def examples(self) -> dict[str, int]:
        """Contributor to the number of rows that it says it tested on."""
        return {name: int(one.examples) for name, one in self.reports.items()}

    @property
    def leading(self) -> str:
        """The metric that most tell, among these an accuracy before a loss; "" without any."""
        told = Counter(metric for one in self.reports.values() for metric in one.values)
        ranks = {name: place - len(_SHOWN_FIRST) for place, name in enumerate(_SHOWN_FIRST)}
        return min(told, key=lambda one: (-told[one], ranks.get(one, 0), one), default="")

    @property
    def values(self) -> dict[str, float]:
        """Contributor to its leading metric."""
        metric = self.leading
        return {
            name: one.values[metric]
            for name, one in self.reports.items()
            if metric in one.values
        }

    @property
    def median(self) -> float:
        """Of the leading metric, each contributor's counting once; nan without any.

        Examples
        --------
        >>> said = {"a": 0.7, "b": 0.9, "liar": 1000.0}
        >>> Claims({n: Reported("claim", {"value": x}, 1) for n, x in said.items()}, {}).median
        0.9
        """
        return median(self.values.values()) if self.values else math.nan


def claims_of(
    asked: Iterable[Instruction],
    replies: Iterable[Message],
    read: Callable[[Message], Reported],
    *,
    worded: bool = False,
) -> Claims:
    """Credit replies to contributors, and take out of each what it claims.

    Parameters
    ----------
    asked : iterable of Instruction
    replies : iterable of Message
        In any order, from anyone; never believed, never raised on.
    read : callable
        From a reply to what is in it; raises a BadReplyError, whose message is the reason.
    worded : bool
        As in `strategies.instruction.attribute`.
    """
    credited, left_out, refused = attribute(asked, replies, worded=worded)
    reports = {}
    for contributor, reply in sorted(credited.items()):
        try:
            reports[contributor] = read(reply)
        except BadReplyError as error:
            left_out[contributor] = str(error)[:LONGEST_REASON]
        except Exception as error:  # noqa: BLE001 - hostile bytes must not end the run
            left_out[contributor] = f"unreadable claim ({type(error).__name__})"
    return Claims(reports, left_out, refused)


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
    return claims_of(asked, replies, _own_claim, worded=True)


def app_claims(
    asked: Iterable[Instruction], replies: Iterable[Message], weighted_by_key: str
) -> Claims:
    """Take out of an app's replies what its clients' evaluation says of a model."""
    return claims_of(asked, replies, lambda reply: reported(reply.content, weighted_by_key))


def _own_claim(reply: Message) -> Reported:
    record = reply.content.get(protocol.CLAIM)
    if not isinstance(record, MetricRecord):
        raise BadReplyError("no claim in the reply")
    value = record.get(protocol.VALUE)
    if isinstance(value, list) or value is None or not math.isfinite(value):
        raise BadReplyError(f"a claim must be one finite number, got {str(value)[:40]}")
    examples = example_count(record, protocol.EXAMPLES)
    return Reported(protocol.CLAIM, {protocol.VALUE: float(value)}, examples)
