"""The command line, and the composition root: the one module here that reaches upward.

Everything heavy is imported where it is needed: `anml --help` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from anml_fl.commands.data import data
from anml_fl.commands.explain import explain
from anml_fl.commands.failure import errors_reported
from anml_fl.commands.init import init
from anml_fl.commands.ledger import ledger
from anml_fl.commands.registry import registry
from anml_fl.commands.statement import statement
from anml_fl.commands.verify import verify
from anml_fl.system.files import read_text
from clients.commands import join
from server.commands.holding import release, void
from server.commands.page import page
from server.commands.resume import resume_command
from server.commands.submit import submit
from server.commands.up import up_command
from server.doctor.commands import doctor
from studies.arena.commands import arena
from studies.benchmarks.commands import bench
from studies.commands import study
from studies.redteam.commands import redteam

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from anml_fl.catalogue import Catalogue
    from anml_fl.chain import Chain
    from anml_fl.settings.names import NameOf
    from anml_fl.settings.run import RunConfig


class SettingsCommand(click.Command):
    """A command with one option for every setting, made from the settings themselves."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """List the parameters; the settings are imported only when asked."""
        from anml_fl.settings.run import settings

        own = super().get_params(ctx)
        made = [_option(name, field) for name, _, _, field in settings()]
        return [*own[:-1], *made, own[-1]]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; an unknown option is answered with the known ones."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for p in self.get_params(ctx) for name in p.opts if name[:2] == "--"]
            raise click.UsageError(
                f"unknown option {error.option_name}; known: {', '.join(known)}", ctx
            ) from error


class TableChoice(click.Choice[str]):
    """A name of an open table, or `module:object` of the user's own, or a chain of them.

    Parameters
    ----------
    table : Catalogue or Chain
    """

    def __init__(self, table: Catalogue | Chain) -> None:
        super().__init__(table.names)
        self._table = table

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Let what is no shipped name go on to the settings, which say what it may be."""
        from anml_fl.catalogue import LONGEST, is_own
        from anml_fl.chain import JOINT, Chain

        if is_own(str(value)) or JOINT in str(value) or len(str(value)) > LONGEST:
            return str(value)
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            own = "One of your own is MODULE:OBJECT: `mine:Thing` is Thing in mine.py."
            if isinstance(self._table, Chain):
                own += (
                    f" Before a strategy go {', '.join(self._table.before.names)}: nnm+krum."
                )
            self.fail(f"{error.message} {own}", param, ctx)


