"""Table 13 and Figure 2 (right): error by the share of bad data."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the shares of bad data, at two fit lengths."""
    return tuple(
        Variant(f"beta={tenth / 10}{suffix}", Recipe(beta=tenth / 10, fit=fit), METHODS)
        for suffix, fit in (("", 200), (";fit=50", 50))
        for tenth in range(6)
    )


STUDY = Study(
    name="table-13",
    title="Error by the share of bad data",
    source="Table 13 and Figure 2, section 5.8",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
