"""A cohort as jobs: contributors whose batches go together, in chunks that caches hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from anml_fl.models.chunks import on_all_threads
from clients.cohort_batches import batches, groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training
    from clients.cohort_batches import Batches

CHUNK_BYTES = 4 << 20
"""What one chunk of models may take: calls cost more than a shared cache does."""


class Models(Protocol):
    """M models that learn side by side."""

    def ready(self, threads: int) -> None:
        """Make ready for some threads."""

    def row_bytes(self, rows: int) -> int:
        """Count what one model's training on batches of some rows has at hand."""

    def train(
        self,
        part: slice,
        table: Tensor,
        batches: Batches,
        settings: Training,
        *,
        of_values: bool,
    ) -> None:
        """Train some of the models on their batches.

        Parameters
        ----------
        part : slice
            Which.
        table : (rows, D + C) tensor
            As `cohort_rows.Held` lays it out.
        batches : Batches
            Of these models.
        settings : Training
            Of the round.
        of_values : bool
        """


class Cohort:
    """Contributors, their rows, and in which order they take them.

    Parameters
    ----------
    parts : sequence of Samples
    settings : Training
        Of the round.
    drawn : sequence of (epochs, n) int64
        In which order each contributor takes its samples.
    table : (rows, D + C) tensor
        Of all parts, as `cohort_rows.Held` lays it out.
    """

    def __init__(
        self,
        parts: Sequence[Samples],
        settings: Training,
        drawn: Sequence[NDArray[np.int64]],
        table: Tensor,
    ) -> None:
        self._parts, self._settings = parts, settings
        self._drawn, self._table = drawn, table
        counts = [one.labels.size for one in parts]
        self._starts = np.cumsum([0, *counts[:-1]], dtype=np.int64)
        self._groups = groups(counts, settings.batch_size)
        self._order = [i for one in self._groups for i in one.members]

    def train(self, models: Models) -> None:
        """Train the models, which stand in the order of the jobs.

        Parameters
        ----------
        models : Models
            One for each contributor.
        """
        jobs, at = list[tuple[slice, int]](), 0
        for group in self._groups:
            end = at + len(group.members)
            together = self._together(models, group.rows, len(group.members))
            jobs += [
                (slice(start, min(start + together, end)), group.rows)
                for start in range(at, end, together)
            ]
            at = end
        lanes = min(torch.get_num_threads(), len(jobs))
        models.ready(lanes)

        def work(lane: slice) -> None:
            for part, rows in jobs[lane]:
                models.train(
                    part,
                    self._table,
                    self._batches(part, rows),
                    self._settings,
                    of_values=self._parts[0].classes == 1,
                )

        on_all_threads(work, [slice(i, None, lanes) for i in range(lanes)])

    def in_order(self, trained: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Put models back in the order of the contributors."""
        if self._order == list(range(len(self._order))):
            return trained
        places = torch.from_numpy(np.argsort(self._order)).to(self._table.device)
        return {name: one[places] for name, one in trained.items()}

    def _together(self, models: Models, rows: int, members: int) -> int:
        if self._table.device.type != "cpu":
            return members
        share = -(-members // torch.get_num_threads())
        return min(max(CHUNK_BYTES // models.row_bytes(rows), 1), share)

    def _batches(self, part: slice, rows: int) -> Batches:
        return batches(
            self._order[part],
            rows,
            self._parts,
            self._starts,
            self._drawn,
            self._settings,
            self._table,
        )
