"""An app whose run is kept: run by tests in this process, and as a program that is killed.

Each contributor fits a line to points of its own, by NumPy, always the same ones.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from anml_fl.settings.aggregation import Aggregation
from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from strategies.anml import Anml
from strategies.catalogue import strategy
from strategies.rule import Rule
from strategies.screened_strategy import ScreenedStrategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flwr.app import Context
    from flwr.serverapp import Grid
    from flwr.serverapp.strategy import Result

NODES = 4


def client_app() -> ClientApp:
    app = ClientApp(mods=[echo_nonce])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        x, y = _points(context)
        sent = message.content.array_records["arrays"]
        w, b = sent["w"].numpy().astype(float), float(sent["b"].numpy()[0])
        for _ in range(5):
            wrong = x @ w + b - y
            w, b = w - 0.1 * x.T @ wrong / len(x), b - 0.1 * wrong.mean()
        arrays = {"w": w.astype(np.float32), "b": np.array([b], np.float32)}
        content = RecordDict(
            {
                "arrays": ArrayRecord({k: Array(v) for k, v in arrays.items()}),
                "metrics": MetricRecord({"num-examples": len(x)}),
            }
        )
        return Message(content, reply_to=message)

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        x, y = _points(context)
        if len(x) == 22:  # the third site says nothing
            return Message(RecordDict(), reply_to=message)
        sent = message.content.array_records["arrays"]
        wrong = x @ sent["w"].numpy() + sent["b"].numpy() - y
        said = {"mse": float((wrong**2).mean()), "worst": float(abs(wrong).max())}
        content = RecordDict({"metrics": MetricRecord({**said, "num-examples": len(x)})})
        return Message(content, reply_to=message)

    return app


def _points(context: Context) -> tuple[np.ndarray, np.ndarray]:
    own = int(context.node_config["partition-id"])
    rng = np.random.default_rng(own)
    x = rng.normal(size=(20 + own, 3))
    return x, x @ np.array([1.0, -2.0, 0.5]) + rng.normal(scale=0.1, size=len(x))


def by_number(grid: Grid) -> dict[int, str]:
    return {node: f"site-{place}" for place, node in enumerate(grid.get_node_ids())}


def model() -> ArrayRecord:
    return ArrayRecord(
        {"w": Array(np.zeros(3, np.float32)), "b": Array(np.zeros(1, np.float32))}
    )


def momentum() -> Rule:
    """The rule of docs/adding.md, whose state must survive."""
    from strategies.decision import Decision

    def decide(cohort: Any, context: Any) -> Decision:
        n = len(cohort.contributors)
        weights = np.full(n, 1 / n)
        update = (weights @ cohort.wide).astype(cohort.updates.dtype)
        speed = 0.5 * context.state.get("speed", np.zeros_like(update)) + update
        return Decision(speed, weights, np.ones(n, bool), state={"speed": speed})

    return Rule(decide, "momentum", Aggregation())


def of_kind(kind: str, **options: Any) -> ScreenedStrategy:
    options = {"roster": by_number, **options}
    if kind == "anml":
        return Anml(**options)
    if kind == "fedadam":
        return Anml(settings=Aggregation(server_optimizer="fedadam"), **options)
    if kind == "momentum":
        from strategies.options import parts_of

        return ScreenedStrategy(*parts_of(momentum(), options))
    return strategy(kind, Aggregation(), **options)


def carry_out(
    chosen: ScreenedStrategy,
    rounds: int = 4,
    evaluate: Callable[[int, ArrayRecord], Any] | None = None,
) -> Result:
    grid = InlineGrid(client_app(), [{"partition-id": i} for i in range(NODES)], {})
    return chosen.start(grid, model(), num_rounds=rounds, evaluate_fn=evaluate)


def bound(folder: Path) -> dict[str, bytes]:
    """All that two runs must have alike: everything but seconds, locks and drawn names."""
    apart = (
        "timings.jsonl",
        "manifest.json",
        "report.html",
        "summary.json",
        "server.seed",
        ".lock",
    )
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in apart
    }


def main() -> None:
    """Run as a program: KIND FOLDER, and the round in which it is killed by a signal."""
    kind, folder, killed = sys.argv[1], sys.argv[2], int(sys.argv[3])

    def dies(number: int, arrays: ArrayRecord) -> None:
        if number == killed:
            os.kill(os.getpid(), signal.SIGKILL)

    chosen = of_kind(kind, save=folder)
    carry_out(chosen, evaluate=dies)
    print(json.dumps([record.round for record in chosen.records]))


if __name__ == "__main__":
    main()
