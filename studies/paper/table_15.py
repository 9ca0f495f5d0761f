"""Table 15 and Figure 4: telling experts from novices, not only fraud."""

from __future__ import annotations

from studies.sample import experiment
from studies.sample.recipe import Recipe
from studies.study import Study, Variant

METHODS = ("uniform", "krum", "softmax_blend", "two_stage", "q*v*r")
SPECTRUM = Recipe(beta=0.25, scenario="spectrum", groups=True)


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the spectrum with right labels, and with the noise that fits the paper's error."""
    return tuple(
        Variant(f"spectrum{noise}{suffix}", recipe.changed(fit=fit), METHODS)
        for suffix, fit in (("", 200), (";fit=50", 50))
        for noise, recipe in (
            ("", SPECTRUM),
            (";noise=15/8/2", SPECTRUM.changed(group_noise=True)),
        )
    )


STUDY = Study(
    name="table-15",
    title="Who is selected of novices, experts and attackers",
    source="Table 15 and Figure 4, section 5.10",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
