"""What ANML costs: the combination alone, and all of it beside plain training (7.1).

Times are of one thread's processor, and so differ from run to run, unlike other results.
"""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.combination import two_stage
from anml_fl.method.selection import select_top
from anml_fl.seeding import stream
from studies.sample.fitted import Fitted
from studies.sample.recipe import Recipe
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

_SAMPLES = 32_000
_REPEATS = 5


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the usual recipe, and one that takes q early."""
    return tuple(Variant(f"fit={fit}", Recipe(fit=fit), ("two_stage",)) for fit in (200, 50))


def run(cell: Cell) -> list[Row]:
    """Time the parts; `overhead` is the share by which all of it exceeds plain training."""
    rows = []
    for variant in cell.variants:
        for trial in cell.trials:
            seconds = _parts(cell, variant, trial)
            rows += [
                cell.row(variant, part, "seconds", took, trial)
                for part, took in seconds.items()
                if part != "combination"
            ]
            milliseconds = 1000 * seconds["combination"]
            rows.append(cell.row(variant, "combination", "milliseconds", milliseconds, trial))
            ours = sum(seconds[part] for part in ("fit", "q", "combination", "final"))
            overhead = ours / seconds["uniform"] - 1
            rows.append(cell.row(variant, "two_stage", "overhead", overhead, trial))
    return rows


def _parts(cell: Cell, variant: Variant, trial: int) -> dict[str, float]:
    recipe = variant.recipe
    # The fit alone: nothing of the uniform training may come along.
    alone = Cell(cell.study, cell.dataset, (variant,), (trial,), cell.seed, trained=False)
    fitted = Fitted.of(alone, [variant])
    n = fitted.drawn[0].bad.size
    s = fitted.signals(0, recipe).s
    found = {
        "fit": _seconds(lambda: fitted.fits),
        "q": _seconds(lambda: fitted.consistency(0, recipe)),
        "combination": _combination(cell.seed, trial),
    }
    kept = select_top(two_stage(fitted.consistency(0, recipe), s).weights, recipe.fraction)
    for part, samples in (("final", np.flatnonzero(kept)), ("uniform", np.arange(n))):
        start = process_time()
        fitted.trained([(0, samples)], recipe)
        found[part] = process_time() - start
    return found


def _combination(seed: int, trial: int) -> float:
    """Weigh and select 32,000 samples, as many as the paper says."""
    rng = stream(seed, "combination", trial)
    q, s = rng.random(_SAMPLES), rng.random(_SAMPLES)
    return min(_seconds(lambda: select_top(two_stage(q, s).weights)) for _ in range(_REPEATS))


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


STUDY = Study(
    name="overhead",
    title="Time of the combination, and of all of ANML",
    source="section 7.1",
    trials={"digits": 5, "adult": 5},
    variants=variants,
    run=run,
)
