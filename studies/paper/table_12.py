"""Table 12 and Figure 2 (left): how much data each method needs."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the shares of the training part that are used, at two fit lengths."""
    return tuple(
        Variant(
            f"fraction={share:.2f}{suffix}", Recipe(train_fraction=share, fit=fit), METHODS
        )
        for suffix, fit in (("", 200), (";fit=50", 50))
        for share in (0.2, 0.5, 1.0)
    )


STUDY = Study(
    name="table-12",
    title="Error by the share of the training data",
    source="Table 12 and Figure 2, section 5.7",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
