"""Table 18: what T does when old labels have gone stale."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "softmax_blend*T", "two_stage", "two_stage*T")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the shares of the oldest labels that are stale, at two fit lengths."""
    return tuple(
        Variant(
            f"label_drift={tenth / 10}{suffix}",
            Recipe(drift="label", drift_rate=tenth / 10, fit=fit),
            METHODS,
        )
        for suffix, fit in (("", 200), (";fit=50", 50))
        for tenth in range(5)
    )


STUDY = Study(
    name="table-18",
    title="T under label drift",
    source="Table 18, section 5.13",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
