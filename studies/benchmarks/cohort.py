"""What training many small models costs: as one cohort, and one after the other.

The plain loop is what anyone would write: `nn.Sequential`, `torch.optim.Adam`, zero_grad,
backward, step, model after model. It is held against the cohort on one thread, and on all
of torch's threads on the first models, so that its better choice can be compared. Both train
the same models from the same weights on the same batches, by turns, and must agree: in
float64 to rounding, and in float32 as far as float32 does. There a hidden unit that hardly any
sample wakes may wake for one by rounding, and Adam, which divides by the gradient's size,
makes a full step of it: a single weight may then differ by far more than the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from anml_fl.datasets.loading import load
from anml_fl.datasets.standardise import standardised
from anml_fl.models.cohort import Cohort, Minibatches, initial, module, train
from anml_fl.seeding import stream
from studies.benchmarks.harness import Progress, markdown, on_machine, silent

_FEW = 4  # models that the plain loop trains on all threads, and in float64
_HIDDEN = (64, 32)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Task:
    """Models to train, each on samples of its own.

    Parameters
    ----------
    dataset : str
    models : int
    samples : int
        Of each model, drawn without replacement from the data set.
    epochs : int
    batch_size : int, optional
        All samples by default.
    """

    dataset: str
    models: int
    samples: int
    epochs: int
    batch_size: int | None = None


TASKS = (
    Task("wine", models=128, samples=142, epochs=5, batch_size=32),
    Task("digits", models=128, samples=142, epochs=5, batch_size=32),
    Task("wine", models=128, samples=16, epochs=25),
    Task("digits", models=128, samples=16, epochs=25),
    Task("wine", models=128, samples=142, epochs=10),
    Task("digits", models=8, samples=1437, epochs=10),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One task.

    Parameters
    ----------
    task : Task
    sizes : tuple of int
        Units of each layer.
    plain, plain_on_all, ours, ours_on_all : float
        Sample-steps a second, the best of the turns: the plain loop and the cohort, on one
        thread and on all.
    threads : int
        How many "all" are.
    gigaflops : float
        Useful operations a second of `ours`, in 1e9.
    difference : float
        Between the weights of the plain loop and the cohort: root mean square over a model,
        the largest of the models.
    largest : float
        Largest difference of any weight of any model.
    exact : float
        The same in float64, over the first models.
    """

    task: Task
    sizes: tuple[int, ...]
    plain: float
    plain_on_all: float
    ours: float
    ours_on_all: float
    threads: int
    gigaflops: float
    difference: float
    largest: float
    exact: float

    @property
    def on_one(self) -> float:
        """The cohort over the plain loop, both on one thread."""
        return self.ours / self.plain

    @property
    def speedup(self) -> float:
        """The cohort over the plain loop, each at its better number of threads."""
        return max(self.ours, self.ours_on_all) / max(self.plain, self.plain_on_all)


def run(
    tasks: Sequence[Task] = TASKS,
    repeats: int = 3,
    seed: int = 0,
    progress: Progress = silent,
) -> list[Row]:
    """Measure every task, the contestants by turns.

    Parameters
    ----------
    tasks : sequence of Task
    repeats : int
        Turns, >= 1.
    seed : int
        Of samples, orders and initial weights.
    """
    threads = torch.get_num_threads()
    try:
        return [_row(task, repeats, seed, threads, progress) for task in tasks]
    finally:
        torch.set_num_threads(threads)


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on.

    Thousands of sample-steps a second.
    """
    threads = rows[0].threads if rows else torch.get_num_threads()
    heads = ["data", "models", "samples", "batch", "plain", f"plain, {threads} threads"]
    heads += ["cohort", f"cohort, {threads} threads", "ratio on one", "ratio"]
    heads += ["GFLOP/s", "difference", "largest", "in float64"]
    lines = []
    for row in rows:
        task = row.task
        cells = [task.dataset, str(task.models), str(task.samples)]
        cells += [str(task.batch_size or "all")]
        rates = (row.plain, row.plain_on_all, row.ours, row.ours_on_all)
        cells += [f"{rate / 1e3:,.0f}" for rate in rates]
        cells += [f"{row.on_one:.1f}", f"{row.speedup:.1f}", f"{row.gigaflops:.0f}"]
        cells += [f"{d:.1e}" for d in (row.difference, row.largest, row.exact)]
        lines.append(cells)
    return on_machine(markdown(heads, lines))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What the models of a task learn from, and their beginning."""

    start: Cohort
    features: Tensor
    labels: Tensor
    orders: Tensor | None


