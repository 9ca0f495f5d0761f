"""Which rows each contributor of a cohort learns from at each step, and what each weighs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch

from clients.loss import class_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training

_FINEST = 8  # rows: a batch of fewer is filled up to so many


def batch_rows(n: int, size: int) -> int:
    """Tell to how many rows a contributor's batches are filled up: by its own count alone.

    Filled up alike, contributors of different counts go side by side; a row that fills up
    weighs nothing. At most a fifth of them do, of more than 32.

    Parameters
    ----------
    n : int
        Samples of the contributor, >= 1.
    size : int
        Of a batch.

    Examples
    --------
    >>> [batch_rows(n, 32) for n in (1, 8, 17, 32, 500)]
    [8, 8, 24, 32, 32]
    >>> batch_rows(100, 1000)
    112
    """
    if n >= size:
        return size
    grain = max(_FINEST, 1 << max(n.bit_length() - 3, 0))
    return min(-(-n // grain) * grain, size)


@dataclass(frozen=True, slots=True)
class Group:
    """Contributors whose batches have the same number of rows.

    Parameters
    ----------
    rows : int
        R: of a batch.
    members : tuple of int
        Places in the cohort, those with the most steps first.
    """

    rows: int
    members: tuple[int, ...]


def groups(counts: Sequence[int], size: int) -> list[Group]:
    """Put contributors together whose batches have the same number of rows.

    Parameters
    ----------
    counts : sequence of int
        Samples of each.
    size : int
        Of a batch.

    Examples
    --------
    >>> [(one.rows, one.members) for one in groups([3, 100, 40, 5], 32)]
    [(32, (1, 2)), (8, (3, 0))]
    """
    filled = {n: batch_rows(n, size) for n in set(counts)}
    rows = [filled[n] for n in counts]
    # Stable: where all have the same count they stay in order.
    order = sorted(range(len(counts)), key=lambda i: (-rows[i], -counts[i]))
    return [Group(r, tuple(some)) for r, some in groupby(order, key=rows.__getitem__)]


@dataclass(frozen=True)
class Batches:
    """The batches of M contributors with R rows each, those with the most steps first.

    Parameters
    ----------
    rows : (T, M, R) int64 tensor
        Places in the cohort's table of what each of the T steps takes.
    weights : (T, M, R, 1) tensor
        c: what a row's slope is multiplied with, of the mean loss; 0 for what fills up.
    going : tuple of int
        How many of the contributors take each step: the first ones.
    """

    rows: Tensor
    weights: Tensor
    going: tuple[int, ...]

    def of_step(self, step: int) -> tuple[Tensor, Tensor]:
        """Take the rows, (going R,), and weights, (going, R, 1), of a step."""
        now = self.going[step]
        return self.rows[step, :now].view(-1), self.weights[step, :now]

    def alike(self, step: int) -> list[tuple[slice, int]]:
        """Part those that take a step by how many rows they have need of, by quarters.

        Where sums take longer than calls, a short batch is not filled up to a whole one. How
        many rows a contributor has is again told by its own count alone.

        Examples
        --------
        >>> share = torch.tensor([32, 32, 9, 3]).view(1, 4, 1) > torch.arange(32)
        >>> rows = torch.zeros(1, 4, 32, dtype=torch.int64)
        >>> Batches(rows, share.float().unsqueeze(3), (4,)).alike(0)
        [(slice(0, 2, None), 32), (slice(2, 3, None), 16), (slice(3, 4, None), 8)]
        """
        grain = max(_FINEST, self.rows.shape[2] // 4)
        found, at = list[tuple[slice, int]](), 0
        for quarters, some in groupby(-(-n // grain) for n in self._filled[step]):
            end = at + sum(1 for _ in some)
            found.append((slice(at, end), min(quarters * grain, self.rows.shape[2])))
            at = end
        return found

    @cached_property
    def _filled(self) -> list[list[int]]:
        """Count the rows that weigh something, of those that take each step."""
        counts = self.weights.squeeze(3).count_nonzero(dim=2).tolist()
        return [own[:now] for own, now in zip(counts, self.going, strict=True)]


def batches(
    group: Sequence[int],
    rows: int,
    parts: Sequence[Samples],
    starts: NDArray[np.int64],
    orders: Sequence[NDArray[np.int64]],
    settings: Training,
    like: Tensor,
) -> Batches:
    """Cut each contributor's epochs into batches.

    Parameters
    ----------
    group : sequence of int
        Places in the cohort.
    rows : int
        R.
    parts : sequence of Samples
        Of the cohort.
    starts : (cohort,) int64
        Where each contributor's rows begin in the table.
    orders : sequence of (epochs, n) int64
        Of the cohort: in which order each takes its samples.
    settings : Training
    like : torch.Tensor
        Whose type and device are meant.
    """
    epochs = settings.local_epochs
    steps = [-(-parts[i].labels.size // rows) * epochs for i in group]
    taken = np.zeros((steps[0], len(group), rows), np.int64)
    weights = np.zeros(taken.shape)
    of_values = parts[group[0]].classes == 1
    at = 0
    # Those of one count are alike in all but what they hold.
    for n, some in groupby(group, key=lambda i: parts[i].labels.size):
        same = list(some)
        cut = -(-n // rows)
        here = np.s_[: cut * epochs, at : at + len(same)]
        place = np.zeros((len(same), epochs, cut * rows), np.int64)
        place[:, :, :n] = [orders[i] for i in same]
        place += starts[same][:, None, None]
        taken[here] = place.reshape(len(same), epochs * cut, rows).swapaxes(0, 1)
        share = np.zeros((len(same), epochs, cut * rows))
        share[:, :, :n] = 1
        if settings.weight_classes and not of_values:
            share[:, :, :n] = [_importance(parts[i])[orders[i]] for i in same]
        share = share.reshape(len(same), epochs * cut, rows)
        share *= (1 + of_values) / share.sum(axis=2, keepdims=True)
        weights[here] = share.swapaxes(0, 1)
        at += len(same)
    going = tuple(sum(t < own for own in steps) for t in range(steps[0]))
    return Batches(
        torch.from_numpy(taken).to(like.device),
        torch.from_numpy(weights).to(like.device, like.dtype).unsqueeze(3),
        going,
    )


def _importance(part: Samples) -> NDArray[np.float32]:
    """Weigh samples: those of a rare class count for more."""
    found: NDArray[np.float32] = class_weights(part.labels, part.classes)[part.labels]
    return found
