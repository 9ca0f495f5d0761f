"""How each strategy's final model errs in each class: a mean hides who bears it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file

from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.models.state import outputs_of
from anml_fl.run.files import MODEL
from anml_fl.run.schema import ClassErrors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


def class_errors(out: Path, config: RunConfig, task: Task) -> dict[str, ClassErrors]:
    """Test the final models on the server's rows of each class.

    Parameters
    ----------
    out : Path
        The run's folder, every strategy finished.
    config : RunConfig
    task : Task

    Returns
    -------
    dict
        Class to its rows and errors, as in `summary.json`, without classes of which the server
        has no row; empty of values, of a task of one's own, and where there are no rows.
    """
    if isinstance(task, ModuleTask) or task.regression or not task.data.test.labels.size:
        return {}
    test = task.data.test
    counts = np.bincount(test.labels, minlength=test.classes)
    there = np.flatnonzero(counts)
    found: dict[str, list[float]] = {}
    for strategy in config.strategies:
        model = task.model_of(load_file(out / strategy / MODEL))
        predicted = outputs_of(model, test.features).argmax(1)
        found[strategy] = errors_of(predicted, test.labels).tolist()
    return {
        # By number: names are in somebody's table.
        f"class {one}": ClassErrors(
            int(counts[one]), {name: of[one] for name, of in found.items()}
        )
        for one in there.tolist()
    }


def errors_of(predicted: NDArray[np.intp], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Find the share that is wrong of each class that has rows; nan of those that have none.

    Examples
    --------
    >>> errors_of(np.array([0, 0, 1, 0]), np.array([0, 0, 2, 2]))
    array([ 0., nan,  1.])
    """
    rows = np.bincount(labels)
    wrong = np.bincount(labels, weights=predicted != labels)
    found = np.full(rows.size, np.nan)
    np.divide(wrong, rows, out=found, where=rows > 0)
    return found
