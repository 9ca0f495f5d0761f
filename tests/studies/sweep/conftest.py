"""A sweep that is run in seconds, and results that were made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.run.repeats import FinishedRun
from studies.sweep.axis import parse_axes
from studies.sweep.ended import Ended
from studies.sweep.plan import planned
from studies.sweep.results import Results, gathered

if TYPE_CHECKING:
    from collections.abc import Callable

Made = Callable[..., Results] if TYPE_CHECKING else Any


@pytest.fixture
def made() -> Made:
    """Make the results of a sweep from {values: {strategy: scores by seed}}."""

    def results(
        sweeps: list[str],
        scores: dict[tuple[Any, ...], dict[str, list[float | None]]],
        *,
        metric: str = "",
        ratio: float = 0.0,
        code: Callable[[int], str] = lambda seed: "one",
        failed: dict[str, str] | None = None,
    ) -> Results:
        by_strategy = next(iter(scores.values()))
        seeds = tuple(range(max(map(len, by_strategy.values()))))
        given = {"dataset": "wine", "contributors": 6, "metric": metric}
        if not any(one.startswith("strateg") for one in sweeps):
            given["strategies"] = ",".join(by_strategy)
        plan = planned("", given, parse_axes(sweeps), seeds)
        ended = []
        for cell in plan.cells():
            under = scores.get(plan.conditions[cell.condition].values)
            if under is None or cell.folder in (failed or {}):
                continue
            said = {name: of[cell.config.seed] for name, of in under.items()}
            settings = str(cell.condition)
            run = FinishedRun(
                cell.folder, cell.config.seed, settings, code(cell.config.seed), metric, ratio,
                said,
            )  # fmt: skip
            measures = {name: {"test_error": one, "rounds": 8} for name, one in said.items()}
            ended.append(Ended(cell, run, measures, ""))
        return gathered(plan, ended, failed or {})

    return results
