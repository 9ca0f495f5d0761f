"""Krum scores of per-sample gradients, from their geometry alone."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isqrt
from typing import TYPE_CHECKING

import numpy as np
import torch

from anml_fl.method.gradient_tiles import Tiles, exact_pairs
from anml_fl.method.krum import neighbours
from anml_fl.method.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anml_fl.method.gradient_set import SampleGradients

# Bytes for tiles that wait for the rows on their other side.
_WAITING = 750_000_000
# Rows of the panel start at multiples of this many numbers: copies are then aligned.
_ALIGNED = 16
# A row is measured again when its score is below this part of its squared length times k:
# float32 products are good to about 3e-7 of the lengths.
_CANCELLED = 0.25
# What may have been rounded, in units of the precision: a neighbour hides within it.
_SLACK = 8
# Distances below this part of a squared length are a float64 product's rounding: float32
# gradients that differ at all are about this far apart.
_NOISE = 1e-14
# Rows measured again at once.
_AGAIN = 256
# A pair from differences costs as much as this many in a float64 tile.
_PAIR = 50


def sample_krum_scores(
    gradients: SampleGradients,
    *,
    n_byzantine: int | None = None,
    n_neighbours: int | None = None,
) -> NDArray[np.float64]:
    """Sum each gradient's squared distances to its nearest others: s_i, Eq. 2.

    Parameters
    ----------
    gradients : SampleGradients
        From `sample_gradients`.
    n_byzantine, n_neighbours : int, optional
        As in `anml_fl.method.krum.krum_scores`.

    Returns
    -------
    (n,) float64
        Scores >= 0; the lower, the nearer to the others.

    Raises
    ------
    ValueError
        If a count is negative.

    Notes
    -----
    Time O(n^2), with memory of at most 0.8 GB beyond the gradients. Relative error of a
    score about 1e-6 for a float32 model. The same bytes again, whatever the threads.

    References
    ----------
    Blanchard et al. 2017, section 4; ANML, Eq. 2.

    Examples
    --------
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model = torch.nn.Linear(1, 1, bias=False).double()
    >>> torch.nn.init.zeros_(model.weight).requires_grad
    True
    >>> features, targets = [[1.0], [1.0], [1.0], [1.0]], [0.0, 0.5, 1.0, 4.5]
    >>> gradients = sample_gradients(model, features, targets, loss="squared")  # -2 y
    >>> sample_krum_scores(gradients, n_neighbours=2)
    array([  5.,   2.,   5., 113.])
    """
    n = len(gradients)
    k = neighbours(n, n_byzantine=n_byzantine, n_neighbours=n_neighbours)
    scores = np.zeros(n)
    if n == 1:
        return scores
    reaches = np.zeros(n)  # squared distance of the k-th neighbour
    with one_thread():
        for rows, panel in _panels(gradients):
            panel.diagonal(rows.start).fill_(inf)
            scores[rows], reaches[rows] = _nearest(panel, k)
        precision = torch.finfo(gradients.explicit.dtype).eps
        part = _CANCELLED * precision / torch.finfo(torch.float32).eps
        again = np.flatnonzero(scores < part * k * gradients.squared_norms)
        reaches += _SLACK * precision * (3 * gradients.squared_norms + 2 * np.abs(reaches))
        scores[again] = _measured_again(gradients, again, reaches[again], k)
    return scores


def _nearest(
    distances: torch.Tensor, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of each row's k least, and the k-th; the rows are reordered."""
    numbers = distances.cpu()
    # NumPy's selection is vectorised, torch's sum is; both work in the same memory.
    numbers.numpy().partition(k - 1, axis=1)
    sums = numbers[:, :k].sum(1).numpy()
    return sums.astype(np.float64), numbers[:, k - 1].numpy().astype(np.float64)


def _measured_again(
    gradients: SampleGradients,
    rows: NDArray[np.intp],
    reaches: NDArray[np.float64],
    k: int,
) -> NDArray[np.float64]:
    """Scores of rows whose neighbours are so near that float32 products cancelled."""
    scores = np.empty(rows.size)
    wide: SampleGradients | None = None
    for start in range(0, rows.size, _AGAIN):
        some = rows[start : start + _AGAIN]
        left = gradients.take(some)
        rough = left.explicit.new_empty(len(some), len(gradients))
        Tiles(left, gradients).fill(rough)
        itself = torch.tensor(some, device=rough.device)[:, None]
        rough.scatter_(1, itself, inf)
        limits = torch.tensor(reaches[start : start + _AGAIN], device=rough.device)
        pairs = (rough <= limits[:, None]).nonzero()
        distances = torch.full_like(rough, inf, dtype=torch.float64)
        if rough.dtype == torch.float64 or _PAIR * len(pairs) < rough.numel():
            at, other = pairs.unbind(1)
            distances[at, other] = exact_pairs(gradients, itself[at, 0], other)
        else:
            wide = wide or _in_float64(gradients)
            Tiles(wide.take(some), wide).fill(distances)
            noise = torch.tensor(_NOISE * left.squared_norms, device=rough.device)
            distances[distances < noise[:, None]] = 0.0
            distances.scatter_(1, itself, inf)
        scores[start : start + len(some)], _ = _nearest(distances, k)
    return scores


def _in_float64(gradients: SampleGradients) -> SampleGradients:
    return replace(
        gradients,
        explicit=gradients.explicit.double(),
        factors=tuple(
            replace(f, deltas=f.deltas.double(), inputs=f.inputs.double())
            for f in gradients.factors
        ),
    )


def _panels(gradients: SampleGradients) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield the distances of a block of samples to all, block after block.

    A tile is computed once for both of its sides as far as memory allows: the tiles nearest
    to the diagonal wait for the block of their other side.
    """
    n = len(gradients)
    tiles = Tiles(gradients, gradients)
    blocks = tiles.blocks(n)
    like = gradients.explicit
    # Tiles that wait form a triangle of this height.
    reach = isqrt(2 * _WAITING // (tiles.size**2 * like.itemsize))
    waiting: dict[tuple[int, int], torch.Tensor] = {}
    spare: list[torch.Tensor] = []
    near = like.new_empty(tiles.size**2)
    buffer = like.new_empty(tiles.size, -(-n // _ALIGNED) * _ALIGNED)
    for i, rows in enumerate(blocks):
        panel = buffer[: rows.stop - rows.start, :n]
        for j, columns in enumerate(blocks):
            part = panel[:, columns]
            if (j, i) in waiting:
                room = waiting.pop((j, i))
                # Into the cache first: to turn it round from memory takes thrice as long.
                near.copy_(room)
                part.copy_(near[: part.numel()].view(part.T.shape).T)
                spare.append(room)
            elif i < j <= i + reach:
                room = spare.pop() if spare else like.new_empty(tiles.size**2)
                part.copy_(tiles.tile(rows, columns, room))
                waiting[i, j] = room
            else:
                part.copy_(tiles.tile(rows, columns))
        yield rows, panel
