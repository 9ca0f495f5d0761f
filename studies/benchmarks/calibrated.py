"""What a round of `calibrated` costs beside the geometric median of the same updates (RFA).

RFA (Pillutla, Kakade, Harchaoui, IEEE TSP 2022) is eight of Weiszfeld's steps from the mean,
an update at a time, so that it needs no memory beside the model's. `calibrated` has a root set
of 80 rows and what it remembers of a round before. One thread, processor time.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from flwr.app import Array, ArrayRecord
from threadpoolctl import threadpool_limits
from torch import nn

from anml_fl.method.calibrated.calibrate import calibrate
from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.calibrated.observed import Observed
from anml_fl.method.threads import one_thread
from anml_fl.models.root_set import RootSet
from anml_fl.models.state import arrays_of
from anml_fl.seeding import stream
from strategies.layout import Layout
from strategies.root_set import root_of
from studies.benchmarks.harness import Progress, Timing, by_turns, markdown, on_machine, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.method.calibrated.root import Root

SIZES = ((2_000, 40), (20_000, 40), (200_000, 40), (2_000_000, 40), (10_000_000, 40))
MANY = ((2_000, 1_000), (100_000, 1_000))
_FEATURES, _CLASSES, _ROWS = 64, 10, 80
_WEISZFELD = 8
# Wider models have a second hidden layer: as many parameters between few inputs is none.
_DEEP = 200_000


@dataclass(frozen=True, slots=True)
class Row:
    """One size of a round.

    Parameters
    ----------
    parameters, contributors : int
        P and n.
    ours, rfa : Timing
        A round of `calibrated`, and RFA.
    ours_bytes : int
        Peak memory of `calibrated` beyond its input, as NumPy allocates it.
    """

    parameters: int
    contributors: int
    ours: Timing
    rfa: Timing
    ours_bytes: int


def run(
    sizes: Sequence[tuple[int, int]] = (*SIZES, *MANY),
    repeats: int = 3,
    progress: Progress = silent,
) -> list[Row]:
    """Measure every size on one thread, by turns.

    Parameters
    ----------
    sizes : sequence of (int, int)
        P, about, and n.
    repeats : int
        Turns, >= 1; the first is preceded by one that does not count.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with one_thread(), threadpool_limits(1):
            return [_row(p, n, repeats, progress) for p, n in sizes]
    finally:
        torch.set_num_threads(before)


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown; seconds as "least / median", ratios of the least."""
    heads = ["P", "n", "calibrated s", "RFA s", "calibrated / RFA"]
    heads += ["updates MB", "calibrated's own MB"]
    lines = [
        [
            f"{row.parameters:,}",
            f"{row.contributors:,}",
            *(f"{t.least:.4f} / {t.middle:.4f}" for t in (row.ours, row.rfa)),
            f"{row.ours.least / row.rfa.least:.1f}",
            f"{4 * row.parameters * row.contributors / 1e6:,.1f}",
            f"{row.ours_bytes / 1e6:,.1f}",
        ]
        for row in rows
    ]
    return on_machine(markdown(heads, lines))


def geometric_median(
    updates: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Take eight of Weiszfeld's steps from the weighted mean: (d,).

    Examples
    --------
    >>> points = np.array([[0, 0], [0.1, 0], [0, 0.1], [9, 9]], np.float32)
    >>> bool(np.linalg.norm(geometric_median(points, np.full(4, 0.25))) < 0.6)
    True
    """
    found: NDArray[np.float32] = (weights / weights.sum()).astype(np.float32) @ updates
    for _ in range(_WEISZFELD):
        pulls = np.empty(len(updates))
        for place, one in enumerate(updates):
            apart = one - found
            pulls[place] = weights[place] / max(float(apart @ apart) ** 0.5, 1e-6)
        found = (pulls / pulls.sum()).astype(np.float32) @ updates
    return found


def model_of(parameters: int) -> nn.Module:
    """Make a classifier of 64 features in 10 classes with about so many parameters."""
    ends = _FEATURES + 1 + _CLASSES
    if parameters < _DEEP:
        hidden = max(1, round((parameters - _CLASSES) / ends))
        layers = [nn.Linear(_FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, _CLASSES)]
        return nn.Sequential(*layers)
    # hidden^2 + (ends + 1) hidden + classes = P
    hidden = (isqrt((ends + 1) ** 2 + 4 * (parameters - _CLASSES)) - ends - 1) // 2
    first = [nn.Linear(_FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()]
    return nn.Sequential(*first, nn.Linear(hidden, _CLASSES))


def _row(parameters: int, n: int, repeats: int, say: Progress) -> Row:
    updates, names, shapes, root = _round(parameters, n)
    examples = np.ones(n)
    v, r = stream(0, "benchmark", "signals").uniform(size=(2, n))

    def ours(state: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Do a round as the rule does, from its state to its state."""
        observed = Observed.of(names, updates, examples, shapes, root)
        verdict = calibrate(observed, v, r, Memory.of_state(state))
        pulls = (verdict.round.damping * verdict.shares * observed.scales).astype(np.float32)
        if not (pulls @ updates).any():
            raise RuntimeError("calibrated kept nobody: nothing was measured")
        return verdict.memory.to_state()

    state = ours({})
    timings, _ = by_turns(
        {
            "calibrated": lambda: ours(state),
            "RFA": lambda: geometric_median(updates, examples),
        },
        repeats,
        lambda turn, name: say(f"P = {parameters}, n = {n}, turn {turn} of {repeats}: {name}"),
    )
    tracemalloc.start()
    try:
        ours(state)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return Row(updates.shape[1], n, timings["calibrated"], timings["RFA"], peak)


def _round(
    parameters: int, n: int
) -> tuple[NDArray[np.float32], tuple[str, ...], tuple[tuple[int, ...], ...], Root]:
    """Updates (n, P) of contributors who learn, a tenth of them the wrong way; a root set."""
    torch.manual_seed(0)
    model = model_of(parameters)
    rows = stream(0, "benchmark", "rows").normal(size=(_ROWS, _FEATURES)).astype(np.float32)
    labels = np.arange(_ROWS) % _CLASSES
    record = ArrayRecord({name: Array(one) for name, one in arrays_of(model).items()})
    layout = Layout.of(record)
    vector = np.empty(layout.size, layout.dtype)
    layout.flatten(record, vector)
    root = root_of(RootSet(model, rows, labels, _CLASSES), record, layout, vector)
    assert root is not None  # noqa: S101 - for mypy
    way, noise = root.step(), stream(0, "benchmark", "updates")
    updates = np.empty((n, layout.size), np.float32)
    length = np.linalg.norm(way) / np.sqrt(np.float32(layout.size))
    for i in range(n):
        noise.standard_normal(dtype=np.float32, out=updates[i])
        updates[i] *= length
        updates[i] += -way if i % 10 == 0 else way
    return updates, tuple(f"c{i:04d}" for i in range(n)), layout.judged, root
