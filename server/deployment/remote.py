"""A run on a SuperLink elsewhere: its nodes registered, the run followed to its end."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from anml_fl.database.engine import open_database
from anml_fl.run.files import SUBMITTING
from anml_fl.settings.section import ConfigError
from anml_fl.system import proxies
from anml_fl.system.processes import stopped_by_signals
from anml_fl.system.switches import SWITCHES
from anml_fl.system.terminal import warn
from server.deployment.control import Control, enrol
from server.deployment.submission import carry_out
from server.orchestration.progress import progress_bar
from server.orchestration.run_folder import check_settings, hold

if TYPE_CHECKING:
    from rich.console import Console

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import State

# Containers start in any order.
_STARTUP = 600.0


def run_remote(
    state: State, config: RunConfig, address: str, out: Path, console: Console
) -> str:
    """Register a federation's nodes, submit its run, and follow it to its end.

    Parameters
    ----------
    config : RunConfig
        With a database.
    address : str
        SuperLink's, HOST:PORT.
    out : Path
        The run's folder: the same here and where SuperLink runs.

    Returns
    -------
    str
        "completed", "failed" or "stopped".

    Raises
    ------
    ConfigError
        If there is no database, or it knows a node otherwise.
    RuntimeError
        If SuperLink cannot be reached, or refuses a node or the run.
    """
    if not config.registry.database:
        raise ConfigError(
            f"registry.database: a deployment needs one, and {state.run} names none: give"
            " --database"
        )
    members = state.nodes(config)
    check_settings(out, config)
    with (
        hold(out, SUBMITTING),
        TemporaryDirectory(prefix="anml-") as home,
        stopped_by_signals(),
    ):
        control = Control(address, state.ca, Path(home), state.secret())
        try:
            control.wait(_STARTUP)
            engine = open_database(config.registry.database)
            try:
                enrol(engine, members)
            finally:
                engine.dispose()
            with progress_bar(out, config, console, lines=not console.is_terminal):
                return carry_out(
                    control,
                    config,
                    out.resolve(),
                    {**os.environ, **SWITCHES, **proxies.exempt(os.environ)},
                    admit=lambda: control.register(members),
                    tend=str,  # they are looked after where they run
                    say=partial(warn, to=console),
                )
        finally:
            control.close()
