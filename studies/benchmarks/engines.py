"""Contributor-updates a CPU-second: our engines, Flower's, ByzFL's loop and a plain one.

All train the same: n contributors of 16 Digits samples each, a perceptron 64-64-32-10, one
batch a round. The engines are measured as whole processes with all that they start, at two
numbers of rounds: what more rounds cost, without starting and ending. Each row says what a
round includes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch.nn.functional import cross_entropy

from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import Samples
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.seeding import stream
from anml_fl.settings.training import Training
from clients.cohort_training import Held, train_cohort
from studies.benchmarks.byzfl_modules import byzfl_module
from studies.benchmarks.harness import markdown, on_machine, silent, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from studies.benchmarks.harness import Progress

_SAMPLES, _RATE, _CLASSES = 16, 0.1, 10
# Few rounds of what is slow; each pair far enough apart for the difference to tell.
_ROUNDS = {"simulation": (2, 22), "inline": (2, 22), "cohort": (10, 310)}
_LOOPS = {"ByzFL's loop": 10, "plain loop": 10, "training and mean, one cohort": 200}
_INCLUDES = {
    "simulation": "Flower's engine (Ray), screening, rule, records, ledger, checkpoint",
    "inline": "messages in one process, screening, rule, records, ledger, checkpoint",
    "cohort": "screening, rule, records, ledger, checkpoint",
    "ByzFL's loop": "its clients, server and mean; no records",
    "plain loop": "a model a contributor, SGD by autograd, mean",
    "training and mean, one cohort": "the kernel alone",
}
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant.

    Parameters
    ----------
    name : str
    contributors : int
    speed : float
        Contributor-updates a second of processor time.
    includes : str
        What else its round has.
    """

    name: str
    contributors: int
    speed: float
    includes: str


