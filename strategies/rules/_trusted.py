"""What rules share that ask the server's root set: it must be there; the losses on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.catalogue import UnusableError
from anml_fl.method.robust.root_loss import root_losses, silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.method.calibrated.root import Root
    from strategies.context import Context


def trusted_rows(context: Context, rule: str) -> Root:
    """Give the root set.

    Raises
    ------
    UnusableError
        If there is none.
    """
    if context.root is None:
        raise missing(rule)
    return context.root


def trusted_update(context: Context, rule: str) -> Callable[[], NDArray[Any]]:
    """Give what trains on the root set.

    Raises
    ------
    UnusableError
        If there is none.
    """
    if context.root_update is None:
        raise missing(rule)
    return context.root_update


def missing(rule: str) -> UnusableError:
    """Make the error of a rule that nobody gave a root set."""
    return UnusableError(
        f"{rule} needs a root set, rows whose labels the server trusts, and there is none:"
        " give --root N or --root-data, in a Flower app root=anml_fl.RootSet(...)"
    )


def losses_on(root: Root, steps: NDArray[Any]) -> NDArray[np.float64]:
    """Ask the global model moved by steps (k, d) for its losses (k,).

    inf, where it says nothing of some row: its numbers overflow.
    """
    outputs = root.outputs(steps)
    found = root_losses(outputs, root.labels, root.classes)
    found[silent(outputs)] = np.inf
    return found
