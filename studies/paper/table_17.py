"""Table 17: strategic attacks, on gradients, on credentials, and on both."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage")
ATTACKS = {
    "naive_flip": Recipe(scenario="naive"),
    "credential_faking": Recipe(scenario="faked"),
    "gradient_aligned": Recipe(attack="aligned", scenario="naive"),
    "joint": Recipe(attack="aligned", scenario="faked"),
}


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the four attacks, at two fit lengths."""
    return tuple(
        Variant(f"{name}{suffix}", recipe.changed(fit=fit), METHODS)
        for suffix, fit in (("", 200), (";fit=50", 50))
        for name, recipe in ATTACKS.items()
    )


STUDY = Study(
    name="table-17",
    title="Strategic attacks",
    source="Table 17, section 5.12",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
