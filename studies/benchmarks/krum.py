"""What Krum scores cost: beside the hardware's limit, Flower's code and torch.cdist.

The limit is half a general float32 product of the same shape: distances are symmetric, so
that nobody who multiplies every pair once needs more. One thread, because that is what one
core of a server gives, and in processor time, so that other guests of the machine are not
measured (they still take their part of the caches: read the minima).
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from flwr.app import ArrayRecord
from flwr.serverapp.strategy.multikrum import compute_distances
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from anml_fl.method.krum import krum_scores, neighbours
from anml_fl.method.threads import one_thread
from studies.benchmarks.harness import Progress, Timing, by_turns, markdown, on_machine, silent

_CHECKED_ROWS = 50  # rows compared with float64 differences where all would take minutes
_FLOAT = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One round size.

    Parameters
    ----------
    n, dimension : int
        Vectors and their length.
    limit, ours, flower, cdist : Timing
        Half the faster general product; `krum_scores`; Flower's `compute_distances`, which
        makes no scores yet; torch.cdist, squared, and its k smallest summed.
    ours_error, flower_error, cdist_error : float
        Largest relative error of a score against float64 differences.
    ours_bytes : int
        Peak memory of `krum_scores` beyond its input.
    """

    n: int
    dimension: int
    limit: Timing
    ours: Timing
    flower: Timing
    cdist: Timing
    ours_error: float
    flower_error: float
    cdist_error: float
    ours_bytes: int


def run(
    sizes: Sequence[int] = (100, 500, 1000),
    dimension: int = 100_000,
    repeats: int = 5,
    seed: int = 0,
    offset: float = 0.0,
    progress: Progress = silent,
) -> list[Row]:
    """Measure every size on one thread, the contestants by turns.

    Parameters
    ----------
    sizes : sequence of int
        Vectors in a round, each >= 2.
    dimension : int
        Length of a vector.
    repeats : int
        Turns, >= 1; the first is preceded by one that does not count.
    seed : int
        Of the standard normal vectors.
    offset : float
        Length of what all vectors share, in units of their spread: 0 for updates, large
        for whole models.
    """
    with one_thread(), threadpool_limits(1):
        return [_row(n, dimension, repeats, seed, offset, progress) for n in sizes]


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on.

    Seconds as "least / median"; ratios of the least, and in brackets of the medians.
    """
    heads = ["n", "limit s", "ours s", "Flower s", "cdist s", "ours / limit", "Flower / ours"]
    heads += ["error: ours", "Flower", "cdist", "ours MB"]
    lines = []
    for row in rows:
        times = [row.limit, row.ours, row.flower, row.cdist]
        cells = [str(row.n), *(f"{t.least:.4f} / {t.middle:.4f}" for t in times)]
        cells += [_ratio(row.ours, row.limit), _ratio(row.flower, row.ours)]
        errors = (row.ours_error, row.flower_error, row.cdist_error)
        cells += [*(f"{error:.1e}" for error in errors), f"{row.ours_bytes / 1e6:.0f}"]
        lines.append(cells)
    return on_machine(markdown(heads, lines))


def _ratio(one: Timing, other: Timing) -> str:
    return f"{one.least / other.least:.2f} ({one.middle / other.middle:.2f})"


def _row(n: int, d: int, repeats: int, seed: int, offset: float, say: Progress) -> Row:
    rng = np.random.default_rng(seed)
    # Another array, since BLAS has a symmetric routine for a product with itself.
    x, y = (rng.standard_normal((n, d), dtype=np.float32) for _ in range(2))
    x += np.float32(offset) * rng.standard_normal(d, dtype=np.float32)
    x_torch, y_torch = torch.from_numpy(x), torch.from_numpy(y)
    records = [ArrayRecord([row]) for row in x]
    k = neighbours(n)
    contestants: dict[str, Callable[[], Any]] = {
        "NumPy product": lambda: x @ y.T,
        "torch product": lambda: x_torch @ y_torch.T,
        "ours": lambda: krum_scores(x),
        "Flower": lambda: compute_distances(records),
        "cdist": lambda: _cdist_scores(x_torch, k),
    }
    timings, results = by_turns(
        contestants,
        repeats,
        lambda turn, name: say(f"n = {n}, turn {turn} of {repeats}: {name}"),
    )
    product = min(timings["NumPy product"], timings["torch product"], key=lambda t: t.least)
    say(f"n = {n}: memory and errors")
    tracemalloc.start()
    try:
        krum_scores(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    checked = np.arange(n) if n <= 100 else rng.choice(n, _CHECKED_ROWS, replace=False)
    truth = _exact_scores(x, checked, k)
    flower = _nearest(results["Flower"].astype(np.float64), k)
    ours_error, flower_error, cdist_error = (
        float(np.abs(scores[checked] / truth - 1).max())
        for scores in (results["ours"], flower, results["cdist"])
    )
    return Row(
        n=n,
        dimension=d,
        limit=Timing(product.least / 2, product.middle / 2),
        ours=timings["ours"],
        flower=timings["Flower"],
        cdist=timings["cdist"],
        ours_error=ours_error,
        flower_error=flower_error,
        cdist_error=cdist_error,
        ours_bytes=peak,
    )


def _cdist_scores(x: torch.Tensor, k: int) -> _FLOAT:
    squared = torch.cdist(x, x).square_()
    squared.fill_diagonal_(torch.inf)
    scores: _FLOAT = squared.topk(k, largest=False).values.double().sum(1).numpy()
    return scores


def _nearest(distances: _FLOAT, k: int) -> _FLOAT:
    np.fill_diagonal(distances, np.inf)
    scores: _FLOAT = np.sort(distances, axis=1)[:, :k].sum(axis=1)
    return scores


def _exact_scores(x: NDArray[np.float32], rows: NDArray[np.intp], k: int) -> _FLOAT:
    scores = np.empty(rows.size)
    for at, i in enumerate(rows):
        here = x[i].astype(np.float64)
        others = (row - here for j, row in enumerate(x) if j != i)
        scores[at] = np.sort([difference @ difference for difference in others])[:k].sum()
    return scores
