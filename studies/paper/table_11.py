"""Table 11: how good the signal must be for the product to help."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "q*v", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the correlations, at two fit lengths; s = v, and r = 1."""
    return tuple(
        Variant(
            f"rho={tenth / 10}{suffix}",
            Recipe(scenario="correlated", rho=tenth / 10, fit=fit),
            METHODS,
        )
        for suffix, fit in (("", 200), (";fit=50", 50))
        for tenth in (0, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    )


STUDY = Study(
    name="table-11",
    title="The product by the signal's correlation with quality",
    source="Table 11, section 5.5",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
