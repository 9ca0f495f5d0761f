"""Random projection of per-sample gradients, one outer product a direction and layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np

    from anml_fl.method.gradient_set import SampleGradients

# Numbers that a block of samples takes while it is projected.
_PROJECTED = 1 << 22


def projected(
    gradients: SampleGradients, dimensions: int, rng: np.random.Generator
) -> SampleGradients:
    """Project gradients at random, without making them.

    A layer's gradient is an outer product of deltas and inputs; so is each direction that
    it is projected on: (deltas P) * (inputs Q) with P and Q of random signs. Squared lengths
    and distances are right on average.

    Parameters
    ----------
    gradients : SampleGradients
    dimensions : int
        d, >= 1.
    rng : numpy.random.Generator

    Returns
    -------
    SampleGradients
        Explicit gradients of d numbers, with the same losses.

    Raises
    ------
    ValueError
        If `dimensions` is not positive.

    References
    ----------
    Rudelson: Row products of random matrices, Advances in Mathematics 231, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from anml_fl.method.gradients import sample_gradients
    >>> model, rng = nn.Linear(2, 3), np.random.default_rng(0)
    >>> fit = sample_gradients(model, rng.normal(size=(5, 2)), rng.integers(3, size=5))
    >>> projected(fit, 4, rng).explicit.shape
    torch.Size([5, 4])
    """
    if dimensions < 1:
        raise ValueError(f"dimensions must be >= 1, got {dimensions}")
    explicit = gradients.explicit
    n = explicit.shape[0]

    def signs(rows: int) -> torch.Tensor:
        drawn = 2.0 * rng.integers(2, size=(rows, dimensions)) - 1.0
        return torch.tensor(drawn, dtype=explicit.dtype, device=explicit.device)

    total = explicit @ signs(explicit.shape[1])
    for part in gradients.factors:
        left, right = signs(part.deltas.shape[2]), signs(part.inputs.shape[2])
        step = max(1, _PROJECTED // (part.deltas.shape[1] * dimensions))
        for start in range(0, n, step):
            rows = slice(start, start + step)
            total[rows] += ((part.deltas[rows] @ left) * (part.inputs[rows] @ right)).sum(1)
    total /= dimensions**0.5
    norms = total.double().square().sum(1).cpu().numpy()
    return replace(gradients, explicit=total, factors=(), squared_norms=norms)
