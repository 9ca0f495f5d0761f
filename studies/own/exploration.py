"""Table 15 with the exploration bonus, which the paper leaves out (section 7.2)."""

from __future__ import annotations

from studies.paper.table_15 import METHODS, SPECTRUM
from studies.sample import experiment
from studies.study import Study, Variant


def variants(dataset: str) -> tuple[Variant, ...]:
    """List who has the bonus: an attacker is a newcomer, too, until it is known."""
    return tuple(
        Variant(f"spectrum;bonus={bonus}{name}", recipe.changed(bonus=bonus), METHODS)
        for name, recipe in (
            ("", SPECTRUM),
            (";noise=15/8/2", SPECTRUM.changed(group_noise=True)),
        )
        for bonus in ("none", "novices", "newcomers")
    )


STUDY = Study(
    name="exploration",
    title="Table 15 with the exploration bonus",
    source="section 7.2",
    trials={"wine": 30},
    variants=variants,
    run=experiment.run,
)
