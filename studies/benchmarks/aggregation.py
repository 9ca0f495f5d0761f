"""A round's aggregation, from replies to the new model, beside Flower's FedAvg.

Processor time of one thread, on the same replies: screening, q, v, r, the rule, the mean and
the record. FedAvg takes the mean, and nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.proto.node_pb2 import NodeInfo
from flwr.serverapp.strategy import FedAvg, Strategy
from flwr.supercore.task_identity import TaskIdentity
from threadpoolctl import threadpool_limits

from anml_fl.seeding import stream
from anml_fl.settings.aggregation import Aggregation
from strategies import protocol
from strategies.participation import Participation
from strategies.rule import named_rule
from strategies.screened_strategy import ScreenedStrategy
from studies.benchmarks.harness import markdown, on_machine, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.benchmarks.harness import Progress

SIZES = ((100, 100_000), (20, 10_000_000), (10, 50_000_000))
"""Contributors and parameters."""

# Of one array of a large model: what transformers of this size have.
_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One size.

    Parameters
    ----------
    contributors, parameters : int
    ours, fedavg : float
        Seconds, the least of some.
    """

    contributors: int
    parameters: int
    ours: float
    fedavg: float


def run(
    sizes: Sequence[tuple[int, int]] = SIZES,
    rule: str = "anml",
    repeats: int = 5,
    *,
    progress: Progress = silent,
) -> list[Row]:
    """Measure ours and FedAvg in turn.

    Parameters
    ----------
    sizes : sequence of (int, int)
    rule : str
    repeats : int
    """
    TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 1, 1, 1
    rows = []
    for n, d in sizes:
        progress(f"{n} contributors of {d:,} parameters")
        sent = [_arrays(d, i) for i in range(n)]
        ours, fedavg = [], []
        for _ in range(repeats):
            strategy = ScreenedStrategy(
                named_rule(rule, Aggregation()), participation=Participation(roster=_roster)
            )
            # All that is asked of a grid here is which nodes there are.
            grid: Any = _Nodes(n)
            model = ArrayRecord(_arrays(d, n))
            asked: list[Message] = list(
                strategy.configure_train(1, model, ConfigRecord(), grid)
            )
            for message in asked:  # as a grid does when it pushes a message
                message.metadata.__dict__["_message_id"] = str(uuid4())
            ours.append(_timed(strategy, asked, sent))
            del strategy, model
            fedavg.append(_timed(FedAvg(), asked, sent))
        rows.append(Row(n, d, min(ours), min(fedavg)))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on.

    Examples
    --------
    >>> print(table([Row(10, 1000, 0.3, 0.2)]).splitlines()[-1])
    | 10 | 1,000 | 0.3000 | 0.2000 | 1.50 |
    """
    body = [
        [
            f"{row.contributors}",
            f"{row.parameters:,}",
            f"{row.ours:.4f}",
            f"{row.fedavg:.4f}",
            f"{row.ours / row.fedavg:.2f}",
        ]
        for row in rows
    ]
    return on_machine(markdown(["n", "d", "ours s", "FedAvg s", "ours / FedAvg"], body))


class _Nodes:
    """What a strategy asks of a grid: which nodes there are."""

    def __init__(self, count: int) -> None:
        self._ids = [100 + i for i in range(count)]

    def get_node_ids(self) -> list[int]:
        return self._ids

    def get_nodes(self) -> list[NodeInfo]:
        return [NodeInfo(node_id=node) for node in self._ids]


def _roster(grid: Any) -> dict[int, str]:
    return {node: f"contributor-{node:04d}" for node in grid.get_node_ids()}


def _arrays(d: int, seed: int) -> dict[str, Array]:
    values = stream(seed, "aggregation").standard_normal(d, dtype=np.float32)
    whole = d // _SIDE**2
    parts = np.split(values, [_SIDE**2 * (i + 1) for i in range(whole)])
    return {
        f"layer{i:03d}": Array(part.reshape(_SIDE, _SIDE) if part.size == _SIDE**2 else part)
        for i, part in enumerate(parts)
        if part.size
    }


def _timed(
    strategy: Strategy, asked: Sequence[Message], sent: Sequence[dict[str, Array]]
) -> float:
    replies = [_reply(message, own) for message, own in zip(asked, sent, strict=True)]
    with threadpool_limits(limits=1):
        start = time.process_time()
        arrays, _ = strategy.aggregate_train(1, iter(replies))
        took = time.process_time() - start
    if arrays is None:
        raise RuntimeError(f"{type(strategy).__name__} gave no model")
    return took


def _reply(message: Message, arrays: dict[str, Array]) -> Message:
    config = message.content.config_records[protocol.CONFIG]
    content = RecordDict({protocol.ARRAYS: ArrayRecord(arrays)})
    content[protocol.METRICS] = MetricRecord({protocol.EXAMPLES: 10})
    content[protocol.ECHO] = ConfigRecord({protocol.NONCE: config[protocol.NONCE]})
    return Message(content, reply_to=message)