def _draw(task: Task, seed: int) -> _Drawn:
    data = load(task.dataset)
    features = standardised(data, np.arange(len(data.labels)))
    rng = stream(seed, "cohort benchmark", task.dataset, task.samples)
    picked = np.stack(
        [rng.permutation(len(features))[: task.samples] for _ in range(task.models)]
    )
    orders = None
    if task.batch_size is not None:
        lying = np.broadcast_to(
            np.arange(task.samples), (task.models, task.epochs, task.samples)
        )
        orders = torch.from_numpy(rng.permuted(lying, axis=2))
    return _Drawn(
        initial(range(task.models), (features.shape[1], *_HIDDEN, data.classes)),
        torch.from_numpy(features[picked]),
        torch.from_numpy(data.labels[picked]),
        orders,
    )


def _row(task: Task, repeats: int, seed: int, threads: int, say: Progress) -> Row:
    drawn = _draw(task, seed)
    few = min(_FEW, task.models)
    modules: list[nn.Sequential] = []
    ours = drawn.start
    seconds: dict[str, list[float]] = {
        name: [] for name in ("plain", "plain_on_all", "ours", "ours_on_all")
    }
    for turn in range(1, repeats + 1):
        # By turns, so that a busy minute of a shared machine falls on all of them.
        say(f"{task.dataset}, {task.samples} samples, turn {turn} of {repeats}")
        torch.set_num_threads(1)
        modules = _timed(seconds["plain"], lambda: _plain(task, drawn, task.models))
        ours = _timed(seconds["ours"], lambda: _ours(task, drawn))
        torch.set_num_threads(threads)
        _timed(seconds["plain_on_all"], lambda: _plain(task, drawn, few))
        _timed(seconds["ours_on_all"], lambda: _ours(task, drawn))
    say(f"{task.dataset}, {task.samples} samples: differences")
    torch.set_num_threads(1)
    exact = _few_in_float64(drawn, few)
    differences = _differences(ours, modules)
    exact_differences = _differences(_ours(task, exact), _plain(task, exact, few))
    steps = task.models * task.samples * task.epochs
    sizes = drawn.start.sizes
    rate = steps / min(seconds["ours"])
    return Row(
        task=task,
        sizes=sizes,
        plain=steps / min(seconds["plain"]),
        plain_on_all=steps / task.models * few / min(seconds["plain_on_all"]),
        ours=rate,
        ours_on_all=steps / min(seconds["ours_on_all"]),
        threads=threads,
        gigaflops=rate * _operations(sizes) / 1e9,
        difference=float(differences.square().mean(1).sqrt().max()),
        largest=float(differences.abs().max()),
        exact=float(exact_differences.abs().max()),
    )


def _ours(task: Task, drawn: _Drawn) -> Cohort:
    return train(
        drawn.start,
        drawn.features,
        drawn.labels,
        epochs=task.epochs,
        batches=None
        if task.batch_size is None
        else Minibatches(task.batch_size, drawn.orders),
    ).final


def _plain(task: Task, drawn: _Drawn, models: int) -> list[nn.Sequential]:
    trained = []
    for i in range(models):
        model = module(drawn.start, i)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        x, y = drawn.features[i], drawn.labels[i]
        for epoch in range(task.epochs):
            if drawn.orders is None:
                batches = [(x, y)]
            else:
                parts = drawn.orders[i, epoch].split(task.batch_size or task.samples)
                batches = [(x[part], y[part]) for part in parts]
            for batch_x, batch_y in batches:
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(batch_x), batch_y).backward()
                optimiser.step()
        trained.append(model)
    return trained


def _timed(seconds: list[float], call: Callable[[], _T]) -> _T:
    start = time.perf_counter()
    result = call()
    seconds.append(time.perf_counter() - start)
    return result


def _few_in_float64(drawn: _Drawn, few: int) -> _Drawn:
    return _Drawn(
        drawn.start.take(range(few)).to(torch.float64),
        drawn.features[:few].double(),
        drawn.labels[:few],
        None if drawn.orders is None else drawn.orders[:few],
    )


def _differences(cohort: Cohort, modules: Sequence[nn.Sequential]) -> Tensor:
    """Differences of all weights, one row a model."""
    with torch.no_grad():
        return torch.stack(
            [
                parameters_to_vector(module(cohort, i).parameters()).double()
                - parameters_to_vector(other.parameters())
                for i, other in enumerate(modules)
            ]
        )


def _operations(sizes: Sequence[int]) -> int:
    """Multiplications and additions that one sample's step needs."""
    # Three products a layer, but for the first, whose inputs need no gradient.
    return 6 * sum(a * b for a, b in pairwise(sizes)) - 2 * sizes[0] * sizes[1]
