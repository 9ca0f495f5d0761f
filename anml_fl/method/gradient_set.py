"""Gradients of many samples: lengths and distances without the gradients themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from anml_fl.method.gradient_layers import Factors
from anml_fl.method.gradient_tiles import Tiles
from anml_fl.method.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class SampleGradients:
    """Gradients of n samples: what their inner products need.

    Parameters
    ----------
    explicit : (n, d) tensor
        Gradients of the layers that are cheaper as they are, side by side.
    factors : tuple of Factors
        The other layers'.
    squared_norms : (n,) float64
        Squared Euclidean lengths.
    losses : (n,) float64
        The loss of each sample.
    """

    explicit: torch.Tensor
    factors: tuple[Factors, ...]
    squared_norms: NDArray[np.float64]
    losses: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.explicit.shape[0])

    def take(self, rows: ArrayLike) -> SampleGradients:
        """Return the gradients of some samples.

        Parameters
        ----------
        rows : (m,) integers or booleans
            As a NumPy array is indexed.

        Returns
        -------
        SampleGradients
            In the order of `rows`.
        """
        rows = _indices(rows, len(self))
        chosen = torch.tensor(rows, device=self.explicit.device)
        return SampleGradients(
            self.explicit[chosen],
            tuple(Factors(f.deltas[chosen], f.inputs[chosen]) for f in self.factors),
            self.squared_norms[rows],
            self.losses[rows],
        )

    def squared_distances(self, rows: ArrayLike, columns: ArrayLike) -> torch.Tensor:
        """Square the Euclidean distances between two lists of samples.

        Parameters
        ----------
        rows : (a,) integers or booleans
        columns : (b,) integers or booleans

        Returns
        -------
        (a, b) tensor
            In the model's precision and on its device; >= 0, and 0 between a sample and
            itself. The error is relative to the squared lengths.
        """
        left, right = (_indices(some, len(self)) for some in (rows, columns))
        out = self.explicit.new_empty((left.size, right.size))
        with one_thread():
            Tiles(self.take(left), self.take(right)).fill(out)
            out.clamp_(min=0.0)
            same = torch.tensor(left[:, None] == right[None, :], device=out.device)
            out.masked_fill_(same, 0.0)
        return out


def _indices(chosen: ArrayLike, n: int) -> NDArray[np.intp]:
    indices = np.asarray(chosen)
    found: NDArray[np.intp] = np.arange(n)[
        indices if indices.size else indices.astype(np.intp)
    ]
    return found
