"""A task of one's own, tried: what is wrong with it is told before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.catalogue import UnusableError
from anml_fl.federation.own_task.failing import told
from anml_fl.models.parts import state_hash

if TYPE_CHECKING:
    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.federation.own_task.tested import Tested


def tried(task: ModuleTask) -> Tested | None:
    """Try a task's functions: its model, the first contributor's loaders, and its test.

    Where the nodes have the data, only what the server itself needs of them is tried; and
    nobody trains yet: of `train` it is looked at what it takes.

    Returns
    -------
    Tested or None
        What `test` says of the first model, on the first loader that the server tests on.

    Raises
    ------
    ConfigError
        If a function takes what nobody can give, or gives what is not understood, or fails:
        with what it says.
    UnusableError
        If `Net` gives no model, or another one each time.
    """
    with told(task.model):
        model = task.initial_model()
        if state_hash(model) != state_hash(task.initial_model()):
            raise UnusableError(
                f"{task.model} has other weights each time it is built: draw them by torch's"
                " own generator, or load them from a file"
            )
    loaders = None
    if not task.on_nodes:
        loaders = task.loaders(task.data.names[0])
    task.train_arguments(model, loaders)
    task.test_arguments(model, None)
    return task.first_test(model)
