"""A root set held out of the server's test rows, by class; the others are tested on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.federation.root_checks import checked, class_names, needed_classes, with_rows
from anml_fl.models.trusted_rows import (
    LEAST_OF_A_CLASS,
    LEAST_ROWS,
    RootSetError,
    check_classes,
    once_each,
)
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anml_fl.federation.root_rows import RootRows
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

ROWS = 80
"""What `auto` holds out."""

# Of its test rows the server spares at most a third by itself.
_SPARED = 3
_MOST = 1000
# Values that are left to test on: their variance is what errors are measured by.
_LEFT = 10


def held_out(task: Task, config: RunConfig, seed: int) -> Task:
    """Take the root set out of the server's test rows; what is left is tested on.

    A class and a contributor that has test rows keeps one at least. The draw follows from the
    seed: a run that goes on has the same rows.

    Raises
    ------
    RootSetError
        If the server cannot spare as many, or they cannot serve.
    """
    data, test = task.data, task.data.test
    there = test.labels.size
    if not there:
        raise RootSetError("the server has no test rows, of which they would be held out")
    needed = needed_classes(task)
    # Two to hold out, and one to test on.
    each = LEAST_OF_A_CLASS + 1
    check_classes(
        test.labels, needed, class_names(task), f"the server's {there} test rows", each
    )
    order = stream(seed, "root").permutation(there)
    strata = test.labels if needed else np.zeros(there, np.int64)
    open_to = _open(task, order, strata)
    most, least = int(open_to.sum()), max(LEAST_ROWS, LEAST_OF_A_CLASS * len(needed))
    wanted = _wanted(config.aggregation.root, there, most, least)
    rows = by_class(strata, wanted, order[open_to[order]])
    root = checked(task, test.take(rows), "of the server's")
    kept = np.setdiff1d(np.arange(there), rows)
    tested = None if data.tested is None else data.tested[kept]
    left = replace(data, test=test.take(kept), tested=tested)
    return with_rows(replace(task, data=left), root)


def _wanted(chosen: str, there: int, most: int, least: int) -> int:
    """Say how many rows to hold out; refuse fewer than are needed, and more than there are."""
    if chosen == "auto":
        wanted = min(max(ROWS, least), there // _SPARED, most)
        if wanted < least:
            raise RootSetError(
                f"of its {there} test rows the server can spare {wanted}, and {least} are"
                " needed"
            )
        return wanted
    wanted = int(chosen)
    if wanted < least:
        raise RootSetError(
            f"{least} rows are needed at least, {LEAST_ROWS} in all and {LEAST_OF_A_CLASS} of"
            " each class"
        )
    if wanted > most:
        raise RootSetError(
            f"of the server's {there} test rows {most} at most can be held out, where copies"
            " count once, and each class and contributor keeps a row that is tested on"
        )
    return wanted


def _open(task: Task, order: NDArray[np.intp], strata: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which test rows may be held out: the first of copies, and nobody's last."""
    test, tested = task.data.test, task.data.tested
    once, _, _ = once_each(test.features, test.labels, test.classes)
    found = np.zeros(test.labels.size, dtype=bool)
    found[once] = True
    found[_staying(order, strata, 1 if test.classes > 1 else _LEFT)] = False
    if tested is not None:
        found[_staying(order, tested, 1)] = False
    return found


def _staying(
    order: NDArray[np.intp], groups: NDArray[np.int64], each: int
) -> NDArray[np.intp]:
    """Name the rows of each group that come last; of -1, which is nobody, none."""
    backwards = order[::-1]
    backwards = backwards[groups[backwards] >= 0]
    by_group = backwards[np.argsort(groups[backwards], kind="stable")]
    sizes = np.bincount(groups[by_group])
    within = np.arange(by_group.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found: NDArray[np.intp] = by_group[within < each]
    return found


def thinned(rows: RootRows, seed: int) -> RootRows:
    """Draw a thousand of more rows, by class: every contributor's model is asked of each."""
    if rows.labels.size <= _MOST:
        return rows
    order = stream(seed, "root").permutation(rows.labels.size)
    strata = rows.labels if rows.classes > 1 else np.zeros(order.size, np.int64)
    drawn = by_class(strata, _MOST, order)
    note = f"{_MOST} of {order.size} rows are drawn by class: more cost time alone"
    return replace(
        rows,
        features=rows.features[drawn],
        labels=rows.labels[drawn],
        notes=(*rows.notes, note),
    )


def by_class(
    labels: NDArray[np.int64], wanted: int, order: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Draw rows so that every class has as many as its share, and two at least.

    Parameters
    ----------
    labels : (n,) int64
    wanted : int
        How many rows.
    order : (k,) int
        Rows that may be drawn, the first of each class first.

    Returns
    -------
    (wanted,) int
        In order of the rows.

    Examples
    --------
    >>> labels = np.repeat([0, 1, 2], [90, 9, 2])
    >>> rows = by_class(labels, 10, np.random.default_rng(0).permutation(101))
    >>> np.bincount(labels[rows])
    array([6, 2, 2])
    """
    # Of each class one after the other, where it comes first whose share is used least.
    rank = np.empty(order.size)
    for one in np.unique(labels[order]):
        own = np.flatnonzero(labels[order] == one)
        place = np.arange(own.size)
        rank[own] = np.where(place < LEAST_OF_A_CLASS, -1.0, (place + 0.5) / own.size)
    found: NDArray[np.intp] = np.sort(order[np.argsort(rank, kind="stable")[:wanted]])
    return found
