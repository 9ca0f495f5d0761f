"""A regression, which the paper names and does not report (section 5.1.2)."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = (
    "uniform", "krum", "q*v*r", "softmax_blend", "two_stage", "gradient_norm", "loss",
    "oracle",
)  # fmt: skip


def variants(dataset: str) -> tuple[Variant, ...]:
    """List shares of values shifted by two standard deviations, at two fit lengths."""
    return tuple(
        Variant(f"beta={beta:.1f};fit={fit}", Recipe(beta=beta, fit=fit), METHODS)
        for fit in (50, 200)
        for beta in (0.0, 0.1, 0.3)
    )


STUDY = Study(
    name="regression",
    title="Mean absolute error on diabetes",
    source="section 5.1.2",
    trials={"diabetes": 30},
    variants=variants,
    run=experiment.run,
)
