"""Squared distances between per-sample gradients, a tile of pairs at a time.

A tile's intermediate products stay in a core's cache; of all pairs only what is asked for
is ever in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from anml_fl.method.gradient_layers import Factors

# Rows and columns of a tile on a processor: three of float32 take 1.8 MB, a core's cache.
_CACHED = 384
# Elsewhere starting a product costs more than its memory.
_LARGE = 4096
# Pairs whose differences are taken at once.
_PAIRS = 4096


class Gradients(Protocol):
    """What distances need of n samples' gradients, as `SampleGradients` has it."""

    @property
    def explicit(self) -> torch.Tensor:
        """Gradients of some layers, side by side, (n, d)."""

    @property
    def factors(self) -> tuple[Factors, ...]:
        """The other layers'."""

    @property
    def squared_norms(self) -> NDArray[np.float64]:
        """Squared Euclidean lengths, (n,)."""

    def __len__(self) -> int: ...


class Tiles:
    """Squared distances between two sets of gradients, ready to be computed.

    Parameters
    ----------
    left, right : Gradients
        Of one model and batch; rows and columns of the distances.
    """

    def __init__(self, left: Gradients, right: Gradients) -> None:
        a, b = _lengths(left), _lengths(right)
        # |g - h|^2 as a product: [-2 g, |g|^2, 1] . [h, 1, |h|^2]. Times -2 is exact.
        self._left = torch.cat([left.explicit * -2, a, torch.ones_like(a)], 1)
        self._right = torch.cat([right.explicit, torch.ones_like(b), b], 1)
        self._factors = [
            (f.deltas * -2, g.deltas, f.inputs, g.inputs)
            for f, g in zip(left.factors, right.factors, strict=True)
        ]
        largest = _CACHED if self._left.device.type == "cpu" else _LARGE
        self.size = min(largest, max(len(left), len(right)))
        self._buffers = [self._left.new_empty(self.size**2) for _ in range(3)]

    def tile(
        self, rows: slice, columns: slice, room: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Compute the distances of a tile's pairs.

        Parameters
        ----------
        rows, columns : slice
            Of at most `size` samples each.
        room : (size**2,) tensor, optional
            Where to put them; otherwise they are valid until the next call.

        Returns
        -------
        (rows, columns) tensor
            Rounding may leave it just below zero.
        """
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        buffers = (self._buffers[0] if room is None else room, *self._buffers[1:])
        total, second, third = (b[: shape[0] * shape[1]].view(shape) for b in buffers)
        if not self._factors:
            return torch.mm(self._left[rows], self._right[columns].T, out=total)
        for at, factors in enumerate(self._factors):
            deltas, inputs = (
                _products(one[rows], other[columns], out)
                for one, other, out in (
                    (*factors[:2], second if at else total),
                    (*factors[2:], third),
                )
            )
            if deltas.ndim == 4:
                # Several positions: each with each.
                deltas = deltas.mul_(inputs).sum((1, 3))
                total = total.add_(deltas) if at else total.copy_(deltas)
            elif at:
                total.addcmul_(deltas, inputs)
            else:
                total.mul_(inputs)
        return total.addmm_(self._left[rows], self._right[columns].T)

    def fill(self, out: torch.Tensor) -> None:
        """Compute all distances.

        Parameters
        ----------
        out : (left, right) tensor
            Written to.
        """
        for rows in self.blocks(out.shape[0]):
            for columns in self.blocks(out.shape[1]):
                out[rows, columns] = self.tile(rows, columns)

    def blocks(self, n: int) -> list[slice]:
        """Part n samples into the rows or columns of tiles."""
        return [slice(s, min(s + self.size, n)) for s in range(0, n, self.size)]


def _lengths(gradients: Gradients) -> torch.Tensor:
    like = gradients.explicit
    return torch.tensor(gradients.squared_norms, dtype=like.dtype, device=like.device)[:, None]


def _products(one: torch.Tensor, other: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """(a, P, d) and (b, P, d) -> (a, b), or (a, P, b, P) where there are more positions."""
    positions = one.shape[1]
    if positions == 1:
        return torch.mm(one[:, 0], other[:, 0].T, out=out)
    product = one.flatten(0, 1) @ other.flatten(0, 1).T
    return product.view(one.shape[0], positions, other.shape[0], positions)


def exact_pairs(
    gradients: Gradients, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Square the distances of some pairs from their differences, in float64.

    Parameters
    ----------
    gradients : Gradients
    rows, columns : (pairs,) int64 tensors

    Returns
    -------
    (pairs,) float64 tensor
        Exact where `Tiles` cancels; 0 for equal gradients.
    """
    found = [
        _from_differences(gradients, rows[s : s + _PAIRS], columns[s : s + _PAIRS])
        for s in range(0, len(rows), _PAIRS)
    ]
    return torch.cat(found) if found else gradients.explicit.new_empty(0).double()


def _from_differences(
    gradients: Gradients, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    explicit = gradients.explicit[rows].double() - gradients.explicit[columns].double()
    total = explicit.square().sum(1)
    for factors in gradients.factors:
        inputs, deltas = factors.inputs[rows].double(), factors.deltas[columns].double()
        change = factors.deltas[rows].double() - deltas
        step = inputs - factors.inputs[columns].double()
        # d (x) a - e (x) b = (d - e) (x) a + e (x) (a - b)
        total += _inner(change, change, inputs, inputs)
        total += _inner(deltas, deltas, step, step)
        total += 2 * _inner(change, deltas, inputs, step)
    return total.clamp_(min=0.0)


def _inner(d: torch.Tensor, e: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Inner products of d (x) a and e (x) b, summed over positions."""
    return ((d @ e.transpose(1, 2)) * (a @ b.transpose(1, 2))).sum((1, 2))
