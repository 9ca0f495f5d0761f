"""Making a task's root set of rows: each once, and of each class that somebody trains on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.federation.root_rows import RootRows
from anml_fl.models.trusted_rows import trusted
from anml_fl.tables.schema import ClassLabel

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.task import Task


def checked(task: Task, samples: Samples, origin: str, *, donated: bool = False) -> RootRows:
    """Make a root set of rows, each counted once.

    Raises
    ------
    RootSetError
        If they cannot serve, see `models.trusted_rows.trusted`.
    """
    needed = needed_classes(task)
    found = trusted(
        samples.features, samples.labels, samples.classes, needed, class_names(task)
    )
    kept = samples.take(found.kept)
    return RootRows(
        kept.features, kept.labels, kept.classes, origin, donated, needed, found.notes
    )


def needed_classes(task: Task) -> tuple[int, ...]:
    """Name the classes that somebody trains or is tested on; all where nodes have the rows."""
    data = task.data
    if data.test.classes == 1:
        return ()
    if not data.parts:
        return tuple(range(data.test.classes))
    labels = [data.test.labels, *(part.labels for part in data.parts)]
    return tuple(int(one) for one in np.unique(np.concatenate(labels)))


def class_names(task: Task) -> tuple[str, ...]:
    """Name the classes of a table of one's own as its schema does; else nothing."""
    if task.schema is None or not isinstance(task.schema.label, ClassLabel):
        return ()
    return tuple(
        f"class {place} ({values[0]!r})"
        for place, values in enumerate(task.schema.label.classes)
    )


def with_rows(task: Task, rows: RootRows) -> Task:
    """Give a task its root set."""
    return replace(task, root=rows, root_note="; ".join(rows.notes))
