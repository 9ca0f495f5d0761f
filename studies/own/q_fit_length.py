"""How long to fit before q is taken: the hidden choice that decides most."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

LENGTHS = (0, 10, 20, 50, 100, 200, 300, 500)
_LARGE = ("covertype", "adult")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the lengths in epochs; on large sets only what q decides alone is trained."""
    methods: tuple[str, ...] = ("uniform", "krum")
    if dataset not in _LARGE:
        methods += ("softmax_blend", "two_stage")
    return tuple(Variant(f"fit={length}", Recipe(fit=length), methods) for length in LENGTHS)


STUDY = Study(
    name="q-fit-length",
    title="Epochs before q is taken",
    source="unstated in section 3.2.1",
    trials={"wine": 30, "breast_cancer": 30, "digits": 6, "covertype": 2, "adult": 2},
    variants=variants,
    run=experiment.run,
)
