"""Appendix A.2: the threshold of the gate's second stage."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List thresholds by correlation: the paper does not say which were worst and best."""
    return tuple(
        Variant(
            f"tau_c={tau_c};rho={tenth / 10}",
            Recipe(scenario="correlated", rho=tenth / 10, tau_c=tau_c),
            METHODS,
        )
        for tau_c in (0.1, 0.3, 0.5)
        for tenth in range(11)
    )


STUDY = Study(
    name="appendix-a2",
    title="Improvement on Krum by the threshold tau_c",
    source="Appendix A.2",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
