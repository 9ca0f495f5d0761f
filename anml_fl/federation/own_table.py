"""The data of a run that learns from a table of one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.federation.own_partition import nobodys, partitioned
from anml_fl.settings.section import ConfigError
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.description_notes import stand_ins
from anml_fl.tables.encoding import samples_of
from anml_fl.tables.enough import enough
from anml_fl.tables.inference import inferred
from anml_fl.tables.reading.pictures import LABEL
from anml_fl.tables.reading.regular import naming
from anml_fl.tables.reading.source import read_columns
from anml_fl.tables.schema_file import read_schema, schema_hash
from anml_fl.tables.statistics import combined

if TYPE_CHECKING:
    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.settings.run import RunConfig
    from anml_fl.settings.table import TableSettings
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import TableSchema
    from anml_fl.tables.statistics import Scales

IN_PYTHON = "python:"
"""What the data are called that a program gave, and that no file holds."""
HUB = "hf:"
"""What begins the name of a Hugging Face data set."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of one's own, as it was read.

    Parameters
    ----------
    rows : Rows
    test : Rows, optional
        Those that are given for testing.
    """

    rows: Rows
    test: Rows | None

    @property
    def schema(self) -> TableSchema:
        """What both hold."""
        return self.rows.schema


def own_data(config: RunConfig, members: tuple[str, ...] = (), repeat: int = 0) -> Partitioned:
    """Read the run's table, split it, put it on one scale and deal it out; once.

    Parameters
    ----------
    config : RunConfig
    members, repeat
        As in `own_partition.partitioned`.

    Raises
    ------
    TableError
        If the table is not what its schema says, or not the one that the run began with.
    ValueError
        If it cannot be dealt out as the settings have it.
    """
    if config.table.on_nodes:
        return data_on_nodes(config)
    chosen = config.federation
    return _dealt(
        config.table,
        (chosen.partition, chosen.contributors, chosen.leave_out, config.seed),
        members,
        repeat,
    )


def data_on_nodes(config: RunConfig, scales: Scales | None = None) -> Partitioned:
    """Say what the server has where data stay on their nodes: a test table at most.

    Parameters
    ----------
    config : RunConfig
    scales : Scales, optional
        What the nodes' statistics led to.
    """
    schema = schema_of(config.table)
    test = rows_for_testing(config.table, schema)
    scales = scales or combined([], schema)
    samples = None if test is None else samples_of(test, scales)
    return nobodys(schema, samples, scales, config.federation.listed_names)


def schema_of(chosen: TableSettings) -> TableSchema:
    """Read the schema of a run's table, or find it out."""
    if chosen.schema_file:
        return read_schema(Path(chosen.schema_file))
    return own_table(chosen).schema


@lru_cache(maxsize=2)  # the settings hold the hash of what is read
def own_table(chosen: TableSettings) -> OwnTable:
    """Read a table of one's own, and the one for testing; once for the same settings.

    Raises
    ------
    TableError
        If one of them is not what the schema says, or has changed since the run began.
    """
    if chosen.data.startswith(IN_PYTHON):
        raise TableError(
            f"data {chosen.data!r} were given by a program, and no file holds them: call"
            " anml_fl.federate with them again; what a run has written stays readable"
        )
    digest = digest_of(chosen)
    if chosen.digest and digest != chosen.digest:
        raise TableError(
            f"{chosen.data}: it, its test table{', trusted rows' if chosen.root_data else ''}"
            " or its schema has changed since the run began"
            f" (hash {digest[:12]}, then {chosen.digest[:12]}): bring the old one back, or"
            " begin another run with --name or --out"
        )
    columns = read_columns(chosen.data, chosen.by)
    schema = agreed(columns, chosen)
    rows = enough(checked_rows(columns, schema))
    rows = replace(rows, notes=(*rows.notes, *stand_ins(columns, schema)))
    return OwnTable(rows, rows_for_testing(chosen, schema))


def agreed(columns: Columns, chosen: TableSettings) -> TableSchema:
    """Read the schema that is given, which must fit what else is said; or find it out.

    Raises
    ------
    ConfigError
        If label or site are others than the schema's, or there is neither schema nor label.
    """
    by = chosen.by or columns.by
    if not chosen.schema_file:
        label = chosen.label or ("" if columns.pixels is None else LABEL)
        if not label:
            raise ConfigError(
                f"label: which column of {columns.where} is to be predicted? Give --label, one"
                f" of: {_listed(columns.table.column_names)}"
            )
        return inferred(columns, label, by)
    schema = read_schema(Path(chosen.schema_file))
    for option, given, said in (
        ("label", chosen.label, schema.label.name),
        ("by", by if by != columns.by else "", schema.site),
    ):
        if given and given != said:
            raise ConfigError(
                f"{option}: {chosen.schema_file} says {said!r}, and --{option} {given!r}:"
                f" leave --{option} out, or change the schema"
            )
    return schema


@lru_cache(maxsize=2)
def _dealt(
    chosen: TableSettings,
    how: tuple[str, int, str, int],
    members: tuple[str, ...],
    repeat: int,
) -> Partitioned:
    table = own_table(chosen)
    return partitioned(table.rows, table.test, *how, members, repeat)


def rows_for_testing(chosen: TableSettings, schema: TableSchema) -> Rows | None:
    """Read the table that is given for testing, if there is one."""
    return rows_beside(chosen.test, schema) if chosen.test else None


def rows_beside(source: str | Path, schema: TableSchema) -> Rows:
    """Read rows of the server's own, which need not say whose they are."""
    columns = read_columns(str(source))
    if schema.site and schema.site not in columns.table.column_names:
        schema = schema.model_copy(update={"site": ""})
    return checked_rows(columns, schema)


def digest_of(chosen: TableSettings) -> str:
    """Hash all that is read, but a data set of the hub, whose files are not its user's.

    Label and site are no part of it: they stand in the settings, once they are known.
    """
    # Rows that are trusted are no rows that are tested on.
    what = f"{bool(chosen.test)}{'root' if chosen.root_data else ''}"
    found = sha256(f"{what}\0".encode())
    if chosen.schema_file:
        found.update(schema_hash(read_schema(Path(chosen.schema_file))).encode())
    for source in filter(None, (chosen.data, chosen.test, chosen.root_data)):
        for path in _files(source):
            found.update(f"{path.stat().st_size}:".encode())
            with naming(path), path.open("rb") as file:
                while block := file.read(1 << 20):
                    found.update(block)
    return found.hexdigest()


def _files(source: str) -> list[Path]:
    path = Path(source.removeprefix(HUB).partition("#")[0])
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file())
    # What is not there is refused where it is read.
    return [path] if path.is_file() else []


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more
