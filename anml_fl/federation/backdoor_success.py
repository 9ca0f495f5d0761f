"""How well a backdoor works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.behaviours.backdoor import triggered

if TYPE_CHECKING:
    from torch import nn

    from anml_fl.federation.task import Task
    from anml_fl.settings.attackers import Attackers


def backdoor_success(task: Task, model: nn.Module, attacks: Attackers) -> float:
    """Share of test rows of other classes that a model takes for the target once triggered.

    Bagdasaryan et al. 2020. A model without a backdoor has one too: what it mistakes.

    Parameters
    ----------
    task : Task
        Of classes.
    model : torch.nn.Module
    attacks : Attackers
        The trigger and its target.

    Returns
    -------
    float
        In [0, 1]; nan if no test row is of another class.

    Raises
    ------
    ConfigError
        As of `behaviours.backdoor.poisoned`.
    """
    return 1.0 - task.error(model, triggered(task.data.test, attacks))
