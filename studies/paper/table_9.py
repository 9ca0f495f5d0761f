"""Table 9: how many of the selected samples are clean."""

from __future__ import annotations

from studies.paper.table_8 import SCENARIOS
from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the scenarios; Krum sees none of them, and stands under `any`."""
    return tuple(
        variant
        for suffix, fit in (("", 200), (";fit=50", 50))
        for variant in (
            Variant(f"any{suffix}", Recipe(fit=fit), ("krum",)),
            *(
                Variant(
                    f"{name}{suffix}",
                    Recipe(fit=fit).changed(scenario=name),
                    ("softmax_blend", "two_stage"),
                )
                for name in SCENARIOS
            ),
        )
    )


STUDY = Study(
    name="table-9",
    title="Clean share of what is selected",
    source="Table 9, section 5.3",
    trials={"wine": 30, "breast_cancer": 30},
    variants=variants,
    run=experiment.run,
    trained=False,
)
