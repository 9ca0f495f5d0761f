"""What a round of large models costs the server: resident memory beside the replies' own.

One strategy a process, so that the process's peak is that strategy's. Two rounds are done:
what is kept of the first one must not lie beside the second one's replies. `calibrated` has a
root set, of 80 rows, as where it is the default.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from threadpoolctl import threadpool_limits

from anml_fl.seeding import stream
from anml_fl.settings.aggregation import Aggregation
from clients.echo import echo_nonce
from clients.unpacked import unpacked
from server.engines.inline_grid import InlineGrid
from strategies.arrays import values_of
from strategies.participation import Participation
from strategies.rule import named_rule
from strategies.screened_strategy import ScreenedStrategy
from strategies.transport import Transport
from studies.benchmarks.harness import Progress, markdown, on_machine, peak_memory, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flwr.app import Context
    from numpy.typing import NDArray

RULES = ("anml", "calibrated", "fedavg", "krum", "median", "trimmed_mean", "bulyan")
_ROUNDS = 2
# Of one array of the model: what transformers of this size have.
_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy's rounds.

    Parameters
    ----------
    rule : str
    contributors, parameters : int
        n and d.
    packed : bool
        Whether arrays travelled as one.
    growth : int
        Bytes at the peak beyond those before the first round, when the process had the
        global model as it is sent.
    seconds : float
        Of processor time for one round, without the contributors' training.
    """

    rule: str
    contributors: int
    parameters: int
    packed: bool
    growth: int
    seconds: float

    @property
    def ratio(self) -> float:
        """The growth beside the n d 4 bytes of the replies, which are part of it."""
        return self.growth / (4 * self.contributors * self.parameters)


def run(
    parameters: int,
    contributors: Sequence[int],
    rules: Sequence[str] = RULES,
    *,
    packed: bool = False,
    progress: Progress = silent,
) -> list[Row]:
    """Measure rules, each with each number of contributors, in a process of its own.

    Parameters
    ----------
    parameters : int
        d, of float32.
    contributors : sequence of int
    rules : sequence of str
    packed : bool
        Whether arrays travel as one.

    Raises
    ------
    RuntimeError
        If such a process ends early, as it does without enough memory.
    """
    rows = []
    for count in contributors:
        for rule in rules:
            progress(f"{rule}, {count} contributors")
            given = json.dumps([rule, count, parameters, packed])
            call = [sys.executable, "-m", __name__, given]
            done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603 - itself
            if done.returncode:
                raise RuntimeError(
                    f"{rule} with {count} contributors ended with {done.returncode}:"
                    f" {done.stderr[-500:]}"
                )
            rows.append(Row(**json.loads(done.stdout.splitlines()[-1])))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on."""
    heads = ["rule", "n", "d", "replies MB", "peak MB", "peak / replies", "s a round"]
    lines = [
        [
            row.rule + (", packed" if row.packed else ""),
            str(row.contributors),
            f"{row.parameters:,}",
            f"{4 * row.contributors * row.parameters / 1e6:,.0f}",
            f"{row.growth / 1e6:,.0f}",
            f"{row.ratio:.2f}",
            f"{row.seconds:.1f}",
        ]
        for row in rows
    ]
    return on_machine(markdown(heads, lines))


def measure(rule: str, contributors: int, parameters: int, packed: bool) -> Row:
    """Do rounds in this process, whose peak memory must be theirs."""
    seconds = 0.0
    app = ClientApp(mods=[echo_nonce, *([unpacked] if packed else [])])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        nonlocal seconds
        began = time.process_time()
        reply = _trained(message, context.node_id)
        seconds -= time.process_time() - began
        return reply

    grid = InlineGrid(app, [{}] * contributors, {})
    strategy = ScreenedStrategy(
        named_rule(rule, Aggregation(), root=_Rows() if rule == "calibrated" else None),
        participation=Participation(min_train_nodes=contributors),
        transport=Transport(packed=packed),
    )
    initial = ArrayRecord(
        {
            f"layer.{i}": Array(np.zeros((min(_SIDE, ceil(left / _SIDE)), _SIDE), np.float32))
            for i, left in enumerate(range(parameters, 0, -_SIDE * _SIDE))
        }
    )
    before = psutil.Process().memory_info().rss
    with threadpool_limits(limits=1):
        began = time.process_time()
        for one in strategy.rounds(grid, initial, _ROUNDS):
            if not one.changed:
                raise RuntimeError(f"{rule} changed nothing: {one.record.note}")
            del one
        seconds += time.process_time() - began
    growth = peak_memory() - before
    return Row(rule, contributors, parameters, packed, growth, seconds / _ROUNDS)


class _Rows:
    """A root set whose model is its first array; of the others nothing but the size counts."""

    classes, about, donated = 10, "80 rows of the server's", False
    labels = np.arange(80) % 10

    def __call__(self, arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        noise = stream(0, "round memory", "root set")
        return {
            name: value + noise.standard_normal(value.shape, np.float32)
            for name, value in arrays.items()
        }

    def outputs(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        first = next(iter(arrays.values()))
        rows = stream(0, "round memory", "rows").standard_normal((80, first.shape[1]))
        return rows @ first[: self.classes].T.astype(np.float64)


def _trained(message: Message, node: int) -> Message:
    """Reply with the model moved by noise, an array at a time."""
    noise = stream(0, "round memory", node)
    model = message.content["arrays"]
    assert isinstance(model, ArrayRecord)  # noqa: S101 - for mypy
    arrays = ArrayRecord()
    for name, value in values_of(model).items():
        moved = noise.standard_normal(value.shape, np.float32)
        moved *= np.float32(0.01)
        moved += value
        arrays[name] = Array(moved)
    metrics = MetricRecord({"num-examples": 10})
    return Message(RecordDict({"arrays": arrays, "metrics": metrics}), reply_to=message)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(*json.loads(sys.argv[1])))))
