"""A root set of rows that contributors give: nobody vouches for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.datasets.prepare import Samples
from anml_fl.federation.changed_samples import changed_samples
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.held_out import by_class, thinned
from anml_fl.federation.root_checks import checked, needed_classes
from anml_fl.models.trusted_rows import LEAST_OF_A_CLASS, RootSetError
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.federation.root_rows import RootRows
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

# Of all together, and of each of many.
_TOGETHER, _EACH = 60, 4


def donated(task: Task, config: RunConfig) -> RootRows:
    """Let each of n contributors give max(4, 60 // n) of its rows, which it still trains on.

    They are drawn by class from what it trains on in the first round: an attacker's are
    poisoned like the rest of its own. Where a class has fewer than two rows then, those who
    have it give more of it.

    Raises
    ------
    RootSetError
        If rows would have to leave their nodes, or cannot serve.
    """
    if config.engine == "deployment" or config.table.on_nodes:
        raise RootSetError(
            "rows would have to leave the contributors' nodes, where they stay; usable here:"
            " auto, none, a number of the server's test rows"
        )
    roles = behaviours_of(config)
    each = max(_EACH, _TOGETHER // max(len(task.data.names), 1))
    held = [
        _held(samples, name, roles[name], config)
        for name, samples in zip(task.data.names, task.data.parts, strict=True)
    ]
    orders = [
        stream(config.seed, "donation", name).permutation(own.labels.size)
        for name, own in zip(task.data.names, held, strict=True)
    ]
    given = [
        by_class(_strata(own), each, order) for own, order in zip(held, orders, strict=True)
    ]
    for one in needed_classes(task):
        _more_of(one, held, orders, given)
    parts = [own.take(rows) for own, rows in zip(held, given, strict=True)]
    features = np.concatenate([part.features for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    # Whoever gives what is no number must not stop the run.
    usable = np.isfinite(features).all(axis=1) & np.isfinite(labels)
    if (classes := task.data.test.classes) > 1:
        usable &= (labels >= 0) & (labels < classes)
    together = Samples(features[usable], labels[usable], classes)
    return thinned(checked(task, together, "", donated=True), config.seed)


def _held(samples: Samples, name: str, role: str, config: RunConfig) -> Samples:
    """Make of a contributor's samples what it trains on, as its own node does."""
    acting = behaviour(behaviour_in_round(role, 1, config.attacks))
    rng = stream(config.seed, "behaviour", name)
    return changed_samples(acting, samples, role, rng, config.attacks)


def _strata(samples: Samples) -> NDArray[np.int64]:
    return samples.labels if samples.classes > 1 else np.zeros(samples.labels.size, np.int64)


def _more_of(
    one: int,
    held: list[Samples],
    orders: list[NDArray[np.intp]],
    given: list[NDArray[np.intp]],
) -> None:
    """Add rows of a class, one a contributor at a time, until there are enough of it."""
    there = sum(
        int((own.labels[rows] == one).sum()) for own, rows in zip(held, given, strict=True)
    )
    for place in [*range(len(held))] * LEAST_OF_A_CLASS:
        if there >= LEAST_OF_A_CLASS:
            return
        order = orders[place]
        left = order[(held[place].labels[order] == one) & ~np.isin(order, given[place])]
        if left.size:
            given[place] = np.sort(np.append(given[place], left[:1]))
            there += 1
