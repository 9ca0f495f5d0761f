"""A run on an engine inside this process, as commands carry it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.commands.screen import COMPLETED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from anml_fl.settings.run import RunConfig
    from server.commands.screen import Screen
    from server.tracking.asked import Asked

    Execute = Callable[..., None]
    Load = Callable[[], Execute]


def run_on_engine(
    load: Load,
    config: RunConfig,
    out: Path | None,
    screen: Screen,
    trackers: Sequence[Asked] = (),
    bound: float | None = None,
    *,
    goes_on: str,
) -> None:
    """Run on the engine asked for, with a progress bar; then show what came of it.

    Parameters
    ----------
    load : callable
        Imports what carries a run out, which takes seconds.
    config : RunConfig
    out : Path, optional
        The run's folder; its default otherwise.
    screen : Screen
    trackers : sequence of Asked
        Who is told of it as it goes on.
    bound : float, optional
        Beyond which payouts are held, as in `hold_payouts`.
    goes_on : str
        What goes on after Ctrl-C, and where.
    """
    from anml_fl.system.importing import importing

    with importing():
        execute = load()
        from anml_fl.federation.adoption import adopted
        from anml_fl.federation.given_names import check_names
        from anml_fl.run.parsing import parsed_once
        from anml_fl.system.sockets import moved
        from server.commands.ending import interrupted, show_results
        from server.commands.holding import hold_payouts
        from server.engines.simulation import RAYS_SOCKETS
        from server.orchestration.run_folder import default_folder

    config = adopted(config)
    check_names(config)
    out = default_folder(config) if out is None else out
    console = screen.console
    with interrupted(out, goes_on, screen):
        console.print(_header(config))
        parse = parsed_once()
        if bound is not None:
            hold_payouts(out, config, bound)
        execute(config, out, console, parse=parse, trackers=trackers)
        show_results(out, console, parse)
        if config.engine == "simulation" and (note := moved(RAYS_SOCKETS)):
            console.print(note)
    screen.answer(COMPLETED, out)


def _header(config: RunConfig) -> str:
    """Name the run, what it trains on what, and how many attack."""
    from rich.markup import escape

    from anml_fl.behaviour import is_honest

    name, data = config.name, escape(config.data_name)
    if name != config.data_name:
        data = f"[bold]{escape(name)}[/bold]: {data}"
    model = "" if config.training.task else f", model {escape(config.training.model)}"
    federation = config.federation
    attackers = sum(n for kind, n in federation.behaviours.items() if not is_honest(kind))
    # Of one's own table nobody knows who would: only what is simulated is told.
    attack = (
        ""
        if config.table.own and not attackers
        else f", {attackers or 'none'} of them attacking"
    )
    return (
        f"{data}{model}, {federation.contributors} contributors{attack},"
        f" seed {config.seed}, engine {config.engine}"
    )
