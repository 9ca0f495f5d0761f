"""What makes weighing by contributor strong or useless beside weighing by sample.

Wrong labels are half obvious, half subtle: there the two differ. Methods drop as large a share
of contributors as is malicious, or of samples as is wrong.

Wine has so few samples that a contributor among 20 holds seven. There wrong labels are random,
and 30 % of the contributors give nothing else.
"""

from __future__ import annotations

from studies.contributors.experiment import run
from studies.contributors.recipe import ContributorRecipe
from studies.study import Study, Variant

METHODS = (
    "uniform",
    "loss",
    "krum",
    "out_of_fold",
    "loss@contributors",
    "krum@contributors",
    "out_of_fold@contributors",
    "two_stage@contributors",
    "oracle",
)
_BASE = ContributorRecipe(pairs="confusion")
_WINE = _BASE.changed(obvious="random", subtle=0.0, malicious=0.3, drop=0.3, fit=30)
_BLENDS = ("softmax_blend", "two_stage", "softmax_blend@contributors")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List four curves, each with all else as in Table 16; on Wine one."""
    if dataset == "wine":
        return tuple(
            Variant(f"contributors={n}", _WINE.changed(contributors=n), (*METHODS, *_BLENDS))
            for n in (10, 20, 40)
        )
    curves = {
        **{f"samples={n}": _BASE.changed(samples=n) for n in (5, 10, 20, 40, 80, 140)},
        **{f"contributors={n}": _BASE.changed(contributors=n) for n in (5, 10, 20, 50, 100)},
        **{f"corrupted={share:g}": _corrupted(share) for share in (1.0, 0.5, 0.2, 0.1)},
        **{
            f"spread={_BASE.malicious * share:g}": _corrupted(share).changed(spread=True)
            for share in (1.0, 0.5, 0.2, 0.1)
        },
    }
    return tuple(Variant(condition, recipe, METHODS) for condition, recipe in curves.items())


def _corrupted(share: float) -> ContributorRecipe:
    return _BASE.changed(corrupted=share, drop_samples=_BASE.malicious * share)


STUDY = Study(
    name="contributor-curves",
    title="When weighing contributors helps: their size, number, and what they corrupt",
    source="section 5.11, and beyond it",
    trials={"digits": 5, "wine": 20},
    variants=variants,
    run=run,
    block={"digits": 1, "wine": 10},
    cost=5.0,
)
