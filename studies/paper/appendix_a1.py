"""Appendix A.1: how much selection keeps."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the shares kept, at two fit lengths."""
    return tuple(
        Variant(f"select={share:.2f}{suffix}", Recipe(fraction=share, fit=fit), METHODS)
        for suffix, fit in (("", 200), (";fit=50", 50))
        for share in (0.5, 0.7, 0.9)
    )


STUDY = Study(
    name="appendix-a1",
    title="Error by the share that selection keeps",
    source="Appendix A.1",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
