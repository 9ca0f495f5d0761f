"""What the server's own data say of a round: the update that training on them leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord

from strategies.arrays import values_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from strategies.layout import Layout
    from strategies.rule import Arrays


def root_update(
    root: Callable[[Arrays], Arrays], arrays: ArrayRecord, layout: Layout, model: NDArray[Any]
) -> NDArray[Any]:
    """Train the global model on the server's own data: the update (d,), as in `Context`.

    Parameters
    ----------
    root : callable
        As in `strategies.rule.Rule`.
    arrays : ArrayRecord
        The global model.
    layout : Layout
        Of the model's arrays in a vector.
    model : (d,) array
        The global model as such a vector.
    """
    trained = root(values_of(arrays))
    vector = np.empty_like(model)
    record = ArrayRecord({name: Array(np.asarray(a)) for name, a in trained.items()})
    layout.flatten(record, vector)
    update: NDArray[Any] = vector - model
    return update
