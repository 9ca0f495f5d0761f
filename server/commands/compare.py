"""`anml compare`: what runs say together, on the screen, as CSV and as a page."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.options import json_option
from anml_fl.commands.output import show_json, show_table
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anml_fl.run.comparison import Comparison
    from anml_fl.run.repeats import FinishedRun, Repeats

# Letters of a sentence: folders that a pattern matches may be called anything.
_LONGEST = 2000


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    metavar="RUN...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=str),
    help="Write the figures there, a row a strategy; - is the screen, and nothing else on it.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page there, as that of `anml page` for ticked runs.",
)
@json_option
def compare(
    runs: tuple[Path, ...], table: str | None, page: Path | None, as_json: bool
) -> None:
    """Compare strategies over RUNs that differ in nothing but their seeds.

    Over three such runs or more each strategy has its mean with a 95 % interval, and how much
    better the one that pays is, by differences paired by seed. Over five or more a sign-flip
    test says how rarely chance would do that, corrected for the number of strategies by Holm.

    Runs that differ in data, settings, metric or code are not taken together: which, and in
    what they differ, is said. A run that does not fit its ledger is named; the exit code is 1
    then.
    """
    from anml_fl.run.comparison import compared

    if as_json and table == "-":
        raise click.UsageError("--json and --csv - both print: give --csv a file")
    with errors_reported():
        folders = _by_name(runs)
        for target in (page, None if table in (None, "-") else Path(str(table))):
            _check_no_runs(target, folders.values())
        finished = [_finished(name, folder) for name, folder in folders.items()]
        found = compared(finished)
        warnings = _warnings(folders)
        if page is not None:
            _write_page(page, folders, finished, found)
        if table is not None and table != "-":
            _write(Path(table), _csv(found))
    for warning in warnings:
        click.echo(visible(_plain(warning), _LONGEST), err=True)
    if table == "-":
        click.echo(_csv(found), nl=False)
    elif as_json:
        show_json({"rows": [*found.rows()], "apart": found.apart, "warnings": warnings})
    else:
        _show(found)
    if warnings:
        sys.exit(1)


def _check_no_runs(target: Path | None, folders: Iterable[Path]) -> None:
    """Refuse to replace what a run has written."""
    if target is not None and target.exists():
        for folder in folders:
            if target.resolve().is_relative_to(folder):
                raise Failure(f"{target} is a file of the run in {folder}: give another path")


def _by_name(runs: Sequence[Path]) -> dict[str, Path]:
    """Call runs by their folders, or by their paths where two are called the same."""
    places = list(dict.fromkeys(run.resolve() for run in runs))
    names = [place.name for place in places]
    if len({*names}) < len(names):
        names = [str(place) for place in places]
    return dict(zip(names, places, strict=True))


def _finished(name: str, folder: Path) -> FinishedRun:
    from anml_fl.run.files import MANIFEST
    from anml_fl.run.results import load_run
    from server.page.finished_run import finished_run

    found = finished_run(folder)
    if found is None:
        load_run(folder)  # says what is wrong with it
        raise Failure(
            f"{folder / MANIFEST} does not say which code made the run: it cannot be compared"
        )
    return replace(found, name=name)


def _warnings(folders: dict[str, Path]) -> list[str]:
    from anml_fl.run.verification import verify_run

    found = {name: verify_run(folder).warning for name, folder in folders.items()}
    return [f"{name}: {warning}" for name, warning in found.items() if warning]


def _csv(found: Comparison) -> str:
    from anml_fl.ledger.export import csv_cell
    from anml_fl.run.comparison import COLUMNS

    lines = [",".join(COLUMNS)]
    lines += [",".join(csv_cell(row[name]) for name in COLUMNS) for row in found.rows()]
    return "\n".join(lines) + "\n"


def _write_page(
    path: Path,
    folders: dict[str, Path],
    finished: Sequence[FinishedRun],
    found: Comparison,
) -> None:
    from server.page.compare_page import compared_page
    from server.page.glimpse import glimpse

    rows = [replace(glimpse(folder), folder=name) for name, folder in folders.items()]
    _write(path, compared_page(rows, finished, apart=found.apart, served=False))


def _write(path: Path, text: str) -> None:
    from anml_fl.system.files import write_whole

    if not path.parent.is_dir():
        raise Failure(f"{path}: there is no folder {path.parent}; make it first")
    write_whole(path, text.encode())


def _show(found: Comparison) -> None:
    from server.page.repeated_words import repeated_note, repeated_result, too_few

    for members, together in found.sets:
        if len(found.sets) > 1:
            click.echo(visible(_plain(f"{_of(members)}:"), _LONGEST))
        if together is not None and together.enough:
            click.echo(_plain(repeated_result(together)))
            _show_together(together)
            click.echo(_plain(repeated_note(together)))
        else:
            _show_each(members)
            if together is not None:
                click.echo(too_few(together))
            else:
                click.echo("One run with one seed: what it shows may be by chance.")
        click.echo()
    for sentence in found.apart:
        click.echo(visible(_plain(sentence), _LONGEST))


def _of(members: Sequence[FinishedRun]) -> str:
    """Name the runs of a set: of a sweep the first one's name says what was swept."""
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return f"{members[0].name}{more}"


def _show_together(found: Repeats) -> None:
    from server.page.repeated_words import repeated_grid

    grid = repeated_grid(found)
    titles = [title.rstrip("*") for title in grid.titles]
    rows = [dict(zip(titles, map(_plain, row), strict=True)) for row in grid.rows]
    show_table(rows, titles, "no strategy")


def _show_each(members: Sequence[FinishedRun]) -> None:
    from anml_fl.run.criterion import Criterion

    criterion = Criterion(members[0].metric)
    title = f"{criterion.title}{' (%)' if criterion.unit else ''}"
    rows = [
        {
            "Run": run.name,
            "Seed": str(run.seed),
            "Strategy": name,
            title: criterion.digits(score) or "—",
        }
        for run in members
        for name, score in run.scores.items()
    ]
    show_table(rows, ["Run", "Seed", "Strategy", title], "no strategy")


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")
