"""`anml study`: the paper's tables, and our own studies."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Group

_OUT = click.Path(file_okay=False, path_type=Path)
# What a study is about, the first that it measures.
_MAIN = ("error", "mae", "selected_clean", "overhead")


@click.group(cls=Group)
def study() -> None:
    """Reproduce the paper table by table, and go past it."""


@study.command("list")
def list_studies() -> None:
    """Show every study: what it reproduces, on which data, with how many trials."""
    from rich.table import Table

    from anml_fl.system.terminal import console, show
    from studies.catalogue import STUDIES

    table = Table("study", "about", "source", "data sets: trials")
    for one in STUDIES.entries():
        trials = ", ".join(f"{dataset}: {number}" for dataset, number in one.trials.items())
        table.add_row(one.name, one.title, one.source, trials)
    show(table, console())


@study.command("settings")
@click.argument("name", metavar="STUDY", default="table-7")
def list_settings(name: str) -> None:
    """Show the settings that `run STUDY --set KEY=VALUE` takes, of its first condition."""
    from rich.table import Table

    from anml_fl.system.terminal import console, show
    from studies.catalogue import chosen

    with errors_reported():
        found = chosen(name)[0]
    recipe = found.variants(next(iter(found.trials)))[0].recipe
    table = Table("key", "value", "about", title=f"settings of {found.name}")
    for key, field in type(recipe).model_fields.items():
        table.add_row(key, str(getattr(recipe, key)), field.description)
    show(table, console())


@study.command("run")
@click.argument("name", metavar="STUDY|all")
@click.option(
    "--trials",
    type=click.IntRange(1, 10_000),
    help="On every data set.  [default: the study's own]",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes.  [default: one a core]")
@click.option(
    "--out",
    type=_OUT,
    help="Folder of the results.  [default: runs/studies, with what was asked for behind it,"
    " such as runs/studies-trials=20]",
)
@click.option(
    "--profile",
    type=click.Choice(["paper", "quick"]),
    default="paper",
    show_default=True,
    help="quick: two trials on small data, to see that everything runs.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a setting in every condition; repeat for several. `anml study settings`"
    " lists them.",
)
def run_study(
    name: str,
    trials: int | None,
    seed: int,
    jobs: int | None,
    out: Path | None,
    profile: str,
    settings: tuple[str, ...],
) -> None:
    """Run one study, or all; what is finished already is skipped.

    A study of your own is named as module:object, such as my_study:STUDY.

    The results are OUT/STUDY.parquet, one tidy table a study (errors as fractions), and
    beside it STUDY.json: settings, seed, versions and the hash of the code. After Ctrl-C the
    same command goes on where it stopped.
    """
    from anml_fl.system.working_folder import search_it_last
    from studies.catalogue import chosen
    from studies.progress import shown
    from studies.runner import run_studies
    from studies.settings import parse_settings
    from studies.study import cells

    if out is not None and not str(out).strip("."):
        raise click.UsageError("--out must name a folder")
    if out is None:
        # Results of other settings never take the place of the study's own.
        asked = [] if profile == "paper" else [profile]
        asked += [f"trials={trials}"] if trials is not None else []
        asked += [f"seed={seed}"] if seed else []
        out = Path("runs", "-".join(["studies", *asked, *settings]).replace("/", "_"))
    with errors_reported(ImportError):
        search_it_last()
        overrides = parse_settings(settings)
        quick = profile == "quick"
        plan = [
            (one, made)
            for one in chosen(name)
            if (made := cells(one, seed=seed, trials=trials, quick=quick, settings=overrides))
        ]
        request = {
            "command": _command(name, trials, seed, profile, settings),
            "profile": profile,
            "seed": seed,
            "overrides": overrides,
        }
        with shown("starting") as progress:
            tables = run_studies(plan, out, jobs=jobs, asked=request, progress=progress)
        if len(plan) == 1:
            _show(out, plan[0][0].name)
    for table in tables:
        click.echo(table)
    click.echo(f"beside the paper: anml study report --results {shlex.quote(str(out))}")


def _show(out: Path, name: str) -> None:
    """Print a study's main measure: means and intervals by condition and method."""
    from rich.table import Table

    from anml_fl.system.terminal import console, show
    from studies.reproduction.results import load_results
    from studies.reproduction.tables import metric_table

    found = load_results(out)[name]
    metric = next((m for m in _MAIN if m in found.metrics), None)
    if metric is None:
        return
    grid = metric_table(found, metric)
    table = Table()
    for title, kind in grid.columns:
        number = kind == "number"
        table.add_column(title, justify="right" if number else "left")
    for row in grid.rows:
        table.add_row(*row)
    show(table, console())


@study.command("report")
@click.option(
    "--results",
    type=ExistingPath(),
    default="runs/studies",
    show_default=True,
    help="Folder of the results.",
)
@click.option("--to", type=_OUT, help="Folder of the pages.  [default: that of the results]")
def report_studies(results: Path, to: Path | None) -> None:
    """Write reproduction.md and reproduction.html from results: ours beside the paper's."""
    from studies.reproduction.page import write_reproduction

    with errors_reported():
        for page in write_reproduction(results, results if to is None else to):
            click.echo(page)


@study.command("stale")
@click.option(
    "--results",
    type=ExistingPath(),
    default="docs/results",
    show_default=True,
    help="Folder of the results.",
)
def stale(results: Path) -> None:
    """List the studies whose results this code did not make, and why.

    A name a line, with "never run", or what is another: code, data, versions. The exit status
    is 1 if there are any, and 0 if there are none.
    """
    from studies.staleness import stale_studies

    with errors_reported():
        found = stale_studies(results)
    for name, why in found.items():
        click.echo(f"{name}: {why}")
    sys.exit(1 if found else 0)


def _command(
    name: str, trials: int | None, seed: int, profile: str, settings: tuple[str, ...]
) -> str:
    """Write the command that gives these results, on any number of processes."""
    words = ["anml", "study", "run", name, "--profile", profile, "--seed", str(seed)]
    if trials is not None:
        words += ["--trials", str(trials)]
    for text in settings:
        words += ["--set", text]
    return shlex.join(words)
