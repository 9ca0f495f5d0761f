"""What settings ask of the data: classes, answers, rows to test on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.models.metrics import METRICS, SEEN_OF
from anml_fl.settings.section import ConfigError
from server.orchestration.module_checks import check_module

if TYPE_CHECKING:
    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


def check_data(config: RunConfig, task: Task) -> None:
    """Refuse settings that do not fit the data.

    Raises
    ------
    ConfigError
        Naming the setting, and what would do.
    """
    if isinstance(task, ModuleTask):
        check_module(config, task)
        return
    if task.regression:
        _check_values(config)
    else:
        _check_classes(config, task.data.test.classes)
        _check_trigger(config, task)
    _check_gold(config, task)
    _check_evaluation(config, task)


def _check_classes(config: RunConfig, classes: int) -> None:
    attacks, name = config.attacks, config.data_name
    if attacks.flip_target is not None and attacks.flip_target >= classes:
        raise ConfigError(
            f"attacks.flip_target: {name} has the classes 0 to {classes - 1},"
            f" got {attacks.flip_target}"
        )
    if "backdoor" in config.federation.behaviours and attacks.trigger_target >= classes:
        raise ConfigError(
            f"attacks.trigger_target: {name} has the classes 0 to {classes - 1},"
            f" got {attacks.trigger_target}"
        )
    if attacks.pairs and max(attacks.pairs) >= classes:
        raise ConfigError(
            f"attacks.flip_pairs: {name} has the classes 0 to {classes - 1},"
            f" got {attacks.flip_pairs}"
        )
    if attacks.flip_offset is not None and attacks.flip_offset % classes == 0:
        raise ConfigError(
            f"attacks.flip_offset: a multiple of {name}'s {classes} classes"
            f" changes no label, got {attacks.flip_offset}"
        )


def _check_trigger(config: RunConfig, task: Task) -> None:
    """Refuse a backdoor's trigger that is wider than a row."""
    width, size = task.data.test.features.shape[1], config.attacks.trigger_size
    if "backdoor" in config.federation.behaviours and size > width:
        raise ConfigError(
            f"attacks.trigger_size: a row of {config.data_name} has {width} features,"
            f" got {size}"
        )


def _check_values(config: RunConfig) -> None:
    """Refuse what needs classes, where the label is a number."""
    attacks = config.attacks
    for setting, value in (
        ("attacks.flip_target", attacks.flip_target),
        ("attacks.flip_offset", attacks.flip_offset),
        ("attacks.flip_reversed", attacks.flip_reversed or None),
        ("attacks.flip_pairs", attacks.flip_pairs or None),
    ):
        if value is not None:
            raise ConfigError(
                f"{setting}: the label of {config.data_name} is a number, and has no classes;"
                f" leave it out, and values are mirrored at their mean, got {value}"
            )
    if "backdoor" in config.federation.behaviours:
        raise ConfigError(
            f"federation.behaviours: the label of {config.data_name} is a number, and backdoor"
            " needs a class that it aims at; sign_flip or alie need none"
        )
    if config.training.weight_classes:
        raise ConfigError(
            f"training.weight_classes: the label of {config.data_name} is a number, and has no"
            " classes, so it must be false"
        )


def _check_gold(config: RunConfig, task: Task) -> None:
    if config.registry.gold and config.registry.database:
        raise ConfigError(
            "registry.gold: r comes from the registry's database here, and cannot be earned on"
            f" {config.registry.gold} checked answers as well: give one of the two"
        )
    if config.registry.gold and task.data.truths is None:
        raise ConfigError(
            f"registry.gold: {config.data_name} has no answers that could be checked, so it"
            f" must be 0, got {config.registry.gold}; labelme has some"
        )


def _check_evaluation(config: RunConfig, task: Task) -> None:
    chosen, rows = config.evaluation, task.data.test.labels.size
    metric = task.measure
    if metric is not None and metric.sees not in SEEN_OF[task.regression]:
        usable = [n for n, one in METRICS.items() if one.sees in SEEN_OF[task.regression]]
        kind = "a number" if task.regression else "a class"
        raise ConfigError(
            f"evaluation.metric: the label of {config.data_name} is {kind}, which"
            f" {metric.name} does not score; usable: {', '.join(usable)}"
        )
    if not chosen.patience:
        return
    claimed = config.table.on_nodes and not config.table.test
    if chosen.best_by == "claims" and not claimed:
        raise ConfigError(
            "evaluation.best_by: the contributors' nodes claim nothing where the server has"
            " rows to test on; give best_by = server"
        )
    if chosen.best_by == "server" and not rows:
        raise ConfigError(
            f"evaluation.patience: the server has no row to test on, so that no round is known"
            f" to be the best, got {chosen.patience}; give --test, or best_by = claims, or 0"
        )
    if chosen.best_by == "server" and (why := undefined_metric(task)):
        raise ConfigError(
            f"evaluation.metric: {why}, so that no round is known to be the best; give other"
            " test rows, another metric, or patience 0"
        )


def undefined_metric(task: Task) -> str:
    """Say that the chosen metric tells nothing on the test rows; empty if it does."""
    metric, rows = task.measure, task.data.test.labels.size
    if metric is None or not rows or not math.isnan(task.score(task.initial_model())):
        return ""
    return (
        f"{metric.name} is not defined on the {rows} test rows, as where there is one alone,"
        " or none of some class"
    )
