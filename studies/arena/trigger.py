"""Attackers who leave a backdoor: whether it opens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.federation.backdoor_success import backdoor_success
from anml_fl.federation.run_task import task_of
from studies.arena.federation import measured_cell

if TYPE_CHECKING:
    from studies.federations.run import Federated
    from studies.study import Cell, Row

SUCCESS = "backdoor_success"
"""Share of triggered test rows of other classes that are taken for the attackers' class."""

TRIGGERED = ("backdoor",)
"""Behaviours that have a trigger."""


def measured_with_trigger(cell: Cell) -> list[Row]:
    """Train and measure a cell's federations, and how well the trigger works.

    Returns
    -------
    list of Row
        As of `measured_cell`, and `SUCCESS`.
    """
    return measured_cell(cell, opened)


def opened(done: Federated) -> dict[str, float]:
    """Tell how well the trigger works on a run's final model; nothing where it cannot be."""
    task = task_of(done.config)
    (one,) = done.run.strategies
    share = backdoor_success(task, task.model_of(done.models[one.name]), done.config.attacks)
    return {} if math.isnan(share) else {SUCCESS: share}
