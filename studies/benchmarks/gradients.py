"""What exact consistency of every sample costs: beside gradients that are materialised.

Adult in full, as the studies take it: one-hot, standardised, labels flipped, and an MLP that
has been trained for a while. The yardstick is what one would write without the geometry:
torch.func's per-sample gradients as a matrix, its Gram matrix, distances, and the k least of
every row. That does not fit into memory for all samples: it is timed on the first of them
and extrapolated, its gradients linearly and its pairs quadratically. One thread, processor
time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits
from torch import nn
from torch.func import functional_call, grad, vmap

from anml_fl.approximations.krum_approximation import landmark_scores
from anml_fl.datasets.loading import load
from anml_fl.method.gradients import sample_gradients
from anml_fl.method.krum import krum_scores, neighbours
from anml_fl.method.sample_krum import sample_krum_scores
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.seeding import stream
from studies.benchmarks.harness import (
    PeakMemory,
    Progress,
    markdown,
    on_machine,
    silent,
    timed,
)

_FLIPPED = 0.3
_CHECKED_ROWS = 50  # samples compared with float64 gradients, where all would take hours
_LANDMARKS = 1000
_BLOCK = 1024  # gradients materialised at once for them


@dataclass(frozen=True, slots=True)
class Row:
    """One data set.

    Parameters
    ----------
    dataset : str
    n, parameters, k : int
        Samples, the model's parameters, and neighbours that count.
    gradients, scores : float
        Seconds of `sample_gradients` and `sample_krum_scores`: least over the repeats.
    extra_bytes : int
        Growth of the process's memory while both ran, at its peak.
    yardstick_n : int
        Samples whose gradients were materialised.
    yardstick_gradients, yardstick_scores : float
        Seconds to materialise them, and of torch's Gram matrix, distances and selection.
    krum : float
        Seconds of `krum_scores` on the same matrix.
    landmarks : float
        Seconds of `landmark_scores` with 1,000 of them.
    agreement : float
        Spearman's correlation of those with the exact scores.
    error : float
        Largest relative error of a score against float64 gradients of a float64 model.
    """

    dataset: str
    n: int
    parameters: int
    k: int
    gradients: float
    scores: float
    extra_bytes: int
    yardstick_n: int
    yardstick_gradients: float
    yardstick_scores: float
    krum: float
    landmarks: float
    agreement: float
    error: float

    @property
    def seconds(self) -> float:
        """Seconds of the exact scores of all samples."""
        return self.gradients + self.scores

    @property
    def yardstick(self) -> float:
        """Seconds that materialised gradients of all samples would take."""
        times = self.n / self.yardstick_n
        return self.yardstick_gradients * times + self.yardstick_scores * times**2


def run(
    datasets: Sequence[str] = ("adult",),
    epochs: int = 50,
    yardstick_n: int = 4096,
    repeats: int = 2,
    seed: int = 0,
    progress: Progress = silent,
) -> list[Row]:
    """Measure every data set on one thread.

    Parameters
    ----------
    datasets : sequence of str
        As in `anml_fl.datasets.loading.load`.
    epochs : int
        Full-batch steps of Adam before the gradients are taken.
    yardstick_n : int
        Samples whose gradients are materialised, at most all.
    repeats : int
        Turns of both, >= 1; the yardstick's first is preceded by one that does not count.
    seed : int
        Of the flipped labels and the model.
    """
    with one_thread(), threadpool_limits(1):
        return [_row(name, epochs, yardstick_n, repeats, seed, progress) for name in datasets]


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on.

    Times in seconds.
    """
    heads = ["data", "n", "parameters", "k", "gradients s", "scores s", "exact q s"]
    heads += ["extra MB", "materialised, n", "gradients s", "scores s", "krum_scores s"]
    heads += ["all, extrapolated s", "ratio", "error", "landmarks s", "Spearman"]
    lines = []
    for row in rows:
        cells = [row.dataset, *map(str, (row.n, row.parameters, row.k))]
        cells += [f"{t:.2f}" for t in (row.gradients, row.scores, row.seconds)]
        cells += [f"{row.extra_bytes / 1e6:.0f}", str(row.yardstick_n)]
        cells += [
            f"{t:.2f}" for t in (row.yardstick_gradients, row.yardstick_scores, row.krum)
        ]
        cells += [f"{row.yardstick:.1f}", f"{row.yardstick / row.seconds:.1f}"]
        cells += [f"{row.error:.1e}", f"{row.landmarks:.2f}", f"{row.agreement:.5f}"]
        lines.append(cells)
    return on_machine(markdown(heads, lines))


