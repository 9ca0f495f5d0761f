"""Table 14 and Figure 3 (right): the larger data sets, in full size."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the paper's setting, and q taken at the initial weights, which fits Digits."""
    return (
        Variant("moderate;beta=0.30", Recipe(), METHODS),
        Variant("moderate;beta=0.30;fit=0", Recipe(fit=0), METHODS),
    )


STUDY = Study(
    name="table-14",
    title="ANML on larger data sets",
    source="Table 14 and Figure 3, section 5.9",
    trials={"digits": 10, "covertype": 10, "adult": 10},
    variants=variants,
    run=experiment.run,
)
