"""Table 10: what each factor of the product adds."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "v", "r", "q*v", "q*r", "v*r", "q*v*r")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the one setting, at two fit lengths."""
    return (
        Variant("moderate", Recipe(), METHODS),
        Variant("moderate;fit=50", Recipe(fit=50), METHODS),
    )


STUDY = Study(
    name="table-10",
    title="Ablation of the factors",
    source="Table 10, section 5.4",
    trials={"wine": 30, "breast_cancer": 30},
    variants=variants,
    run=experiment.run,
)
