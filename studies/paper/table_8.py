"""Table 8: improvement on Krum by how reliable the signals are."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

SCENARIOS = ("high", "moderate", "low", "adversarial")
METHODS = ("uniform", "krum", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the four scenarios of section 5.1.3, at two fit lengths."""
    return tuple(
        Variant(f"{name}{suffix}", Recipe(fit=fit).changed(scenario=name), METHODS)
        for suffix, fit in (("", 200), (";fit=50", 50))
        for name in SCENARIOS
    )


STUDY = Study(
    name="table-8",
    title="Improvement on Krum by the signals' reliability",
    source="Table 8, section 5.2.2",
    trials={"wine": 30, "breast_cancer": 30},
    variants=variants,
    run=experiment.run,
)
