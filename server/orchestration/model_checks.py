"""What is asked of a model before anybody trains it: that it fits the data, and can train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.models.batch_statistics import takes_statistics
from anml_fl.models.parts import state_hash
from anml_fl.models.state import as_input
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


def check_model(config: RunConfig, task: Task) -> None:
    """Refuse a model that does not fit the data, or that cannot be trained.

    Raises
    ------
    ConfigError
        If a setting does not fit it.
    UnusableError
        Saying what of it is not as it must be.
    """
    model = task.initial_model()
    try:
        # Before it sees a row: a buffer may count what it has seen.
        same = state_hash(model) == state_hash(task.initial_model())
    except UnusableError as error:
        raise UnusableError(f"model {task.model!r}: {error}") from None
    if not same:
        raise UnusableError(
            f"model {task.model!r} has other weights each time it is built, so that a run is"
            " never the same again, and what is frozen differs from place to place: draw them"
            " by torch's own generator, or load them from a file"
        )
    _check_logits(task, model.eval())
    if config.training.batch_size == 1 and takes_statistics(model):
        raise ConfigError(
            f"training.batch_size: model {task.model!r} takes statistics of a batch, which one"
            " row has not: give 2 or more, got 1"
        )
    _check_step(task, model.train())


def _check_logits(task: Task, model: nn.Module) -> None:
    """Ask the model once: it must turn rows of features into logits, or into a value each."""
    rows = _rows(task)
    wanted = (len(rows), task.data.test.classes)
    try:
        with torch.no_grad(), torch.random.fork_rng([]):
            logits = model(as_input(model, rows))
    except Exception as error:
        raise UnusableError(
            f"model {task.model!r} fails on rows of shape {tuple(rows.shape)}, {rows.dtype}:"
            f" {_said(error)}. Rows are (n, features): a model of pictures asks for `image`,"
            " which is (channels, height, width), and shapes them itself"
        ) from error
    if not isinstance(logits, torch.Tensor) or logits.shape != wanted:
        got = tuple(logits.shape) if isinstance(logits, torch.Tensor) else shown_kind(logits)
        raise UnusableError(
            f"model {task.model!r} must turn rows of shape {tuple(rows.shape)} into logits of"
            f" shape {wanted}, got {got}"
        )


def _check_step(task: Task, model: nn.Module) -> None:
    """Take one gradient: every contributor's training would fail alike."""
    rows, kind = _rows(task), torch.float32 if task.regression else torch.int64
    try:
        # What the model draws, as in dropout, is no business of anybody else's.
        with torch.random.fork_rng([]):
            logits = model(as_input(model, rows))
        task.loss(logits, torch.zeros(len(rows), dtype=kind)).backward()
    except Exception as error:
        raise UnusableError(
            f"model {task.model!r} cannot be trained by gradients: {_said(error)}"
        ) from error


def _rows(task: Task) -> Tensor:
    """Take two rows; where the nodes have the data, the server may have none: zeros then."""
    test = task.data.test
    rows = torch.zeros(2, test.features.shape[1])
    rows[: test.labels.size] = torch.from_numpy(test.features[:2])
    return rows


def _said(error: Exception) -> str:
    """Say an error in one line, without what it may quote below."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