def _names(annotation: Any) -> tuple[str, ...]:
    """List the names that a setting may have; of a table's, those that are there now."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    table: NameOf = annotation.__metadata__[0]
    return table.catalogue.names


def _option(name: str, field: FieldInfo) -> click.Option:
    """Make an option from a setting: its type, its range in the help, its default."""
    annotation: Any = field.annotation
    if get_origin(annotation) not in (Literal, dict, tuple) and get_args(annotation):
        annotation = get_args(annotation)[0]  # X | None
    about = field.description or ""
    default = field.default
    if get_origin(annotation) is dict:
        kinds = ", ".join(_names(get_args(annotation)[0]))
        shown = " ".join(f"{kind}={count}" for kind, count in default.items())
        about += f" Repeat for several kinds: {kinds}."
        return click.Option(
            ["--behaviour", "behaviours"],
            multiple=True,
            metavar="KIND=COUNT",
            help=f"{about}  [default: {shown}]",
        )
    if get_origin(annotation) is tuple:
        return click.Option(
            ["--strategy", "strategies"],
            multiple=True,
            type=TableChoice(get_args(annotation)[0].__metadata__[0].catalogue),
            help=f"{about} Repeat for several.  [default: {' '.join(default)}]",
        )
    if default is not None:
        about += f"  [default: {default}]"
    if annotation is bool:
        return click.Option([f"--{name}/--no-{name}"], default=None, help=about)
    if get_origin(annotation) is Literal:
        return click.Option([f"--{name}"], type=click.Choice(get_args(annotation)), help=about)
    for table in field.metadata:
        if catalogue := getattr(table, "catalogue", None):
            return click.Option([f"--{name}"], type=TableChoice(catalogue), help=about)
    return click.Option([f"--{name}"], type=annotation, help=about)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="anml-fl", prog_name="anml")
def main() -> None:
    """ANML on Flower: federated learning that weighs each contributor, and says why."""


@main.command(cls=SettingsCommand)
@click.argument("preset", required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder for the results.  [default: runs/NAME]",
)
@click.option(
    "--hold-payouts",
    type=float,
    metavar="SHARE",
    help="Do not pay a round yet if more than this share of it would go to contributors whose"
    " updates lower the test score; `anml ledger release` and `void` decide.",
)
def run(
    preset: str | None, out: str | None, hold_payouts: float | None, **options: Any
) -> None:
    """Train one federation under several strategies, side by side.

    PRESET is a TOML file, or the name of one that is shipped: default, no-attackers,
    label-skew, forged-credentials, reputation. Options override it. The results are a table,
    and a folder with every round's decisions, the ledger, the models, and report.html. A run
    that was interrupted goes on with the first strategy that had not finished.

    A strategy, behaviour, data set, model or scenario may be your own, as MODULE:OBJECT.
    """
    from rich.console import Console

    from anml_fl.settings.reading import from_toml, parse_behaviours

    if out == "":
        raise click.UsageError("--out must name a folder, got an empty text")
    given = {name: value for name, value in options.items() if value not in (None, ())}
    try:
        with errors_reported():
            if "behaviours" in given:
                given["behaviours"] = parse_behaviours(list(given["behaviours"]))
            flat = {name.replace("_", "-"): value for name, value in given.items()}
            config = from_toml(_preset(preset), flat)
            _execute(config, None if out is None else Path(out), Console(), hold_payouts)
    except KeyboardInterrupt:
        click.echo(
            "stopped; the same command goes on with the unfinished strategies", err=True
        )
        sys.exit(130)


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def report(folder: Path) -> None:
    """Write report.html anew from the results in FOLDER.

    A run that does not fit its ledger, or has none, gets a page that says so above all else;
    the exit code is 1 then.
    """
    from anml_fl.run.parsing import parsed_once
    from anml_fl.run.verification import verify_run
    from server.report.page import write_report

    with errors_reported():
        parse = parsed_once()
        verification = verify_run(folder, parse)
        if verification.warning:
            click.echo(verification.warning, err=True)
        click.echo(write_report(folder, verification, parse))
    if verification.warning:
        sys.exit(1)


main.add_command(init)
main.add_command(data)
main.add_command(registry)
ledger.add_command(release)
ledger.add_command(void)
main.add_command(ledger)
main.add_command(verify)
main.add_command(explain)
main.add_command(statement)
main.add_command(study)
main.add_command(bench)
main.add_command(redteam)
main.add_command(arena)
main.add_command(doctor)
main.add_command(join)


@main.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Of GTG-Shapley's sampling.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def attribution(run: Path, seed: int, as_json: bool) -> None:
    """Compare what RUN paid with what each contributor's updates were worth.

    RUN is the folder of a finished run. Beside the settled shares stand leave-one-out,
    GTG-Shapley and, for up to ten contributors, exact Shapley values, with their rank
    correlation. The result is a table, RUN/attribution.json and a part of RUN/report.html.
    """
    from rich.console import Console

    from server.attribution.table import table
    from server.attribution.valuation import run as value

    with errors_reported():
        try:
            found = value(run, Console(stderr=as_json), seed=seed)
        except KeyboardInterrupt:
            click.echo("stopped; the run is as it was", err=True)
            sys.exit(130)
    if found.settled_by == "weights":
        click.echo(
            "there is no ledger: `settled` is by weights for which nothing vouches", err=True
        )
    if as_json:
        click.echo(found.to_json())
    else:
        Console().print(table(found))


def _preset(name: str | None) -> str:
    """Read a preset: a file, or one of those that come with the project."""
    from importlib.resources import files

    from anml_fl.database.url import may_hold_secret
    from anml_fl.settings.section import ConfigError

    if name is None:
        return ""
    if (path := Path(name)).is_file():
        return read_text(path)
    shipped = {
        entry.name.removesuffix(".toml"): entry
        # In a wheel presets lie inside the package, in a checkout beside it.
        for place in (files("anml_fl") / "presets", Path(__file__).parent.parent / "presets")
        if place.is_dir()
        for entry in place.iterdir()
        if entry.name.endswith(".toml")
    }
    if name not in shipped:
        shown = "" if may_hold_secret(name) else f" {name!r}"
        raise ConfigError(
            f"preset{shown} is neither a file nor shipped;"
            f" shipped: {', '.join(sorted(shipped))}"
        )
    return shipped[name].read_text(encoding="utf-8")


def _execute(
    config: RunConfig, out: Path | None, console: Any, bound: float | None = None
) -> None:
    """Run on the engine asked for, with a progress bar; then show the table."""
    import json

    from anml_fl.system.importing import importing

    with importing():
        from anml_fl.execution import execute
        from anml_fl.federation.adoption import adopted
        from anml_fl.federation.given_names import check_names
        from anml_fl.run.files import REPORT, SUMMARY
        from anml_fl.run.parsing import parsed_once
        from anml_fl.run.worth import load_worth
        from anml_fl.system.sockets import moved
        from server.commands.holding import hold_payouts
        from server.commands.least import least
        from server.engines.simulation import RAYS_SOCKETS
        from server.orchestration.run_folder import default_folder
        from server.orchestration.summary_table import left_out, table
        from server.orchestration.worth_table import worth_table

    config = adopted(config)
    check_names(config)
    out = default_folder(config) if out is None else out
    console.print(_header(config), soft_wrap=True)
    parse = parsed_once()
    if bound is not None:
        hold_payouts(out, config, bound)
    execute(config, out, console, parse=parse)
    summary = json.loads(read_text(out / SUMMARY))
    console.print(table(summary))
    if note := left_out(out, summary, parse):
        console.print(note)
    if note := least(out, parse):
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if worth := load_worth(out, summary["contributors"]):
        console.print(worth_table(worth))
    console.print(f"report: {(out / REPORT).resolve()}", soft_wrap=True)
    if config.engine == "simulation" and (note := moved(RAYS_SOCKETS)):
        console.print(note, soft_wrap=True)


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


for _command in (up_command(SettingsCommand, _preset), submit, resume_command(_execute), page):
    main.add_command(_command)


if __name__ == "__main__":
    main()
