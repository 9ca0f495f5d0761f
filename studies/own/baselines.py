"""What q is worth beside simpler signs of a wrong label."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.sample.weighing import BASELINES
from studies.study import Study, Variant

METHODS = ("uniform", "krum", *BASELINES, "oracle")
_LARGE = ("covertype", "adult")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the kinds of bad labels, at two fit lengths; on large sets, one of each."""
    if dataset in _LARGE:
        return (Variant("flip;fit=50", Recipe(fit=50), METHODS),)
    return tuple(
        Variant(f"{attack};fit={fit}", Recipe(fit=fit).changed(attack=attack), METHODS)
        for attack in ("flip", "aligned")
        for fit in (50, 200)
    )


STUDY = Study(
    name="baselines",
    title="q beside gradient norm, loss, out-of-fold probability and cleanlab",
    source="absent from the paper",
    trials={"wine": 30, "breast_cancer": 30, "digits": 6, "covertype": 2, "adult": 2},
    variants=variants,
    run=experiment.run,
)
