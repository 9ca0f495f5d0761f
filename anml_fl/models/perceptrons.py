"""Many MLPs of one shape: their beginning, their tensors, and one of them as a module."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cohort:
    """M models: dense layers with ReLU between them.

    Parameters
    ----------
    weights : tuple of (M, in, out) tensors
        float32 or float64, one tensor a layer.
    biases : tuple of (M, out) tensors

    Raises
    ------
    ValueError
        If there is no model, or shapes, types or devices don't go together.

    Examples
    --------
    >>> cohort = initial([0, 1], (13, 64, 32, 3))
    >>> len(cohort), cohort.sizes, len(cohort.take([1]))
    (2, (13, 64, 32, 3), 1)
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(
                f"a cohort needs as many biases as weights, and at least one: got "
                f"{len(self.weights)} weights, {len(self.biases)} biases"
            )
        first = self.weights[0]
        if first.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"weights must be float32 or float64, got {first.dtype}")
        if first.ndim != 3:
            raise ValueError(f"weights must be (M, in, out), got {tuple(first.shape)}")
        if 0 in first.shape:
            raise ValueError(
                f"a cohort needs at least one model with inputs and outputs, got weights "
                f"{tuple(first.shape)}"
            )
        models, below = first.shape[:2]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            if weight.ndim != 3 or weight.shape[:2] != (models, below):
                raise ValueError(
                    f"weights must be ({models}, {below}, out) here, got {tuple(weight.shape)}"
                )
            below = weight.shape[2]
            if bias.shape != (models, below):
                raise ValueError(
                    f"biases must be ({models}, {below}) here, got {tuple(bias.shape)}"
                )
            for tensor in (weight, bias):
                if tensor.dtype != first.dtype or tensor.device != first.device:
                    raise ValueError(
                        f"all tensors must be {first.dtype} on {first.device}, got "
                        f"{tensor.dtype} on {tensor.device}"
                    )

    def __len__(self) -> int:
        return len(self.weights[0])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer, the input's first."""
        return (self.weights[0].shape[1], *(weight.shape[2] for weight in self.weights))

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> Cohort:
        """Copy some models.

        Parameters
        ----------
        indices : sequence of int
            In the order of the copy; a model may come twice.
        """
        at = torch.as_tensor(
            np.asarray(indices, dtype=np.int64), device=self.weights[0].device
        )
        return Cohort(tuple(w[at] for w in self.weights), tuple(b[at] for b in self.biases))

    def to(self, target: torch.dtype | torch.device | str) -> Cohort:
        """Move to another type or device."""
        return Cohort(
            tuple(w.to(target) for w in self.weights), tuple(b.to(target) for b in self.biases)
        )


def initial(seeds: Sequence[int], sizes: Sequence[int]) -> Cohort:
    """Draw every model's beginning from its seed: PyTorch's default initialisation.

    Parameters
    ----------
    seeds : sequence of int
        One a model. torch's own generator stays as it was.
    sizes : sequence of int
        Units of each layer, the input's first; with hidden layers of 64 and 32 the models
        of `architectures.build`.

    Returns
    -------
    Cohort
        float32, on the CPU.

    Raises
    ------
    ValueError
        If there is no seed, or a size is not positive.

    Examples
    --------
    >>> [tuple(w.shape) for w in initial([7], (13, 64, 32, 3)).weights]
    [(1, 13, 64), (1, 64, 32), (1, 32, 3)]
    """
    if not len(seeds):
        raise ValueError("seeds must name at least one model, got none")
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be two or more positive numbers, got {tuple(sizes)}")
    weights: list[list[Tensor]] = [[] for _ in sizes[1:]]
    biases: list[list[Tensor]] = [[] for _ in sizes[1:]]
    with torch.random.fork_rng(devices=[]):
        for seed in seeds:
            torch.manual_seed(int(seed))
            for i, (below, width) in enumerate(pairwise(sizes)):
                layer = nn.Linear(below, width)
                weights[i].append(layer.weight.detach().T)
                biases[i].append(layer.bias.detach())
    return Cohort(
        tuple(torch.stack(each).contiguous() for each in weights),
        tuple(torch.stack(each) for each in biases),
    )


def module(cohort: Cohort, i: int) -> nn.Sequential:
    """Copy one model out, as `architectures.build` makes it.

    Parameters
    ----------
    cohort : Cohort
    i : int
        Which one.

    Returns
    -------
    torch.nn.Sequential
        Linear layers with ReLU between them.

    Examples
    --------
    >>> module(initial([0, 1], (2, 8, 3)), 1)[0]
    Linear(in_features=2, out_features=8, bias=True)
    """
    layers: list[nn.Module] = []
    for weight, bias in zip(cohort.weights, cohort.biases, strict=True):
        below, width = weight.shape[1:]
        layer = nn.Linear(below, width, device="meta")
        layer.weight = nn.Parameter(weight[i].T.clone(memory_format=torch.contiguous_format))
        layer.bias = nn.Parameter(bias[i].clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
