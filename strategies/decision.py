"""What a rule decides: an update for the global model, and each contributor's share in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.method.selection import select_top

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.combination import Weighting
    from strategies.cohort import Cohort


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided.

    Parameters
    ----------
    update : (d,) array
        What is added to the global model.
    weights : (n,) float64
        Each contributor's share of it, summing to 1; nan under a coordinate-wise rule.
    selected : (n,) bool
    branch : str, optional
    rho_c, min_s : float
        nan where the rule does not ask.
    note : str, optional
    state : mapping
        Name to array: what the rule wants to have again in the next round, which `Context`
        gives it. It is kept with the checkpoint.
    """

    update: NDArray[Any]
    weights: NDArray[np.float64]
    selected: NDArray[np.bool_]
    branch: str | None = None
    rho_c: float = math.nan
    min_s: float = math.nan
    note: str | None = None
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def weighted(
    cohort: Cohort, weights: NDArray[np.float64], selected: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Average the selected updates by weight times example factor.

    Parameters
    ----------
    cohort : Cohort
    weights : (n,) float64
        >= 0, some selected one > 0.
    selected : (n,) bool

    Returns
    -------
    tuple
        The update (d,), and the shares (n,) that made it, summing to 1.
    """
    shares = np.where(selected, weights, 0.0) * cohort.examples
    shares = shares / shares.sum()
    return shares.astype(cohort.updates.dtype) @ cohort.updates, shares


def combined(cohort: Cohort, weighting: Weighting, fraction: float) -> Decision:
    """Apply what a combination of ANML decided."""
    everyone = np.ones(len(cohort.contributors), dtype=bool)
    selected = select_top(weighting.weights, fraction) if weighting.select else everyone
    update, shares = weighted(cohort, weighting.weights, selected)
    return Decision(
        update,
        shares,
        selected,
        weighting.branch,
        weighting.rho_c,
        weighting.min_s,
        weighting.reason,
    )


def averaged(cohort: Cohort, selected: NDArray[np.bool_] | None = None) -> Decision:
    """Average the selected contributors by example factor; everybody if it is not said who."""
    n = len(cohort.contributors)
    chosen = np.ones(n, dtype=bool) if selected is None else selected
    update, shares = weighted(cohort, np.ones(n), chosen)
    return Decision(update, shares, chosen)


def coordinate_wise(
    cohort: Cohort,
    update: NDArray[Any],
    selected: NDArray[np.bool_] | None = None,
    note: str | None = None,
) -> Decision:
    """Decide for an update in which no contributor has a share of its own."""
    n = len(cohort.contributors)
    everyone = np.ones(n, dtype=bool)
    return Decision(
        update, np.full(n, math.nan), everyone if selected is None else selected, note=note
    )


def usable(decision: object, rule: str, cohort: Cohort) -> Decision:
    """Refuse what a rule must not decide: what it gives goes into model, payouts and files.

    Parameters
    ----------
    decision : object
        What the rule gave.
    rule : str
        Its name, for the message.
    cohort : Cohort

    Returns
    -------
    Decision
        The same.

    Raises
    ------
    UnusableError
        If it is no `Decision`, an array has another shape or kind, or a weight is negative.
    """
    if not isinstance(decision, Decision):
        raise UnusableError(
            f"strategy {rule!r} must return a strategies.decision.Decision, got"
            f" {shown_kind(decision)}"
        )
    n, d = cohort.updates.shape
    for name, size, kind in (("update", d, "f"), ("weights", n, "f"), ("selected", n, "b")):
        value = getattr(decision, name)
        numbers = {"f": "floating-point numbers", "b": "bools"}[kind]
        kinds = {kind, cohort.updates.dtype.kind} if name == "update" else {kind}
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            got = value.dtype if isinstance(value, np.ndarray) else shown_kind(value)
            raise UnusableError(
                f"strategy {rule!r}: {name} must be an array of {numbers}, got {got}"
            )
        if value.shape != (size,):
            raise UnusableError(
                f"strategy {rule!r}: {name} must have the shape ({size},), got {value.shape}"
            )
    if bad := np.flatnonzero((decision.weights < 0) | np.isinf(decision.weights)).tolist():
        raise UnusableError(
            f"strategy {rule!r}: weights must be finite and >= 0, or nan where there are none,"
            f" got {decision.weights[bad[0]]} for {cohort.contributors[bad[0]]}"
        )
    state: Mapping[str, Any] = decision.state
    for key, array in state.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
            raise UnusableError(
                f"strategy {rule!r}: state[{key!r}] must be an array of numbers, got"
                f" {shown_kind(array)}"
            )
    return decision
