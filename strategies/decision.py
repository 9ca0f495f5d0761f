"""What a rule decides: an update for the global model, and each contributor's share in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.example_shares import example_shares
from anml_fl.method.measure import Measure
from anml_fl.method.selection import select_top

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.method.combination import Weighting
    from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
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
    judgements : tuple of ContributorJudgement
        What spoke for and against each contributor, under a rule that weighs evidence.
    judgement : RoundJudgement, optional
        What held for all of them.
    measure : Measure, optional
        By what a rule tells contributors apart that goes by one number.
    measured : (n,) float64, optional
        That number of each; nan where there is none.
    """

    update: NDArray[Any]
    weights: NDArray[np.float64]
    selected: NDArray[np.bool_]
    branch: str | None = None
    rho_c: float = math.nan
    min_s: float = math.nan
    note: str | None = None
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    judgements: tuple[ContributorJudgement, ...] = ()
    judgement: RoundJudgement | None = None
    measure: Measure | None = None
    measured: NDArray[np.float64] | None = None

    def by(self, name: str, values: NDArray[np.float64], *, more: bool) -> Decision:
        """Say by what contributors were told apart: `more` of it speaks for one, or less."""
        measured = np.asarray(values, dtype=np.float64)
        return replace(self, measure=Measure(name=name, more=more), measured=measured)


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
    shares = example_shares(weights, selected, cohort.examples)
    return cohort.rows.weighted(shares), shares


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
