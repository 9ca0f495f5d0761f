"""What training Transformers side by side gives: as one tensor program, and one by one.

Contributors hold sentences as long as the crowd's (`sentiment`): 8 to 32 tokens of 2,048, and
take one epoch in batches of 64. Both ways train the same model on the same rows; one by one is
what a model takes that cannot be put beside others.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from anml_fl.datasets.prepare import Samples
from anml_fl.models.build import build
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.settings.training import Training
from clients.autograd_training import train_by_autograd
from clients.cohort_training import train_cohort
from studies.benchmarks.harness import Progress, by_turns, markdown, on_machine, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

_WORDS, _LENGTH, _MODELS = 2048, 32, 60
_CROWD = np.random.default_rng(0).lognormal(4, 1.2, _MODELS).clip(1, 1000).astype(int)
_COUNTS = {str(n): [n] * _MODELS for n in (5, 16, 64)}
_COUNTS[f"as a crowd's, {_CROWD.mean():.0f}"] = _CROWD.tolist()


@dataclass(frozen=True, slots=True)
class TransformerRow:
    """Updates a second of processor time.

    Parameters
    ----------
    rows : str
        How many each contributor holds.
    alone, cohort : float
    difference : float
        Largest of any weight.
    """

    rows: str
    alone: float
    cohort: float
    difference: float


def run(repeats: int = 3, progress: Progress = silent) -> list[TransformerRow]:
    """Measure each, the two ways by turns, on one thread.

    Parameters
    ----------
    repeats : int
        Measurements of each way; the fastest counts.
    progress : callable, optional
        Told what is being measured.
    """
    model = build("transformer", _LENGTH, None, 2, seed=0, vocabulary=_WORDS)
    settings, found = Training(local_epochs=1, batch_size=64), []
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for name, held in _COUNTS.items():
            rng = np.random.default_rng(1)
            parts = [_sentences(rng, n) for n in held]

            def cohort(parts: list[Samples] = parts) -> dict[str, NDArray[Any]]:
                return train_cohort(model, parts, settings, _orders(parts))

            def alone(parts: list[Samples] = parts) -> dict[str, NDArray[Any]]:
                return _one_by_one(model, parts, settings)

            def say(turn: int, way: str, name: str = name) -> None:
                progress(f"{name} rows, {way}, {turn} of {repeats}")

            times, results = by_turns({"alone": alone, "cohort": cohort}, repeats, say)
            apart = max(
                float(np.abs(one - results["alone"][key]).max())
                for key, one in results["cohort"].items()
            )
            speeds = {way: len(held) / one.least for way, one in times.items()}
            found.append(TransformerRow(name, speeds["alone"], speeds["cohort"], apart))
    finally:
        torch.set_num_threads(before)
    return found


def table(rows: Sequence[TransformerRow]) -> str:
    """Lay rows out as Markdown, under the machine they were measured on."""
    heads = ["rows of each", "one by one", "cohort", "ratio", "largest difference"]
    lines = [
        [
            row.rows,
            f"{row.alone:.0f}",
            f"{row.cohort:.0f}",
            f"{row.cohort / row.alone:.2f}",
            f"{row.difference:.1e}",
        ]
        for row in rows
    ]
    return on_machine(markdown(heads, lines))


def _one_by_one(
    model: nn.Module, parts: Sequence[Samples], settings: Training
) -> dict[str, NDArray[Any]]:
    own, start, found = deepcopy(model).train(), arrays_of(model), []
    for part, rng in zip(parts, _orders(parts), strict=True):
        load_arrays(own, start)
        train_by_autograd(own, part, settings, rng.permutation(part.labels.size)[None], rng)
        found.append(arrays_of(own))
    return {name: np.stack([one[name] for one in found]) for name in start}


def _orders(parts: Sequence[Samples]) -> list[np.random.Generator]:
    return [np.random.default_rng(i) for i in range(len(parts))]


def _sentences(rng: np.random.Generator, n: int) -> Samples:
    tokens = rng.integers(1, _WORDS, size=(n, _LENGTH))
    # Filled up at the end, as sentences are.
    tokens[np.arange(_LENGTH) >= rng.integers(8, _LENGTH + 1, size=(n, 1))] = 0
    return Samples(tokens.astype(np.float32), rng.integers(2, size=n), 2)
