"""A federation on this machine: SuperLink and SuperNodes on loopback, and a run on them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.database.engine import open_database
from anml_fl.run.files import SUBMITTING
from anml_fl.system import sockets
from anml_fl.system.processes import free_port, stopped_by_signals
from anml_fl.system.terminal import warn
from server.deployment.control import Control, ControlError, enrol
from server.deployment.processes import (
    POLL,
    TASK_POLL,
    WARM_SOCKET,
    Service,
    environment,
    interrupt,
    stop,
    stop_leftovers,
    superlink,
    supernode,
    warm_process,
)
from server.deployment.record import write_record
from server.deployment.submission import carry_out
from server.deployment.supervisor import Supervisor
from server.orchestration.federation import check
from server.orchestration.progress import progress_bar
from server.orchestration.run_folder import check_settings, hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import State

_STARTUP = 60.0
# Bytes of a socket's name, and of that under which it begins (`clients.warm`).
_SOCKET = 20


@dataclass(frozen=True, slots=True)
class Federation:
    """A federation's processes on this machine.

    Parameters
    ----------
    nodes : dict
        Contributor to its SuperNode.
    others : tuple of Service
        What else is to be kept alive.
    """

    control: Control
    superlink: Service
    nodes: dict[str, Service]
    others: tuple[Service, ...]
    environment: dict[str, str]


def with_database(state: State, config: RunConfig) -> RunConfig:
    """Give a run a registry on this machine, unless it has one."""
    if config.registry.database:
        return config
    state.local.mkdir(mode=0o700, parents=True, exist_ok=True)
    where = state.local.resolve() / "registry.db"
    open_database(where).dispose()
    chosen = config.registry.model_copy(update={"database": str(where)})
    return config.model_copy(update={"registry": chosen})


@contextmanager
def federation(state: State, config: RunConfig, *, warm: bool = False) -> Iterator[Federation]:
    """Start SuperLink and SuperNodes, all registered; stop them at the end.

    Parameters
    ----------
    config : RunConfig
        With a database.
    warm : bool
        Warm client processes and shorter polls.

    Raises
    ------
    RuntimeError
        If SuperLink does not start, or refuses a node.
    ExposedError
        If others may read or replace a key.
    ConfigError
        If the registry knows a node otherwise, or the federation runs already.
    """
    state.refuse_exposed()
    state.local.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = environment(state, warm=warm)
    address = f"127.0.0.1:{(port := free_port())}"
    members = state.nodes(config)
    with ExitStack() as held:
        held.enter_context(hold(state.local))
        stop_leftovers(state)
        others: tuple[Service, ...] = ()
        if warm:
            # Not in the state folder: a socket's path is short.
            folder = Path(held.enter_context(sockets.temporary(_SOCKET)))
            given[WARM_SOCKET] = str(folder / "socket")
            # What looks for tasks all the time on one machine leaves the less for the tasks.
            given.setdefault(TASK_POLL, f"{min(1.0, 0.05 * len(members) + 0.1):.2f}")
            given.setdefault(POLL, f"{min(3.0, max(0.5, 0.1 * len(members))):.2f}")
            others = (warm_process(state, folder / "socket", given),)
        link = superlink(state, port, given)
        services = {
            node.name: supernode(state, node, len(members), address, given) for node in members
        }
        held.callback(stop, [link])
        # Before it: SuperLink gives the place of a node that did not say goodbye to nobody,
        # for a minute.
        held.callback(stop, [*services.values(), *others])
        control = Control(address, state.ca, state.local / "flwr" / "control", state.secret())
        held.callback(control.close)
        held.callback(interrupt, link)
        for service in (*others, link):
            service.start()
        try:
            control.wait(_STARTUP)
        except ControlError as error:
            raise ControlError(f"{error}; its log: {link.log}: {link.last_lines()}") from error
        control.register(members)
        engine = open_database(config.registry.database)
        try:
            enrol(engine, members)
        finally:
            engine.dispose()
        for service in services.values():
            service.start()
        yield Federation(control, link, services, others, given)


def run_local(
    state: State, config: RunConfig, out: Path, console: Console, *, warm: bool = False
) -> str:
    """Run a federation on this machine, from its processes' start to their end.

    Parameters
    ----------
    config : RunConfig
        With a database.
    out : Path
        The run's folder.

    Returns
    -------
    str
        "completed", "failed" or "stopped".

    Raises
    ------
    RuntimeError
        If SuperLink does not start, or refuses a node or the run.
    """
    check(config)
    check_settings(out, config)
    with (
        hold(out, SUBMITTING),
        stopped_by_signals(),
        progress_bar(out, config, console, lines=not console.is_terminal),
        federation(state, config, warm=warm) as running,
    ):
        write_record(out, state, warm=warm)
        return carry_out(
            running.control,
            config,
            out.resolve(),
            running.environment,
            admit=lambda: running.control.register(state.nodes(config)),
            tend=Supervisor(
                running.superlink,
                [*running.nodes.values(), *running.others],
                partial(warn, to=console),
            ),
            say=partial(warn, to=console),
        )
