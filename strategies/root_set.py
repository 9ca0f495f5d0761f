"""What the server's own data say of a round: the update that they lead to, and others'."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from flwr.app import Array, ArrayRecord

from anml_fl.catalogue import shown_kind
from anml_fl.federation.root_rows import LEAST_PROMISED
from anml_fl.federation.root_use import needed, use_of
from anml_fl.method.calibrated.root import Root
from strategies.arrays import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from anml_fl.settings.aggregation import Aggregation
    from strategies.layout import Layout
    from strategies.rule import Rule

    Arrays = Mapping[str, NDArray[Any]]

# What a model says beyond it tells nothing more, and squares of it stay finite.
_MOST = 1e6
# Values of models that are there at once: 4 MB of float32, which caches hold.
_AT_ONCE = 2**20


@runtime_checkable
class Rows(Protocol):
    """Rows whose labels are trusted, as `anml_fl.models.root_set.RootSet` has them."""

    labels: NDArray[Any]
    classes: int
    about: str
    donated: bool

    def __call__(self, arrays: Arrays) -> Arrays:
        """Train a model's arrays on them."""
        ...

    def outputs(self, arrays: Arrays) -> NDArray[np.float64]:
        """Ask a model of them: (m, C)."""
        ...


@runtime_checkable
class TrainedRows(Protocol):
    """Rows on which the server can train as long as a contributor does."""

    def trained(self, arrays: Arrays) -> Arrays:
        """Train a model's arrays on them."""
        ...


@runtime_checkable
class ManyRows(Protocol):
    """Rows of which many models can be asked at once."""

    def outputs_of_many(self, arrays: Arrays, changed: Arrays) -> NDArray[np.float64]:
        """Ask models (k, m, C) that differ in some arrays, name to (k, ...)."""
        ...


def checked_root(root: Any, settings: Aggregation) -> Callable[[Arrays], Arrays] | None:
    """Check what a Flower app gives as `root`.

    Raises
    ------
    TypeError
        If it cannot be called.
    ValueError
        If there is none, and the settings ask for rows.
    """
    if root is None and settings.root not in ("auto", "none"):
        raise ValueError(
            "settings.root: which rows a Flower app's server holds is known to the app alone,"
            f" got {settings.root!r}: give root=anml_fl.RootSet(model, features, labels,"
            " classes)"
        )
    if root is not None and (not callable(root) or isinstance(root, type)):
        raise TypeError(
            "root must be an anml_fl.RootSet, or a function that trains a model's arrays on"
            f" rows of the server's, got {shown_kind(root)}"
        )
    checked: Callable[[Arrays], Arrays] | None = root
    return checked


def root_notes(rule: Rule) -> tuple[str, ...]:
    """Say what of a rule's root set is not counted; or what is not promised without one."""
    if isinstance(rule.root, Rows):
        return tuple(f"root set: {note}" for note in getattr(rule.root, "notes", ()))
    if use_of(rule.decide) != "wanted":
        return ()
    why = "none was given" if rule.root is None else "one that can only be trained on is none"
    return (f"no root set ({why}; root=anml_fl.RootSet(...) is one): {LEAST_PROMISED}",)


def check_root(rule: Rule) -> None:
    """Refuse a rule that cannot decide on what a Flower app gives as `root`.

    Raises
    ------
    ValueError
        Saying what would do.
    """
    use = use_of(rule.decide)
    if (use == "rows" and not isinstance(rule.root, Rows)) or (needed(use) and not rule.root):
        why = "none was given" if rule.root is None else "one that can only be trained on"
        raise ValueError(
            f"{rule.name} needs a root set, rows whose labels the server trusts ({why}): give"
            " root=anml_fl.RootSet(model, features, labels, classes)"
        )


def root_update(
    root: Callable[[Arrays], Arrays], arrays: ArrayRecord, layout: Layout, model: NDArray[Any]
) -> NDArray[Any]:
    """Train the global model on the server's own data: the update (d,).

    Parameters
    ----------
    root : callable
        From arrays to trained ones.
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


def own_update(
    root: Callable[[Arrays], Arrays], arrays: ArrayRecord, layout: Layout, model: NDArray[Any]
) -> NDArray[Any]:
    """Train as a contributor would, as in `Context`, where the root set can.

    Parameters
    ----------
    root : callable
        As in `strategies.rule.Rule`.
    arrays, layout, model
        As in `root_update`.
    """
    train = root.trained if isinstance(root, TrainedRows) else root
    return root_update(train, arrays, layout, model)


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
        donated=rows.donated,
    )


def _outputs(
    rows: Rows,
    arrays: ArrayRecord,
    layout: Layout,
    model: NDArray[Any],
    steps: NDArray[Any],
) -> NDArray[np.float64]:
    """Ask the global model moved by each step; one that is not finite says nothing."""
    found = np.zeros((len(steps), rows.labels.size, rows.classes))
    if isinstance(rows, ManyRows) and layout.stackable:
        now = values_of(arrays)
        at_once = max(1, _AT_ONCE // max(model.size, 1))
        for start in range(0, len(steps), at_once):
            changed, finite = layout.stacked(model, steps[start : start + at_once])
            found[start : start + at_once][finite] = rows.outputs_of_many(now, changed)
    else:
        for place, step in enumerate(steps):
            moved = layout.moved(model, step, arrays, {})
            if moved is not None:
                found[place] = rows.outputs(values_of(moved))
    found = np.nan_to_num(found, copy=False, nan=0.0, posinf=_MOST, neginf=-_MOST)
    return np.clip(found, -_MOST, _MOST, out=found)
