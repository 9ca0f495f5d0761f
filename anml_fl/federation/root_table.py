"""A root set from a file: trusted rows with the columns of the run's own table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.federation.held_out import thinned
from anml_fl.federation.own_partition import OwnPartitioned
from anml_fl.federation.own_table import rows_beside
from anml_fl.federation.root_checks import checked, with_rows
from anml_fl.models.trusted_rows import RootSetError, copies_of
from anml_fl.tables.encoding import samples_of

if TYPE_CHECKING:
    from anml_fl.federation.root_rows import RootRows
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig

# As many of the test rows may be left out because the file has them too.
_OVERLAP = 3


def from_file(task: Task, config: RunConfig, seed: int) -> Task:
    """Read the file, hold it against the run's schema, and test on none of its rows.

    Raises
    ------
    RootSetError
        If there is no table of one's own, beside which it could stand; settings ask for other
        rows as well; or its rows cannot serve.
    TableError
        If it is not what the schema says.
    """
    data = task.data
    if task.schema is None or not isinstance(data, OwnPartitioned) or data.scales is None:
        raise RootSetError(
            f"a file of trusted rows goes with a table of your own (--data or --schema);"
            f" {config.data_name} brings rows of the server's: give --root N"
        )
    if config.aggregation.root != "auto":
        raise RootSetError(
            "the file is the root set, beside which --root must be auto, got"
            f" {config.aggregation.root!r}: leave one of them out"
        )
    path = Path(config.table.root_data)
    rows = rows_beside(path, task.schema)
    if not len(rows.labels):
        raise RootSetError("it has no rows")
    samples = samples_of(rows, data.scales)
    found = checked(task, samples, f"of {path.name}")
    return _tested_on_others(task, thinned(found, seed))


def _tested_on_others(task: Task, rows: RootRows) -> Task:
    """Test on no row of the root set, unless too little would be left to test on."""
    test, tested = task.data.test, task.data.tested
    again = copies_of(test.features, rows.features)
    if not (count := int(again.sum())):
        return with_rows(task, rows)
    kept = np.flatnonzero(~again)
    ends = [(test.labels, kept)] if test.classes > 1 else []
    ends += [] if tested is None else [(tested, kept)]
    whole = all(np.unique(of[left]).size == np.unique(of).size for of, left in ends)
    if not whole or count > test.labels.size // _OVERLAP:
        note = f"{count} of {test.labels.size} test rows are in the root set too"
        return with_rows(task, replace(rows, notes=(*rows.notes, note)))
    note = f"{count} of {test.labels.size} test rows are in the root set, and not tested on"
    left = replace(
        task.data, test=test.take(kept), tested=None if tested is None else tested[kept]
    )
    return with_rows(replace(task, data=left), replace(rows, notes=(*rows.notes, note)))
