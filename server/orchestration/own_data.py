"""What those who gathered the data hold, and how well each strategy's model serves them."""

from __future__ import annotations

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
        Contributor to `samples` and `errors` by strategy, as in `summary.json`; empty where
        samples were partitioned, and so are nobody's own.
    """
    if config.federation.partition != NATURAL:
        return {}
    data = task.data
    found: dict[str, Any] = {
        name: {"samples": int(part.labels.size), "errors": {}}
        for name, part in zip(data.names, data.parts, strict=True)
    }
    tested = np.empty(0) if data.tested is None else data.tested
    for strategy in config.strategies:
        model = task.model_of(load_file(out / strategy / MODEL))
        for place, name in enumerate(data.names):
            own = np.flatnonzero(tested == place)
            if own.size:
                error = task.error(model, data.test.take(own))
                found[name]["errors"][strategy] = error
    return found
