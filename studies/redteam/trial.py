"""A trial: what a rule would make of updates that attackers might send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import log_softmax

from strategies.cohort import assess
from strategies.screening import Screened
from strategies.usable import decided
from studies.redteam.perceptron_root import perceptron_outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from anml_fl.registry.interface import Signals
    from strategies.context import Context
    from strategies.rule import Rule


class Tried(NamedTuple):
    """What came of a trial.

    Parameters
    ----------
    weight : float
        The attackers' mean weight for each example, in those of the median honest one; nan
        under a rule without weights.
    loss : float
        Cross-entropy of the new model on the attackers' own rows, rightly labelled.
    """

    weight: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A round as its rule will see it, but for the attackers' updates.

    Parameters
    ----------
    rule : Rule
    context : Context
        What the rule is given beside the cohort, with the root set that the attackers know, or
        take for the server's.
    contributors : tuple of str
        By stable identity.
    bad : (n,) bool
        Who attacks.
    updates : (n, d) array
        Of the honest; the rows of the others are filled in.
    examples : (n,) float64
        Claims.
    signals : Signals
    rows : Samples
        The attackers' own.
    """

    rule: Rule
    context: Context
    contributors: tuple[str, ...]
    bad: NDArray[np.bool_]
    updates: NDArray[Any]
    examples: NDArray[np.float64]
    signals: Signals
    rows: Samples

    def __call__(self, updates: NDArray[Any]) -> Tried:
        """Ask the rule what it would make of the attackers' updates (k, d)."""
        whole = self.updates.copy()
        whole[self.bad] = updates
        settings = self.rule.settings
        cohort, _ = assess(
            _screened(self.contributors, whole, self.examples),
            self.signals,
            n_byzantine=settings.n_byzantine,
            example_weighting=settings.example_weighting,
        )
        with np.errstate(over="ignore", invalid="ignore"):
            decision = decided(self.rule, cohort, self.context)
        weights = decision.weights / cohort.examples
        honest, theirs = np.median(weights[~self.bad]), weights[self.bad].mean()
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = float(theirs / honest)
        # nan stays where a rule has no weights.
        return Tried(0.0 if theirs == 0 else relative, self._loss(decision.update))

    def _loss(self, update: NDArray[Any]) -> float:
        if not np.isfinite(update).all():
            return -np.inf  # the server keeps the old model
        model = self.context.model + update
        outputs = perceptron_outputs(model, self.context.shapes, self.rows.features)
        found = -log_softmax(outputs, axis=1)[np.arange(len(outputs)), self.rows.labels]
        return float(np.nan_to_num(found, nan=0.0).mean())


def _screened(
    contributors: tuple[str, ...], updates: NDArray[Any], examples: NDArray[np.float64]
) -> Screened:
    """Take updates for screened ones: nothing else of a reply matters to a rule."""
    return Screened(
        contributors=contributors,
        updates=updates,
        buffers=tuple({} for _ in contributors),
        examples=examples,
        left_out={},
        refused=(),
        credentials={},
        codes={},
        policies={},
        own={},
        echoed=True,
        metrics={},
    )
