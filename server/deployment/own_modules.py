"""Modules of one's own in a deployment: handed to nobody, installed by each node's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.run.own_code import shared_modules
from anml_fl.settings.section import ConfigError
from anml_fl.settings.training import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import Node


def refuse_file(config: RunConfig) -> None:
    """Refuse a task that is named by its file: nodes know no file of this machine.

    Raises
    ------
    ConfigError
    """
    if config.training.task.endswith(FILE):
        raise ConfigError(
            f"training.task: nodes know no file of this machine, got {config.training.task!r}:"
            " give the module's name, such as mypkg.task, by which every node can import it"
        )


def to_install(config: RunConfig, nodes: Sequence[Node]) -> list[str]:
    """Say who must install what, and by which part of the data each node is known.

    Parameters
    ----------
    config : RunConfig
    nodes : sequence of Node

    Returns
    -------
    list of str
        Lines; none where the run names no module of one's own.
    """
    modules = shared_modules(config)
    if not modules:
        return []
    lines = [
        f"{', '.join(modules)}: handed to nobody. Every node's owner, and whoever runs"
        " SuperLink, installs it beside anml-fl, with what it imports; of files that differ"
        " from the server's the run warns"
    ]
    if config.training.task:
        lines += [
            f"{node.name}: its node config has partition-id={node.partition}"
            f" num-partitions={len(nodes)}, which load_data is given"
            for node in nodes
        ]
    return lines
