"""`anml arena`: every attack against every rule."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Group

if TYPE_CHECKING:
    from studies.arena.grid import Grid
    from studies.arena.table import Kept

_FOLDER = click.Path(file_okay=False, path_type=Path)
# Beside the package, in a checkout of it, wherever one is.
_PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "results" / "arena"
_MOST_TOLD = 5
_FIRST = "checking names and settings"
_NAMES = ("quick", "standard", "wide")
_GRID = click.Choice(_NAMES)
_JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), help="Processes.  [default: one a core]"
)
_OUT = click.option(
    "--out", type=_FOLDER, help="Folder of the results.  [default: runs/arena-GRID]"
)


@click.group(cls=Group)
def arena() -> None:
    """Try every attack against every rule, on the same federations."""


@arena.command("list")
def list_grids() -> None:
    """Show the grids: which rules meet which attacks, where, and in how many runs."""
    from studies.arena.grid import GRIDS

    for name, grid in GRIDS.items():
        click.echo(f"{name}: {grid.runs:,} runs")
        for title, words in (
            ("rules", grid.rules),
            ("attacks", grid.attacks),
            ("data", [deal.label for deal in grid.deals]),
            ("share that attacks", [f"{share:g}" for share in (0.0, *grid.fractions)]),
            ("seeds", map(str, grid.seeds)),
        ):
            # A name must be there whole: it is what is typed.
            text = fill(
                f"{title}: {', '.join(words)}",
                initial_indent="  ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            click.echo(text)


@arena.command("run")
@click.argument("name", metavar="GRID", type=_GRID)
@click.option(
    "--rule", "rules", multiple=True, metavar="RULE", help="One more; MODULE:OBJECT too."
)
@click.option(
    "--attack", "attacks", multiple=True, metavar="ATTACK", help="One more; MODULE:OBJECT too."
)
@click.option("--only", is_flag=True, help="Of rules and attacks those that are named alone.")
@click.option("--seeds", metavar="N,N,...", help="Instead of the grid's.")
@_JOBS
@_OUT
def run_grid(
    name: str,
    rules: tuple[str, ...],
    attacks: tuple[str, ...],
    only: bool,
    seeds: str | None,
    jobs: int | None,
    out: Path | None,
) -> None:
    """Run a grid; what is known already is taken from there, in OUT or published.

    Published results are in docs/results/arena of a checkout of this project.

    A rule or attack may have settings of `anml run` behind its name, as in
    "anml;scenario=moderate". One of your own, MODULE:OBJECT, meets everything that is in the
    grid, and only its own runs are missing.

    The results are OUT/arena.parquet, a line a measured value, and OUT/arena.json beside it.
    After Ctrl-C the same command goes on where it stopped. `anml arena tune` before it chooses
    the rules' hyper-parameters.

    A run that cannot be carried out keeps no other one from it: its pairing is told at the
    end, is in no table, and is tried again by the same command; the exit code is then 1. Rules
    and attacks of one file are worked out anew when any of them is edited: give each its own.
    """
    from studies.arena.arena import run_arena
    from studies.arena.grid import GRIDS
    from studies.arena.table import load_table
    from studies.arena.tuning import load_chosen
    from studies.progress import shown

    with errors_reported(ImportError):
        grid = _grid(GRIDS[name], rules, attacks, only=only, seeds=seeds)
        folder = _folder(out, name)
        chosen = load_chosen(folder) or load_chosen(_PUBLISHED)
        words = ["anml", "arena", "run", name]
        words += [word for rule in rules for word in ("--rule", rule)]
        words += [word for attack in attacks for word in ("--attack", attack)]
        words += [*(["--only"] if only else []), *(["--seeds", seeds] if seeds else [])]
        with shown(_FIRST) as progress:
            table = run_arena(
                grid,
                folder,
                jobs=jobs,
                known=(_PUBLISHED,),
                chosen=chosen,
                asked={"command": shlex.join(words)},
                progress=progress,
            )
        told = load_table(folder)
    click.echo(table)
    click.echo(f"the report: anml arena report --results {shlex.quote(str(folder))}")
    if not _whole(told, grid):
        sys.exit(1)


@arena.command("tune")
@click.argument("name", metavar="GRID", type=_GRID)
@_JOBS
@_OUT
def tune_rules(name: str, jobs: int | None, out: Path | None) -> None:
    """Choose the rules' hyper-parameters by their worst attack, on other seeds.

    The choice, and all that was tried, is OUT/chosen.json, which `anml arena run` reads.
    """
    from studies.arena.grid import GRIDS
    from studies.arena.tuning import tune
    from studies.progress import shown

    with errors_reported(ImportError), shown(_FIRST) as progress:
        chosen = tune(GRIDS[name], _folder(out, name), jobs=jobs, progress=progress)
    click.echo(chosen)


@arena.command("show")
@click.argument("rule")
@click.argument("attack")
@click.option("--grid", "name", type=_GRID, default="standard", show_default=True)
@click.option("--deal", help="Of the grid's data, such as 'digits iid'.  [default: all]")
@_OUT
def show(rule: str, attack: str, name: str, deal: str | None, out: Path | None) -> None:
    """Print the commands that run the federations of RULE under ATTACK alone.

    Each gives the same result as in the arena, with the hyper-parameters that were chosen in
    OUT, or else published. ATTACK may be nobody.
    """
    from studies.arena.checks import check
    from studies.arena.grid import GRIDS
    from studies.arena.pairing import pairing
    from studies.arena.single_run import single_run
    from studies.arena.tuning import load_chosen

    with errors_reported(ImportError):
        grid = GRIDS[name]
        known = [one.label for one in grid.deals]
        if deal is not None and deal not in known:
            raise ValueError(f"deal: known of {name}: {', '.join(known)}; got {deal!r}")
        for said in _elsewhere(grid, rule, attack):
            click.echo(f"warning: {said}", err=True)
        chosen = load_chosen(_folder(out, name)) or load_chosen(_PUBLISHED)
        check(replace(grid, rules=(rule,), attacks=(attack,)), chosen)
        made = pairing(rule, attack, grid, chosen.get(rule, ()))
        for one, cell in zip(grid.deals, made.cells(), strict=True):
            if deal in (None, one.label):
                for seed in cell.trials:
                    for variant in cell.variants:
                        click.echo(single_run(variant.recipe, cell.dataset, seed))


@arena.command("report")
@click.option(
    "--results", type=_FOLDER, help="Folder of the results.  [default: the published ones]"
)
@click.option(
    "--to", type=_FOLDER, help="Folder of the pages.  [default: that of the results]"
)
def report(results: Path | None, to: Path | None) -> None:
    """Write arena.md and arena.html: who withstands what, at whose cost, what to choose."""
    from studies.arena.page import write_arena

    with errors_reported():
        results = _PUBLISHED if results is None else results
        if not results.is_dir():
            raise ValueError(
                f"no results at {results}: `anml arena run quick` makes some, and --results"
                " names their folder"
            )
        for page in write_arena(results, results if to is None else to):
            click.echo(page)


def _whole(kept: Kept, grid: Grid) -> bool:
    """Say what is no result of a grid that was run; tell whether all was carried out."""
    from studies.arena.arena import name_of
    from studies.arena.doubts import warnings
    from studies.arena.results import Results
    from studies.arena.setup import NOBODY

    here = [(rule, attack) for rule in grid.rules for attack in (NOBODY, *grid.attacks)]
    lines = [line for place in here for line in kept.lines.get(place, ())]
    for said in warnings(Results.of(lines)):
        click.echo(f"warning: {said}", err=True)
    failed = kept.about.get("failed", {})
    lacking = [place for place in here if name_of(place) in failed]
    for place in lacking[:_MOST_TOLD]:
        why = failed[name_of(place)]
        click.echo(f"not carried out: {' under '.join(place)}: {why}", err=True)
    if lacking:
        click.echo(
            f"{len(lacking)} of {len(here)} pairings were not carried out: they are in no"
            " table, arena.json says why of each; the same command tries them again",
            err=True,
        )
    return not lacking


def _elsewhere(grid: Grid, rule: str, attack: str) -> list[str]:
    """Say which of two names no pairing of a grid has, and which of its own are like it."""
    from studies.arena.setup import NOBODY

    said = []
    for kind, name, known in (
        ("rule", rule, grid.rules),
        ("attack", attack, (NOBODY, *grid.attacks)),
    ):
        if name not in known and ":" not in name:
            like = [one for one in known if one.split(";")[0] == name.split(";")[0]]
            hint = f"; it has {' and '.join(map(repr, like))}" if like else ""
            said.append(f"{kind} {name!r} is not of the grid {grid.name}{hint}")
    return said


def _folder(out: Path | None, name: str) -> Path:
    return Path("runs", f"arena-{name}") if out is None else out


def _grid(
    grid: Grid,
    rules: tuple[str, ...],
    attacks: tuple[str, ...],
    *,
    only: bool,
    seeds: str | None,
) -> Grid:
    """Change a grid as the command line says."""
    given: dict[str, Any] = {}
    if seeds is not None:
        given["seeds"] = _seeds(seeds)
    if only and not (rules or attacks):
        raise ValueError("--only needs --rule or --attack: those alone are run")
    for kind, named, all_of in (
        ("rules", rules, grid.rules),
        ("attacks", attacks, grid.attacks),
    ):
        if named:
            given[kind] = tuple(dict.fromkeys(named if only else (*all_of, *named)))
    return replace(grid, **given)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        found = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise ValueError(
            f"--seeds must be whole numbers such as 0,1,2, got {text!r}"
        ) from error
    if any(seed < 0 for seed in found):
        raise ValueError(f"--seeds must be 0 or more, got {text!r}")
    return found
