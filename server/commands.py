"""Commands of a federation on many machines: make it, submit to it, go on with a run."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure, told
from anml_fl.system.files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import State

    Execute = Callable[[RunConfig, Path | None, Any], None]

_EXIT = {"completed": 0, "failed": 1, "stopped": 3}
_FOLDER = click.Path(file_okay=False, path_type=Path)


def commands(
    settings: type[click.Command], preset_text: Callable[[str | None], str], execute: Execute
) -> list[click.Command]:
    """Make the commands, from what the command line has already.

    Parameters
    ----------
    settings : type
        A command with an option for every setting.
    preset_text : callable
        Reads a preset by name or path.
    execute : callable
        Carries a run out on an engine inside this process.
    """

    @click.command(cls=settings)
    @click.argument("preset", required=False)
    @click.option("--nodes", type=click.IntRange(min=1), help="How many nodes there are.")
    @click.option(
        "--behaviours",
        "behaviours_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="TOML: a table `behaviours`, contributor to behaviour.",
    )
    @click.option(
        "--state",
        "folder",
        type=_FOLDER,
        default="federation",
        show_default=True,
        help="Folder for settings, certificates and keys.",
    )
    @click.option(
        "--host",
        "hosts",
        multiple=True,
        metavar="NAME",
        help="Name or address under which nodes reach SuperLink. Repeat for several.",
    )
    @click.option("--local", is_flag=True, help="Start all of it on this machine, and run.")
    @click.option("--warm", is_flag=True, help="Quicker rounds: warm client processes.")
    @click.option("--out", type=_FOLDER, help="Folder for the results.  [default: runs/NAME]")
    def up(
        preset: str | None,
        nodes: int | None,
        behaviours_file: Path | None,
        folder: Path,
        hosts: tuple[str, ...],
        local: bool,
        warm: bool,
        out: Path | None,
        **options: Any,
    ) -> None:
        """Make a federation: keys, certificates, settings; with --local, start it and run.

        PRESET is as in `anml run`. What the state folder holds already is kept: a second time
        only the keys of new nodes are made. Without --local, `docker compose up` starts the
        federation.
        """
        from server.deployment.environment_file import write_environment
        from server.deployment.state import prepare

        if out is not None and not local:
            raise click.UsageError(
                "--out goes with --local; elsewhere ANML_RUNS in .env names the folder"
            )
        given = {
            name.replace("_", "-"): value
            for name, value in options.items()
            if value not in (None, ())
        }
        with _told():
            if "behaviours" in given:
                given["behaviours"] = ",".join(given["behaviours"])
            text = None if preset is None else preset_text(preset)
            state, config = prepare(
                folder, text, given, nodes=nodes, behaviours=behaviours_file, hosts=hosts
            )
            total = config.federation.contributors
            click.echo(f"{folder}: keys and certificates of SuperLink and {total} nodes")
            if not local:
                written = write_environment(state, state.nodes(config), Path.cwd(), warm=warm)
                named = "" if written.name == ".env" else f" --env-file {quote(str(written))}"
                click.echo(f"next: docker compose{named} up")
                return
        _run_local(folder, out, warm)

    @click.command()
    @click.argument("folder", metavar="STATE", type=click.Path(exists=True, path_type=Path))
    @click.option(
        "--superlink",
        "address",
        default="127.0.0.1:8000",
        show_default=True,
        metavar="HOST:PORT",
        help="Where SuperLink listens.",
    )
    @click.option("--database", help="Registry and ledger, if the settings name none.")
    @click.option("--out", type=_FOLDER, help="Folder for the results.  [default: runs/NAME]")
    def submit(folder: Path, address: str, database: str | None, out: Path | None) -> None:
        """Register a federation's nodes with its SuperLink, and carry its run out there.

        STATE is the folder that `anml up` made. The exit status says how the run ended: 0
        completed, 1 failed, 3 stopped, 2 could not be submitted.
        """
        from rich.console import Console

        from anml_fl.settings.reading import from_flat
        from server.deployment.remote import run_remote
        from server.deployment.state import State
        from server.training.run_folder import default_folder

        console = Console()
        with _told(), _signed(folder):
            state = State(folder)
            config = state.config()
            if database and not config.registry.database:
                config = from_flat({**config.to_flat(), "database": database})
            where = default_folder(config) if out is None else out
            status = "completed"
            if not _ended(where, config, state, console):
                with _interrupted(where, "the same command"):
                    status = run_remote(state, config, address, where, console)
        _finish(status, where, console)

    @click.command()
    @click.argument("folder", metavar="RUN", type=click.Path(exists=True, path_type=Path))
    def resume(folder: Path) -> None:
        """Go on with a run that was interrupted, at its next round.

        RUN is its folder: it goes on with its own settings, on the engine that it began on.
        """
        from rich.console import Console

        from anml_fl.settings.reading import from_file
        from server.deployment.local import DEPLOYMENT
        from server.deployment.state import State
        from server.training.run_folder import CONFIG, REPORT, SUMMARY
        from server.training.settlement import check_unaltered

        with _told():
            if (folder / SUMMARY).exists():
                check_unaltered(folder)
                if (folder / DEPLOYMENT).exists():
                    _tidy(State(Path(_deployment(folder / DEPLOYMENT)["state"])))
                if not (folder / REPORT).exists():
                    from server.report.page import write_report

                    write_report(folder)
                click.echo(f"{folder} came to its end: there is nothing to go on with")
                return
            about = folder / DEPLOYMENT
            if about.exists():
                told_there = _deployment(about)
            elif not (folder / CONFIG).exists():
                raise Failure(f"{folder} is not a run's folder: it has no {CONFIG}")
            else:
                config = from_file(folder / CONFIG)
                if config.engine == "deployment":
                    raise Failure(
                        f"{folder} has no {DEPLOYMENT}, so its federation was not started by"
                        " `anml up --local`: `docker compose up`, or `anml submit STATE --out"
                        f" {quote(str(folder))}`, goes on with it"
                    )
                with _interrupted(folder, f"`anml resume {quote(str(folder))}`"):
                    execute(config, folder, Console())
                return
        _run_local(Path(told_there["state"]), folder, bool(told_there["warm"]))

    @click.command()
    @click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
    @click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
    )
    @click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8080,
        show_default=True,
        help="0 takes a free one.",
    )
    def page(folder: Path, host: str, port: int) -> None:
        """Serve the page of a run, or of each run in FOLDER, read-only.

        Served are the report, or how far the run is, and the files that others may check:
        summary, manifest, settings, rounds, and the ledger with its public key.
        """
        from server.report.serving import serve

        with _told():
            serve(folder, host, port)

    return [up, submit, resume, page]


def _deployment(path: Path) -> dict[str, Any]:
    """Read on which federation a run goes on."""
    import json

    try:
        found = json.loads(read_text(path))
        return {"state": str(found["state"]), "warm": bool(found["warm"])}
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(
            f"{path} is damaged ({error}): remove it; `anml up --local --state STATE --out"
            f" {quote(str(path.parent))}` goes on with the run"
        ) from error


def _tidy(state: State) -> None:
    """Stop what a command that was killed left running, unless another one looks after it."""
    from anml_fl.settings.section import ConfigError
    from server.deployment.processes import stop_leftovers
    from server.training.run_folder import hold

    if state.local.is_dir():
        with suppress(ConfigError), hold(state.local):
            stop_leftovers(state)


def _run_local(folder: Path, out: Path | None, warm: bool) -> None:
    """Run the federation of a state folder on this machine, and leave as the run ended."""
    from rich.console import Console

    from server.deployment.local import run_local, with_database
    from server.deployment.state import State
    from server.training.run_folder import default_folder

    console = Console()
    with _told(), _signed(folder):
        state = State(folder)
        config = with_database(state, state.config())
        where = default_folder(config) if out is None else out
        console.print(
            f"[bold]{config.name}[/bold]: {config.federation.dataset},"
            f" {config.federation.contributors} nodes, seed {config.seed}, on this machine"
        )
        status = "completed"
        if not _ended(where, config, state, console):
            if not warm and (note := _crowded(config.federation.contributors)):
                console.print(note, soft_wrap=True)
            with _interrupted(where, f"`anml resume {quote(str(where))}`"):
                status = run_local(state, config, where, console, warm=warm)
    _finish(status, where, console)


def _crowded(nodes: int) -> str | None:
    """Tell of a quicker way where rounds will take long."""
    cores = os.cpu_count() or 1
    if nodes <= cores:
        return None
    return (
        f"note: every round starts a process for each of {nodes} nodes, on {cores} cores;"
        " --warm takes about a tenth of the time"
    )


def _ended(out: Path, config: RunConfig, state: State, console: Console) -> bool:
    """Tell whether a run came to its end before: its rounds are settled, once."""
    from server.training.run_folder import SUMMARY, check_settings
    from server.training.settlement import check_unaltered

    check_settings(out, config)
    if not (out / SUMMARY).exists():
        return False
    check_unaltered(out)
    _tidy(state)
    console.print(
        f"{out} came to its end before. For another run, change name or seed in {state.run}",
        soft_wrap=True,
    )
    return True


def _finish(status: str, out: Path, console: Console) -> None:
    """Show what came of a run, and leave with its status."""
    import json

    from server.training.run_folder import SUMMARY
    from server.training.summary_table import left_out, table

    if status == "completed":
        summary = json.loads(read_text(out / SUMMARY))
        console.print(table(summary))
        if note := left_out(out, summary):
            console.print(note)
        console.print(f"report: {(out / 'report.html').resolve()}", soft_wrap=True)
    sys.exit(_EXIT[status])


@contextmanager
def _told() -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    with told(SQLAlchemyError):
        yield


@contextmanager
def _signed(folder: Path) -> Iterator[None]:
    """Sign the ledger with the federation's key meanwhile, as its SuperLink does."""
    from server.deployment.state import State
    from server.training.ledger_key import KEY_FILE

    before = os.environ.get(KEY_FILE)
    os.environ[KEY_FILE] = str(State(folder).ledger_key.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[KEY_FILE]
        else:
            os.environ[KEY_FILE] = before


@contextmanager
def _interrupted(out: Path, how: str) -> Iterator[None]:
    """Say on Ctrl-C, and when asked to end, how the run goes on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        click.echo(f"stopped {out}; {how} goes on at the next round", err=True)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else error.code)
