"""Table 18: what T does when old labels have gone stale."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "softmax_blend*T", "two_stage", "two_stage*T")
# At the paper's rate, .1 a year, T outweighs the blend of q and s: a tenth of it, too.
_OTHERS = {
    "": Recipe(),
    ";fit=50": Recipe(fit=50),
    ";rate=0.01": Recipe(decay_rate=0.01),
}


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the shares of the oldest labels that are stale, with other fits and rates."""
    return tuple(
        Variant(
            f"label_drift={tenth / 10}{suffix}",
            recipe.changed(drift="label", drift_rate=tenth / 10),
            METHODS,
        )
        for suffix, recipe in _OTHERS.items()
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
