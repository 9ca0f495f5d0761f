"""The softmax temperature: at 1, on values in [0, 1], a softmax is nearly linear."""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from anml_fl.method.combination import softmax_blend
from studies.sample import experiment
from studies.sample.fitted import Fitted
from studies.sample.recipe import Recipe
from studies.study import Cell, Row, Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage")
_SETTINGS = {
    "moderate": Recipe(),
    "rho=0.3": Recipe(scenario="correlated", rho=0.3),
    "adversarial": Recipe(scenario="adversarial"),
}


def variants(dataset: str) -> tuple[Variant, ...]:
    """List temperatures, each with signals good, weak and gamed."""
    return tuple(
        Variant(f"tau={tau:g};{name}", recipe.changed(tau=tau), METHODS)
        for name, recipe in _SETTINGS.items()
        for tau in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
    )


def run(cell: Cell) -> list[Row]:
    """Run the experiment, and correlate the blend's ranking with that of q + s."""
    rows = experiment.run(cell)
    fitted = Fitted.of(cell, cell.variants)
    for variant in cell.variants:
        for place, trial in enumerate(cell.trials):
            q = fitted.consistency(place, variant.recipe)
            s = fitted.signals(place, variant.recipe).s
            blend = softmax_blend(q, s, tau=variant.recipe.tau).weights
            found = float(np.asarray(spearmanr(blend, q + s).statistic))
            rows.append(cell.row(variant, "softmax_blend", "spearman", found, trial))
    return rows


STUDY = Study(
    name="temperature",
    title="Softmax temperatures",
    source="section 4.3",
    trials={"wine": 30, "breast_cancer": 10},
    variants=variants,
    run=run,
)
