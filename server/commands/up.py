"""`anml up`: make a federation, and with --local start it and run."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.preset import preset_text
from anml_fl.commands.setting_options import SettingsCommand
from server.commands.local import FOLDER, out_option, run_on_this_machine
from server.commands.screen import screen, screen_options
from server.commands.track import read_tracks, track_option

if TYPE_CHECKING:
    from anml_fl.settings.run import RunConfig
    from server.deployment.state import State


@click.command(cls=SettingsCommand)
@click.argument("preset", required=False)
@click.option(
    "--nodes",
    metavar="N|NAMES",
    help="How many nodes there are; or where they bring data of their own their names:"
    " site-a,site-b; with tables on this machine: site-a=a.csv,site-b=b.csv.",
)
@click.option(
    "--behaviours",
    "behaviours_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML: a table `behaviours`, contributor to behaviour.",
)
@click.option(
    "--state",
    "folder",
    type=FOLDER,
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
@track_option
@out_option
@screen_options
def up(
    preset: str | None,
    folder: Path,
    local: bool,
    warm: bool,
    out: Path | None,
    tracks: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Make a federation: keys, certificates, settings; with --local, start it and run.

    PRESET is as in `anml run`. What the state folder holds already is kept: a second time
    only the keys of new nodes are made. Without --local, `docker compose up` starts the
    federation.

    With --schema each site has a table of its own, which stays there: it is given its
    folder of the state folder, and joins by `anml join`.
    """
    from anml_fl.system.terminal import say
    from server.deployment.environment_file import write_environment
    from server.deployment.members import read_nodes
    from server.deployment.own_modules import to_install
    from server.deployment.prepare import prepare

    if tracks and not local:
        raise click.UsageError("--track goes with --local; elsewhere `anml submit` has it")
    if out is not None and not local:
        raise click.UsageError(
            "--out goes with --local; elsewhere ANML_RUNS in .env names the folder"
        )
    if (as_json or quiet) and not local:
        raise click.UsageError(
            "--json and --quiet say how a run's end is shown: they go with --local"
        )
    nodes = options.pop("nodes")
    asked = {
        "behaviours": options.pop("behaviours_file"),
        "hosts": options.pop("hosts"),
    }
    given = {
        name.replace("_", "-"): value
        for name, value in options.items()
        if value not in (None, ())
    }
    with screen(as_json=as_json, quiet=quiet) as shown:
        with errors_reported():
            trackers = read_tracks(tracks)
            if "behaviours" in given:
                given["behaviours"] = ",".join(given["behaviours"])
            if nodes is not None:
                asked["nodes"], asked["tables"] = read_nodes(nodes)
            text = None if preset is None else preset_text(preset)
            state, config = prepare(folder, text, given, **asked)
            total = config.federation.contributors
            say(
                f"{folder}: keys and certificates of SuperLink and {total} nodes",
                shown.console,
            )
            for line in to_install(config, state.nodes(config)):
                say(line, shown.console)
            if not local:
                written = write_environment(state, state.nodes(config), Path.cwd(), warm=warm)
                named = "" if written.name == ".env" else f" --env-file {quote(str(written))}"
                if config.table.on_nodes:
                    _say_how_to_join(state, config, asked["hosts"])
                click.echo(f"next: docker compose{named} up")
                if config.table.on_nodes:
                    # The lines of SuperLink's own command would fill the screen.
                    host = asked["hosts"][0] if asked["hosts"] else "HOST"
                    click.echo(
                        "or without containers: python -m server.superlink ... (docs/deploy.md"
                        f"),\n  then anml submit {quote(str(folder))} --superlink {host}:8000"
                        " --database URL"
                    )
                return
            _refuse_no_table(state, config)
        run_on_this_machine(folder, out, shown, trackers, warm=warm)


def _say_how_to_join(state: State, config: RunConfig, hosts: tuple[str, ...]) -> None:
    """Say for each site what it is given, and what it does with it."""
    host = hosts[0] if hosts else "HOST"
    here = state.tables()
    for node in state.nodes(config):
        if node.name in here:
            click.echo(f"{node.name}: runs here, on {here[node.name]}")
            continue
        handed = ", ".join(path.name for path in (node.key, node.ca, node.schema, node.egress))
        click.echo(
            f"{node.name}: hand over {quote(str(node.folder))} ({handed}); there:\n"
            f"  anml join --superlink {host}:8000 --data YOUR.csv"
            f" --key {quote(f'{node.name}/{node.key.name}')}"
        )


def _refuse_no_table(state: State, config: RunConfig) -> None:
    """Refuse to start nodes on this machine whose tables nobody named."""
    if not config.table.on_nodes:
        return
    here = state.tables()
    lacking = [one.name for one in state.nodes(config) if one.name not in here]
    if lacking:
        raise click.UsageError(
            f"--local starts every node here, and nothing says where {lacking[0]}'s table is:"
            f" give --nodes {lacking[0]}=FILE,..., or leave --local out"
        )
