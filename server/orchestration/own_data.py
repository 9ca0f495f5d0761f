"""What those who gathered the data hold, and how well each strategy's model serves them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file

from anml_fl.datasets.prepare import NATURAL
from anml_fl.run.files import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


def own_data(out: Path, config: RunConfig, task: Task) -> dict[str, Any]:
    """Count each contributor's samples, and test the final models on its own test samples.

    Parameters
    ----------
    out : Path
        The run's folder, every strategy finished.
    config : RunConfig
    task : Task

    Returns
    -------
    dict
        Contributor to `samples`, and `errors` and `scores` by strategy, as in `summary.json`;
        empty where samples were partitioned, and so are nobody's own, and where the
        contributors' nodes have them.
    """
    if config.federation.partition != NATURAL or config.table.on_nodes:
        return {}
    data = task.data
    found: dict[str, Any] = {
        name: {"samples": int(part.labels.size), "errors": {}, "scores": {}}
        for name, part in zip(data.names, data.parts, strict=True)
    }
    tested = np.empty(0) if data.tested is None else data.tested
    for strategy in config.strategies:
        model = task.model_of(load_file(out / strategy / MODEL))
        for place, name in enumerate(data.names):
            own = np.flatnonzero(tested == place)
            if own.size:
                rows = data.test.take(own)
                for kind, value in (
                    ("errors", task.error(model, rows)),
                    ("scores", task.score(model, rows)),
                ):
                    # A curve's area needs two classes, and a variance two values.
                    if math.isfinite(value):
                        found[name][kind][strategy] = value
    return found


def test_classes(task: Task) -> list[int]:
    """Count the rows of each class that the server tests on, of a table of one's own.

    Returns
    -------
    list of int
        Empty for data that come with it, values, and where there are no rows.
    """
    if task.schema is None:
        return []
    test = task.data.test
    if test.classes == 1 or not test.labels.size:
        return []
    return [int(count) for count in np.bincount(test.labels, minlength=test.classes)]
