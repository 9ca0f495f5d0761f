"""T under feature drift, where the paper says that it does not help (section 5.13)."""

from __future__ import annotations

from studies.paper.table_18 import METHODS
from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant


def variants(dataset: str) -> tuple[Variant, ...]:
    """List how far the oldest samples are shifted, in standard deviations a feature."""
    return tuple(
        Variant(
            f"feature_drift={shift}{suffix}",
            Recipe(drift="feature", drift_rate=shift, decay_rate=rate),
            METHODS,
        )
        for suffix, rate in (("", 0.1), (";rate=0.01", 0.01))
        for shift in (0.0, 0.5, 1.0, 2.0, 4.0)
    )


STUDY = Study(
    name="feature-drift",
    title="T under feature drift",
    source="section 5.13",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