def _row(
    name: str,
    epochs: int,
    yardstick_n: int,
    repeats: int,
    seed: int,
    say: Progress,
) -> Row:
    features, labels, classes = _noisy(name, seed)
    n = len(labels)
    model = build("mlp", features.shape[1], None, classes, seed)
    say(f"{name}: training for {epochs} epochs")
    _train(model, features, labels, epochs)
    first = min(yardstick_n, n)
    few = torch.from_numpy(features[:first]), torch.from_numpy(labels[:first])
    k_few = neighbours(first, n_byzantine=round(_FLIPPED * first))
    f = round(_FLIPPED * n)
    took: dict[str, list[float]] = {}

    def measured(what: str, turn: int, call: Callable[[], Any]) -> Any:
        say(f"{name}, turn {turn} of {repeats}: {what}")
        result, seconds = timed(call)
        took.setdefault(what, []).append(seconds)
        return result

    scores: NDArray[np.float64] = np.empty(0)
    extra, agreement = 0, float("nan")
    for turn in range(repeats + 1):
        # By turns, so that a busy minute of a shared machine falls on both.
        matrix = measured("materialised gradients", turn, partial(_materialised, model, *few))
        measured("materialised scores", turn, partial(_scores, matrix, k_few))
        del matrix
        if turn:
            with PeakMemory() as memory:
                geometry = measured(
                    "gradients", turn, partial(sample_gradients, model, features, labels)
                )
                scores = measured(
                    "scores", turn, partial(sample_krum_scores, geometry, n_byzantine=f)
                )
            extra = max(extra, memory.growth)
            rough = measured(
                "landmarks",
                turn,
                partial(
                    landmark_scores,
                    [geometry],
                    n_neighbours=neighbours(n, n_byzantine=f),
                    budget=_LANDMARKS,
                    rng=stream(seed, "landmarks"),
                ),
            )
            agreement = float(spearmanr(rough, scores).statistic)
            del geometry
    matrix = _materialised(model, *few)
    measured("krum_scores", repeats, partial(krum_scores, matrix, n_neighbours=k_few))
    del matrix
    say(f"{name}: errors")
    k = neighbours(n, n_byzantine=f)
    checked = stream(seed, "checked").choice(n, min(n, _CHECKED_ROWS), replace=False)
    truth = _exact_scores(model, features, labels, checked, k)
    return Row(
        dataset=name,
        n=n,
        parameters=sum(p.numel() for p in model.parameters()),
        k=k,
        gradients=min(took["gradients"]),
        scores=min(took["scores"]),
        extra_bytes=extra,
        yardstick_n=first,
        yardstick_gradients=min(took["materialised gradients"][1:]),
        yardstick_scores=min(took["materialised scores"][1:]),
        krum=took["krum_scores"][0],
        landmarks=min(took["landmarks"]),
        agreement=agreement,
        error=float(np.abs(scores[checked] / truth - 1).max()),
    )


def _noisy(name: str, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """All samples, standardised but for indicators, with labels changed to a wrong class."""
    table_ = load(name)
    mean = np.where(table_.indicators, 0.0, table_.features.mean(axis=0))
    spread = np.where(table_.indicators, 1.0, table_.features.std(axis=0))
    spread[spread == 0] = 1.0
    rng = stream(seed, "flips")
    labels = table_.labels.copy()
    flipped = rng.choice(labels.size, round(_FLIPPED * labels.size), replace=False)
    labels[flipped] += rng.integers(1, table_.classes, flipped.size)
    labels %= table_.classes
    return ((table_.features - mean) / spread).astype(np.float32), labels, table_.classes


def _train(
    model: nn.Module, features: NDArray[np.float32], labels: NDArray[np.int64], epochs: int
) -> None:
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()


def _materialised(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Per-sample gradients of all parameters, (n, d), as torch.func gives them."""
    parameters = {name: value.detach() for name, value in model.named_parameters()}

    def loss(
        weights: dict[str, torch.Tensor], sample: torch.Tensor, label: torch.Tensor
    ) -> torch.Tensor:
        logits = functional_call(model, weights, (sample[None],))
        return nn.functional.cross_entropy(logits, label[None])

    gradients = vmap(grad(loss), (None, 0, 0))(parameters, x, y)
    return torch.cat([part.flatten(1) for part in gradients.values()], 1)


def _scores(matrix: torch.Tensor, k: int) -> NDArray[np.float64]:
    distances = matrix @ matrix.T
    lengths = distances.diagonal().clone()
    distances.mul_(-2).add_(lengths).add_(lengths[:, None]).fill_diagonal_(torch.inf)
    numbers = distances.numpy()
    numbers.partition(k - 1, axis=1)  # NumPy's is the faster selection
    scores: NDArray[np.float64] = numbers[:, :k].sum(axis=1, dtype=np.float64)
    return scores


def _exact_scores(
    model: nn.Module,
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    rows: NDArray[np.intp],
    k: int,
) -> NDArray[np.float64]:
    """Scores of some samples from float64 gradients and their differences."""
    model = model.double()
    try:
        x, y = torch.from_numpy(features).double(), torch.from_numpy(labels)
        chosen = _materialised(model, x[rows], y[rows])
        distances = torch.cat(
            [
                torch.cdist(
                    chosen,
                    _materialised(model, x[s : s + _BLOCK], y[s : s + _BLOCK]),
                    compute_mode="donot_use_mm_for_euclid_dist",
                )
                for s in range(0, len(x), _BLOCK)
            ],
            1,
        ).square_()
    finally:
        model.float()
    distances[range(len(rows)), rows] = torch.inf
    scores: NDArray[np.float64] = np.sort(distances.numpy(), axis=1)[:, :k].sum(axis=1)
    return scores
