"""What the server's own data say of a round: the update that they lead to, and others'."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from flwr.app import Array, ArrayRecord

from anml_fl.method.calibrated.root import Root
from strategies.arrays import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from strategies.layout import Layout

    Arrays = Mapping[str, NDArray[Any]]

# What a model says beyond it tells nothing more, and squares of it stay finite.
_MOST = 1e6


@runtime_checkable
class Rows(Protocol):
    """Rows whose labels are trusted, as `anml_fl.models.root_set.RootSet` has them."""

    labels: NDArray[Any]
    classes: int
    about: str

    def __call__(self, arrays: Arrays) -> Arrays:
        """Train a model's arrays on them."""
        ...

    def outputs(self, arrays: Arrays) -> NDArray[np.float64]:
        """Ask a model of them: (m, C)."""
        ...


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


def root_of(
    rows: Callable[[Arrays], Arrays] | None,
    arrays: ArrayRecord,
    layout: Layout,
    model: NDArray[Any],
) -> Root | None:
    """Make what a rule may ask of the server's rows in a round; None where there are none.

    Parameters
    ----------
    rows : callable, optional
        As in `strategies.rule.Rule`; one that only trains can be asked nothing else.
    arrays, layout, model
        As in `root_update`.
    """
    if not isinstance(rows, Rows):
        return None
    return Root(
        labels=rows.labels,
        classes=rows.classes,
        outputs=partial(_outputs, rows, arrays, layout, model),
        step=partial(root_update, rows, arrays, layout, model),
        about=rows.about,
    )


def _outputs(
    rows: Rows,
    arrays: ArrayRecord,
    layout: Layout,
    model: NDArray[Any],
    steps: NDArray[Any],
) -> NDArray[np.float64]:
    """Ask the global model moved by each step, one model at a time."""
    found = np.empty((len(steps), rows.labels.size, rows.classes))
    for place, step in enumerate(steps):
        moved = layout.moved(model, step, arrays, {})
        # A model that is not finite says nothing.
        said = 0.0 if moved is None else rows.outputs(values_of(moved))
        found[place] = np.nan_to_num(said, nan=0.0, posinf=_MOST, neginf=-_MOST)
    return np.clip(found, -_MOST, _MOST, out=found)