def run(
    contributors: Sequence[int] = (100, 300),
    repeats: int = 3,
    *,
    progress: Progress = silent,
) -> list[Row]:
    """Measure all of them, in one call.

    Parameters
    ----------
    contributors : sequence of int
    repeats : int
        Of each; the fastest counts. Flower's engine is measured once.
    progress : callable
    """
    rows = []
    for n in contributors:
        parts = _parts(n)
        for engine in _ROUNDS:
            progress(f"n = {n}: {engine}")
            times = 1 if engine == "simulation" else repeats
            speed = max(_engine(engine, parts) for _ in range(times))
            rows.append(Row(engine, n, speed, _INCLUDES[engine]))
        loops: dict[str, Callable[[], object]] = {
            "ByzFL's loop": _byzfl(parts),
            "plain loop": partial(_plain, parts),
            "training and mean, one cohort": _cohort(parts),
        }
        for name, step in loops.items():
            progress(f"n = {n}: {name}")
            took = min(_seconds(step, _LOOPS[name]) for _ in range(repeats))
            rows.append(Row(name, n, n / took, _INCLUDES[name]))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out, each beside Flower's engine, ByzFL's loop and the plain one."""
    of = {(row.name, row.contributors): row.speed for row in rows}
    body = [
        [
            row.name,
            f"{row.contributors:,}",
            f"{row.speed:,.0f}",
            *(
                f"{row.speed / of[other, row.contributors]:.1f}"
                for other in ("simulation", "ByzFL's loop", "plain loop")
            ),
            row.includes,
        ]
        for row in rows
    ]
    heads = ["", "n", "updates / CPU-s", "/ Flower", "/ ByzFL", "/ plain", "a round includes"]
    rule = "| --- | --: | --: | --: | --: | --: | --- |"
    return on_machine(markdown(heads, body, rule))


def _parts(n: int) -> list[Samples]:
    digits = load("digits")
    rows = stream(0, "engines").integers(len(digits.labels), size=(n, _SAMPLES))
    x = (digits.features / 16.0).astype(np.float32)
    return [Samples(x[own], digits.labels[own], _CLASSES) for own in rows]


def _seconds(step: Callable[[], object], times: int) -> float:
    """Processor seconds of a step, after one that does not count."""

    def steps() -> None:
        for _ in range(times):
            step()

    step()
    with one_thread():
        return timed(steps)[1] / times


def _engine(engine: str, parts: Sequence[Samples]) -> float:
    """Difference of two runs, so that neither start nor end counts."""
    few, more = _ROUNDS[engine]
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows, tested = folder / "rows.parquet", folder / "tested.parquet"
        _write(rows, parts)
        _write(tested, parts[:20])
        command = [
            *(sys.executable, "-m", "anml_fl", "run", "--engine", engine),
            *("--data", str(rows), "--label", "label", "--by", "site", "--test", str(tested)),
            *("--strategy", "anml", "--local-epochs", "1", "--root", "none"),
            *("--learning-rate", str(_RATE), "--no-record-updates"),
        ]
        took = [
            _processor_time([*command, "--rounds", str(n), "--out", str(folder / str(n))])
            for n in (few, more)
        ]
    return len(parts) * (more - few) / max(took[1] - took[0], 1e-9)


def _write(path: Path, parts: Sequence[Samples]) -> None:
    x = np.concatenate([part.features for part in parts])
    columns: dict[str, Any] = {f"pixel_{i:02d}": x[:, i] for i in range(x.shape[1])}
    columns["label"] = [f"digit {y}" for part in parts for y in part.labels]
    columns["site"] = [f"site-{i:04d}" for i, p in enumerate(parts) for _ in p.labels]
    pq.write_table(pa.table(columns), path)


def _processor_time(command: Sequence[str]) -> float:
    """Run a command; seconds of its processor time and of all that it started."""
    spent: dict[int, float] = {}
    # A file, since a pipe that nobody reads would fill up.
    with TemporaryFile() as said:
        process = psutil.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            with suppress(psutil.Error):
                for one in (process, *process.children(recursive=True)):
                    with suppress(psutil.Error):
                        times = one.cpu_times()
                        spent[one.pid] = times.user + times.system
            time.sleep(_POLL)
        if process.returncode:
            said.seek(0)
            first = said.read(500).decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {first}")
    return sum(spent.values())


def _plain(parts: Sequence[Samples]) -> dict[str, NDArray[Any]]:
    """One round: train a model for each, one after the other, and average."""
    first = arrays_of(build("mlp", 64, None, _CLASSES, 0))
    total: dict[str, NDArray[Any]] = {name: np.zeros_like(v) for name, v in first.items()}
    for part in parts:
        model = build("mlp", 64, None, _CLASSES, 0)
        load_arrays(model, first)
        optimiser = torch.optim.SGD(model.parameters(), lr=_RATE)
        x, y = torch.from_numpy(part.features), torch.from_numpy(part.labels)
        cross_entropy(model(x), y).backward()
        optimiser.step()
        trained: dict[str, NDArray[Any]] = arrays_of(model)
        for name, value in trained.items():
            total[name] += value / len(parts)
    return total


def _cohort(parts: Sequence[Samples]) -> Callable[[], object]:
    model, held = build("mlp", 64, None, _CLASSES, 0), Held()
    settings = Training(local_epochs=1, learning_rate=_RATE)
    orders = [stream(0, "order", str(i)) for i in range(len(parts))]

    def step() -> dict[str, Any]:
        trained = train_cohort(model, parts, settings, orders, held)
        return {name: values.mean(0) for name, values in trained.items()}

    return step


def _byzfl(parts: Sequence[Samples]) -> Callable[[], object]:
    """One round of ByzFL's loop, as its documentation has it, with our model and data."""
    models = byzfl_module("fed_framework.models")
    models.__dict__["digits_perceptron"] = lambda: build("mlp", 64, None, _CLASSES, 0)
    framework = byzfl_module("fed_framework")
    loaders = [
        torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(
                torch.from_numpy(part.features), torch.from_numpy(part.labels)
            ),
            batch_size=_SAMPLES,
            shuffle=True,
        )
        for part in parts
    ]
    shared = {
        "model_name": "digits_perceptron",
        "device": "cpu",
        "learning_rate": _RATE,
        "optimizer_name": "SGD",
        "weight_decay": 0.0,
        "milestones": [],
        "learning_rate_decay": 1.0,
    }
    clients = [
        framework.Client(
            {
                **shared,
                "loss_name": "CrossEntropyLoss",
                "LabelFlipping": False,
                "nb_labels": _CLASSES,
                "momentum": 0.9,
                "training_dataloader": loader,
                "store_per_client_metrics": False,
            }
        )
        for loader in loaders
    ]
    server = framework.Server(
        {
            **shared,
            "aggregator_info": {"name": "Average", "parameters": {}},
            "pre_agg_list": [],
            "test_loader": loaders[0],
            "validation_loader": None,
        }
    )

    def step() -> None:
        state = server.get_dict_parameters()
        for client in clients:
            client.set_model_state(state)
            client.compute_gradients()
        server.update_model_with_gradients(
            [client.get_flat_gradients_with_momentum() for client in clients]
        )

    return step
