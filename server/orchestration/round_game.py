"""One round as a game: how good the model would be with the updates of a coalition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from anml_fl.models.parts import Parts
from anml_fl.models.state import (
    arrays_of,
    load_arrays,
    misclassified,
    outputs_of,
    unexplained,
)
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.task import Task
    from anml_fl.run.updates import Updates

    Quality = float | NDArray[np.float64]


def round_game(
    model: nn.Module, quality_of: Callable[[nn.Module], Quality], updates: Updates
) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    """Make the utility of coalitions in one round, without training anything anew.

    U(S) is the quality, such as the accuracy on the server's test set, of the model before the
    round plus the updates of S averaged by example factor: FedAvg among S, whatever step the
    server made. With nobody, or where the sum is not finite, it is that of the model before,
    as in the strategies.

    Buffers, such as running statistics, are those of the round's new model for all of them.
    Coalitions are evaluated one after the other: none depends on which others were asked
    for with it, to the last bit, and memory stays that of one model.

    Parameters
    ----------
    model : torch.nn.Module
        Of the run's architecture, on the CPU; its arrays are overwritten.
    quality_of : callable
        From a model to its quality; as of `quality_on`, or of `rows_on`.
    updates : Updates
        Of the round.

    Returns
    -------
    callable
        (m, n) bool to (m,) float64, or to (m, k) where `quality_of` gives k rows.

    Raises
    ------
    ValueError
        If the updates are not of this architecture.
    """
    parts = Parts.of(model)
    targets = [_reals(value) for value in parts.judged.values()]
    size = sum(value.numel() for value in targets)
    if updates.model.size != size:
        raise ValueError(
            f"the updates have {updates.model.size} numbers, but the model of the run's"
            f" settings has {size}: they belong to another run"
        )
    came, has = sorted(updates.buffers), sorted(set(parts.travelling) - parts.trained)
    if came != has:
        raise ValueError(
            f"the updates came with the buffers {came[:5]}, but the model of the run's"
            f" settings has {has[:5]}: they belong to another run"
        )
    load_arrays(model, {**arrays_of(model), **updates.buffers})

    def quality(coalition: NDArray[np.bool_]) -> Quality:
        vector = updates.model
        if coalition.any():
            shares = np.where(coalition, updates.examples, 0.0)
            shares = shares / shares.sum()
            with np.errstate(over="ignore", invalid="ignore"):
                moved = vector + shares.astype(vector.dtype) @ updates.updates
            if np.isfinite(moved).all():
                vector = moved
        _fill(targets, vector)
        return quality_of(model)

    def utility(coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.array([quality(coalition) for coalition in coalitions])

    return utility


def quality_on(test: Samples) -> Callable[[nn.Module], float]:
    """Score models by their accuracy on test rows, of values by R2.

    A model that is worse than -1 counts as -1, so that one that diverged drowns nobody.

    Returns
    -------
    callable
        Model to a number in [0, 1], of values in [-1, 1].
    """

    def quality(model: nn.Module) -> float:
        if test.classes == 1:
            # Also of outputs that are not finite.
            left = unexplained(model, test.features, test.labels)
            return max(-1.0, 1.0 - left) if math.isfinite(left) else -1.0
        return 1.0 - misclassified(model, test.features, test.labels)

    return quality


def rows_on(test: Samples) -> Callable[[nn.Module], NDArray[np.float64]]:
    """Score models on each test row, so that the mean is what `quality_on` gives.

    Returns
    -------
    callable
        Model to (rows,) float64: whether the class is right; of values 1 less the squared
        error over the values' variance, or -1 throughout where the mean would be below -1.
    """

    def quality(model: nn.Module) -> NDArray[np.float64]:
        outputs = outputs_of(model, test.features)
        if test.classes > 1:
            right: NDArray[np.bool_] = outputs.argmax(axis=1) == test.labels
            return right.astype(np.float64)
        truth = test.labels.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            rows: NDArray[np.float64] = 1.0 - (truth - outputs[:, 0]) ** 2 / truth.var()
            mean = rows.mean()
        return rows if mean >= -1.0 else np.full(truth.size, -1.0)

    return quality


def refuse_untested(task: Task, out: Path) -> None:
    """Refuse a task in which no model can be told from another.

    Raises
    ------
    ConfigError
        Naming the run's folder.
    """
    if math.isnan(task.error(task.initial_model())):
        raise ConfigError(
            f"{out} cannot be valued: the server has no rows to test models on, or their"
            " labels are all one value, or a task's test gives a loss alone, so that it cannot"
            " tell what an update is worth; a run with --test, or of a task that gives an"
            " accuracy, can be"
        )


def _reals(value: torch.Tensor) -> torch.Tensor:
    """Look at a tensor's memory as it travels: a complex number is two."""
    plain = value.detach()
    return torch.view_as_real(plain) if plain.is_complex() else plain


def _fill(targets: list[torch.Tensor], vector: NDArray[Any]) -> None:
    """Copy a vector into what is judged, in the model's order."""
    flat, start = torch.from_numpy(vector), 0
    for target in targets:
        target.copy_(flat[start : start + target.numel()].view_as(target))
        start += target.numel()
