"""What trusted rows say of a perceptron, for trials by the dozen: from its vector at once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.models.root_set import RootSet
    from strategies.context import Context


def with_quick_root(context: Context, rows: RootSet) -> Context:
    """Give a context whose root set answers for perceptrons, and trains once a round.

    Parameters
    ----------
    context : Context
        Of the same rows.
    rows : RootSet
    """
    if context.root is None:
        return context

    def outputs(steps: NDArray[Any]) -> NDArray[np.float64]:
        models = (context.model + step for step in steps)
        found = [perceptron_outputs(one, context.shapes, rows.features) for one in models]
        return np.stack(found).astype(np.float64)

    root = replace(context.root, outputs=outputs, step=cache(context.root.step))
    return replace(context, root=root, root_update=root.step)


def perceptron_outputs(
    vector: NDArray[Any], shapes: Sequence[tuple[int, ...]], features: NDArray[Any]
) -> NDArray[Any]:
    """Logits (m, C) of a perceptron with ReLUs, given as the vector of its layers' arrays.

    Parameters
    ----------
    vector : (d,) array
        Weights and biases, layer by layer.
    shapes : sequence of tuple of int
        Theirs.
    features : (m, k) array

    Examples
    --------
    >>> vector = np.array([1.0, -1.0, 0.5])  # one layer: weights (1, 2), bias
    >>> perceptron_outputs(vector, [(1, 2), (1,)], np.array([[3.0, 1.0]]))
    array([[2.5]])
    """
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    arrays = [
        part.reshape(shape) for part, shape in zip(np.split(vector, ends), shapes, strict=True)
    ]
    found = features
    with np.errstate(over="ignore", invalid="ignore"):
        for place in range(0, len(arrays), 2):
            found = np.maximum(found, 0.0) if place else found
            found = found @ arrays[place].T + arrays[place + 1]
    outputs: NDArray[Any] = np.nan_to_num(np.clip(found, -1e6, 1e6), nan=0.0)
    return outputs
