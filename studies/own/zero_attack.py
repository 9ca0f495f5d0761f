"""The gate where nothing is bad: stage 1 should see it (sections 4.2 and 7.1)."""

from __future__ import annotations

from studies.paper.table_8 import METHODS, SCENARIOS
from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the scenarios, with nobody bad in them."""
    return tuple(
        Variant(f"{name};beta=0.0", Recipe(beta=0.0).changed(scenario=name), METHODS)
        for name in SCENARIOS
    )


STUDY = Study(
    name="zero-attack",
    title="The gate where nothing is bad",
    source="sections 4.2, 6.4 and 7.1",
    trials={"wine": 30, "breast_cancer": 30, "digits": 6},
    variants=variants,
    run=experiment.run,
)
