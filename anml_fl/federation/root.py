"""The root set of a run: which rows the server trusts, and what is tested without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.models.root_set import RootSet
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

ROWS = 80
"""What `auto` holds out."""

RULE = "calibrated"
"""The rule that a root set is for."""

# Of its test rows the server spares at most a third by itself.
_SPARED = 1 / 3


def held_out(task: Task, config: RunConfig) -> Task:
    """Take the root set out of the server's test rows, by class; the others are tested on.

    Examples
    --------
    >>> from anml_fl.federation.run_task import task_of
    >>> from anml_fl.settings.run import RunConfig
    >>> task = task_of(RunConfig())
    >>> task.root.labels.size, task.data.test.labels.size
    (80, 280)
    """
    chosen, test = config.aggregation.root, task.data.test
    if chosen == "none" or (chosen == "auto" and RULE not in config.strategies):
        return task
    wanted = ROWS if chosen == "auto" else int(chosen)
    rows = by_class(test.labels, wanted, stream(config.seed, "root"))
    kept = np.setdiff1d(np.arange(test.labels.size), rows)
    tested = task.data.tested
    data = replace(
        task.data,
        test=test.take(kept),
        tested=None if tested is None else tested[kept],
    )
    return replace(task, data=data, root=test.take(rows))


def by_class(
    labels: NDArray[np.int64], wanted: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw rows so that every class has as many as its share, and one at least.

    Examples
    --------
    >>> rows = by_class(np.repeat([0, 1, 2], [90, 9, 1]), 10, np.random.default_rng(0))
    >>> np.bincount(np.repeat([0, 1, 2], [90, 9, 1])[rows])
    array([8, 1, 1])
    """
    order = rng.permutation(labels.size)
    # Of each class one after the other, where it comes first whose share is used least.
    rank = np.empty(labels.size)
    for one in np.unique(labels):
        own = np.flatnonzero(labels[order] == one)
        rank[order[own]] = np.where(
            np.arange(own.size) == 0, -1.0, (np.arange(own.size) + 0.5) / own.size
        )
    found = order[np.argsort(rank[order], kind="stable")[:wanted]]
    return np.sort(found)


def root_set(task: Task, config: RunConfig) -> RootSet | None:
    """Give the server's rule its root set; None without one."""
    rows = task.root
    if rows is None:
        return None
    return RootSet(
        task.initial_model(),
        rows.features,
        rows.labels,
        rows.classes,
        config.training.learning_rate,
        f"{rows.labels.size} rows of the server's",
    )
