"""Table 7, the main result: ANML beside Krum over a hundred trials."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = (
    "uniform", "krum", "q*v", "q*v*r", "q*v*r*T", "softmax_blend", "two_stage",
    "oracle",
)  # fmt: skip


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the paper's setting, and beside it shorter fits and a shorter training."""
    others = {"epochs=300": {"epochs": 300}, "fit=50": {"fit": 50}, "fit=0": {"fit": 0}}
    return (
        Variant("moderate;beta=0.30", Recipe(), METHODS),
        *(
            Variant(f"moderate;beta=0.30;{name}", Recipe().changed(**settings), METHODS)
            for name, settings in others.items()
        ),
    )


STUDY = Study(
    name="table-7",
    title="ANML beside Krum and no defence",
    source="Table 7, section 5.2.1",
    trials={"wine": 100},
    variants=variants,
    run=experiment.run,
)
