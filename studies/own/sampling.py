"""Weighted sampling beside selection where little is bad (section 5.8)."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage", "q*v*r")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List shares of bad data, each with both uses of the weights."""
    return tuple(
        Variant(f"beta={beta:.2f};{use}", Recipe(beta=beta).changed(use=use), METHODS)
        for beta in (0.0, 0.02, 0.05, 0.1, 0.3)
        for use in ("selection", "sampling")
    )


STUDY = Study(
    name="sampling",
    title="Sampling by weight beside selecting the heaviest",
    source="section 5.8, Eq. 6 and 7",
    trials={"wine": 30, "breast_cancer": 30},
    variants=variants,
    run=experiment.run,
)
