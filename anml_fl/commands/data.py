"""`anml data`: what a table of one's own is like, and what must be put right in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.help import Group
from anml_fl.commands.options import json_option
from anml_fl.commands.output import show_json

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.schema import TableSchema

_schema_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group)
def data() -> None:
    """Look at a table of your own before a federation learns from it."""


@data.command()
@click.argument("table")
@click.option("--label", help="The column that is to be predicted.")
@click.option("--by", default="", help="The column that says whose rows they are.")
@click.option(
    "--schema", "schema_file", type=_schema_file, help="Hold the table against this one."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the schema there."
)
@json_option
def describe(
    table: str,
    label: str | None,
    by: str,
    schema_file: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Find out what TABLE holds, and show its schema and what its sites are like.

    TABLE is a file (CSV, TSV, gzip, Parquet, .npz), a folder with one a site, or hf:NAME.
    The schema goes to the standard output, so that `> schema.toml` keeps it; what else is to
    be said goes to the standard error. With --out it is the other way round.
    """
    from anml_fl.tables.description import described
    from anml_fl.tables.reading.source import read_columns
    from anml_fl.tables.schema_file import read_schema, schema_text

    if schema_file and (label or by or out):
        raise click.UsageError("--schema says label and site; leave --label, --by, --out out")
    with errors_reported():
        if out and out.exists():
            raise Failure(f"{out} is there already, perhaps edited; name another file")
        given = read_schema(schema_file) if schema_file else None
        columns = read_columns(table, by)
        if given is None and not label:
            _without_label(columns, by, as_json=as_json)
            return
        schema = given or _inferred(columns, label or "", by)
        found = described(columns, schema)
        if out:
            _write(out, schema_text(schema))
        if as_json:
            show_json({"schema": _facts(schema), "description": found.facts()})
            return
        shown = given is not None or out is not None
        if not shown:
            click.echo(schema_text(schema), nl=False)
    from anml_fl.commands.data_tables import show_description

    show_description(found, to_stderr=not shown)
    if out:
        click.echo(f"schema: {out}")


@data.command()
@click.argument("table")
@click.option(
    "--schema", "schema_file", required=True, type=_schema_file, help="What it must hold."
)
@json_option
def check(table: str, schema_file: Path, as_json: bool) -> None:
    """Hold TABLE against a schema, and name what must be put right, with its place.

    Exit code 0: it can be learned from; 1: something must be put right; 2: it cannot be read.
    """
    from anml_fl.tables.findings import findings
    from anml_fl.tables.reading.source import read_columns
    from anml_fl.tables.schema_file import read_schema

    with errors_reported():
        schema = read_schema(schema_file)
        columns = read_columns(table)
        found = findings(columns, schema)
    rows = columns.table.num_rows
    if as_json:
        show_json({"ok": not found, "rows": rows, "findings": list(found)})
    elif found:
        click.echo("\n".join(found))
    else:
        click.echo(f"ok: {rows} rows fit {schema_file}")
    sys.exit(1 if found else 0)


def _inferred(columns: Columns, label: str, by: str) -> TableSchema:
    from anml_fl.tables.inference import inferred

    return inferred(columns, label, by)


def _without_label(columns: Columns, by: str, *, as_json: bool) -> None:
    """Show what columns there are, and which of them may be the label."""
    from anml_fl.commands.data_tables import show_columns
    from anml_fl.tables.overview import overview

    found = overview(columns, by or columns.by)
    if as_json:
        show_json(found.facts())
    else:
        show_columns(found)


def _facts(schema: TableSchema) -> dict[str, Any]:
    facts: dict[str, Any] = schema.model_dump(mode="json")
    return facts


def _write(path: Path, text: str) -> None:
    from anml_fl.system.files import write_whole

    write_whole(path, text.encode())
