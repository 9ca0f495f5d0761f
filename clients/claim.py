"""What a contributor says of a model on rows that it held back: a claim."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.federation.own_task.loaders import examples_in
from anml_fl.federation.own_task.task import LOSS, ModuleTask
from anml_fl.method.threads import one_thread
from anml_fl.models.metrics import metric_named
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.task import Task


def claim(
    task: Task, contributor: str, metric: str, model: Mapping[str, NDArray[Any]]
) -> tuple[float, int]:
    """Score a model on the rows that a contributor held back.

    Parameters
    ----------
    task : Task
    contributor : str
        Stable identity.
    metric : str
        As of `models.metrics.metric_named`; "" for the error.
    model : mapping
        Name to array.

    Returns
    -------
    tuple
        The score, nan where it is not defined; and on how many rows.

    Raises
    ------
    ConfigError
        If no rows are held back, or the metric is unknown.
    """
    if isinstance(task, ModuleTask):
        return _by_module(task, contributor, metric, model)
    held = held_back(task, contributor)
    try:
        task = replace(task, metric=metric and metric_named(metric))
    except ValueError as error:
        raise ConfigError(f"metric: {error}, got {metric[:40]!r}") from None
    with one_thread():
        built = task.model_of(model)
        value = task.score(built, held) if metric else task.error(built, held)
    return value, int(held.labels.size)


def _by_module(
    task: ModuleTask, contributor: str, metric: str, model: Mapping[str, NDArray[Any]]
) -> tuple[float, int]:
    """Let a task's own `test` score a model on the contributor's test loader."""
    loader = task.loaders(contributor).test
    found = task.tested_by(task.model_of(model), loader, contributor)
    value = found.loss if metric == LOSS else found.error
    if math.isnan(value):
        what = "a loss" if metric == LOSS else "an accuracy"
        raise ConfigError(f"{task.module.name}.test says nothing of {what} here")
    return value, examples_in(loader, f"{task.module.name}.load_data")


def held_back(task: Task, contributor: str) -> Samples:
    """Return the test samples that are a contributor's own.

    Raises
    ------
    ConfigError
        If there are none.
    """
    data, test = task.data, task.data.test
    if data.tested is not None:
        test = test.take(np.flatnonzero(data.tested == data.names.index(contributor)))
    elif len(data.names) > 1:
        test = test.take(np.empty(0, np.intp))  # they are nobody's
    if not test.labels.size:
        raise ConfigError(
            "evaluation: this contributor holds back no rows to test on: with a test table, or"
            " with data that are nobody's, the server alone tests"
        )
    return test
