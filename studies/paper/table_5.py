"""Table 5 and Figure 1: how the combinations bear signals of any quality."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "q*v", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the correlations of the signal with quality; s = v, and r = 1."""
    return tuple(
        Variant(
            f"rho={tenth / 10};beta=0.30",
            Recipe(scenario="correlated", rho=tenth / 10),
            METHODS,
        )
        for tenth in range(11)
    )


STUDY = Study(
    name="table-5",
    title="Combinations by the signal's correlation with quality",
    source="Table 5 and Figure 1, sections 4.4 and 5.6",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
