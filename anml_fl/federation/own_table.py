"""The data of a run that learns from a table of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import NATURAL
from anml_fl.datasets.table import TableError
from anml_fl.federation.own_partition import nobodys, partitioned
from anml_fl.models.metrics import METRICS
from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.encoding import samples_of
from anml_fl.tables.enough import enough
from anml_fl.tables.inference import inferred
from anml_fl.tables.reading.regular import naming
from anml_fl.tables.reading.source import read_columns
from anml_fl.tables.schema import ClassLabel
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
_HUB = "hf:"


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of one's own, as it was read.

    Parameters
    ----------
    rows : Rows
    test : Rows, optional
        Those that are given for testing.
    digest : str
        SHA-256 of all that was read, 64 hexadecimal digits.
    """

    rows: Rows
    test: Rows | None
    digest: str

    @property
    def schema(self) -> TableSchema:
        """What both hold."""
        return self.rows.schema


def own_data(config: RunConfig, members: tuple[str, ...] = ()) -> Partitioned:
    """Read the run's table, split it, put it on one scale and deal it out; once.

    Parameters
    ----------
    config : RunConfig
    members : tuple of str
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


@lru_cache(maxsize=2)
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
    digest = _digest(chosen)
    if chosen.digest and digest != chosen.digest:
        raise TableError(
            f"{chosen.data}: it, its test table or its schema has changed since the run began"
            f" (hash {digest[:12]}, then {chosen.digest[:12]}): bring the old one back, or"
            " begin another run with --name or --out"
        )
    return _read(chosen.model_copy(update={"digest": digest}))


@lru_cache(maxsize=2)
def _read(chosen: TableSettings) -> OwnTable:
    # By its hash: once it is in the settings, the same table is not read again.
    columns = read_columns(chosen.data, chosen.by)
    schema = agreed(columns, chosen)
    rows = enough(checked_rows(columns, schema))
    return OwnTable(rows, rows_for_testing(chosen, schema), chosen.digest)


def agreed(columns: Columns, chosen: TableSettings) -> TableSchema:
    """Read the schema that is given, which must fit what else is said; or find it out.

    Raises
    ------
    ConfigError
        If label or site are others than the schema's, or there is neither schema nor label.
    """
    by = chosen.by or columns.by
    if not chosen.schema_file:
        if not chosen.label:
            raise ConfigError(
                f"label: which column of {columns.where} is to be predicted? Give --label, one"
                f" of: {_listed(columns.table.column_names)}"
            )
        return inferred(columns, chosen.label, by)
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


def adopted(config: RunConfig) -> RunConfig:
    """Fill in what a table of one's own says of a run's settings, where they say nothing.

    Its sites take part, as they are; nobody attacks; the registry knows nobody. Paths become
    absolute, and the data's hash is kept: a run that goes on finds the same data or none.

    Raises
    ------
    ConfigError
        If settings of a table are given without one, or do not fit it.
    """
    chosen = config.table
    if not chosen.own:
        if said := [n for n in ("label", "by", "test") if getattr(chosen, n)]:
            raise ConfigError(
                f"{said[0]}: says something of a table of your own, and none is given: add"
                " --data TABLE"
            )
        return config
    if chosen.on_nodes or chosen.digest:
        return config
    placed = chosen.model_copy(
        update={
            "data": _absolute(chosen.data),
            "test": _absolute(chosen.test),
            "schema_file": _absolute(chosen.schema_file),
        }
    )
    table = own_table(placed)
    return with_table(config, placed, table.rows, table.digest)


def with_table(config: RunConfig, chosen: TableSettings, rows: Rows, digest: str) -> RunConfig:
    """Lay what a table says over a run's settings, where these say nothing."""
    schema = rows.schema
    given, there = config.federation.model_fields_set, bool(rows.sites)
    said: dict[str, object] = {
        **config.to_flat(),
        "data": chosen.data,
        # As they were said: files that tell sites have no such column, and both are hashed.
        "label": chosen.label,
        "by": chosen.by,
        "test": chosen.test,
        "schema": chosen.schema_file,
        "digest": digest,
    }
    if "partition" not in given and (there or schema.site):
        said["partition"] = NATURAL
    if "contributors" not in given and said["partition"] == NATURAL:
        left = len(rows.sites) - (config.federation.leave_out in rows.sites)
        said["contributors"] = max(left, 1)
    if set(config.federation.behaviours) <= {HONEST}:
        said["behaviours"] = f"honest={said['contributors']}"
    if "scenario" not in given:
        said["scenario"] = "unknown"
    if "name" not in config.model_fields_set:
        said["name"] = _run_name(chosen.data)
    said["metric"] = _metric(config, schema)
    return from_flat(said)


def _metric(config: RunConfig, schema: TableSchema) -> str:
    """Choose r2 for values where nothing is chosen; refuse what does not fit the label."""
    name = config.evaluation.metric
    values = not isinstance(schema.label, ClassLabel)
    if not name:
        return "r2" if values else ""
    if (METRICS[name].sees == "values") != values:
        fitting = [n for n, one in METRICS.items() if (one.sees == "values") == values]
        kind = "a number" if values else f"one of {schema.classes} classes"
        raise ConfigError(
            f"evaluation.metric: the label is {kind}, which {name!r} does not score; usable:"
            f" {', '.join(fitting)}"
        )
    return name


@lru_cache(maxsize=2)
def _dealt(
    chosen: TableSettings, how: tuple[str, int, str, int], members: tuple[str, ...]
) -> Partitioned:
    table = own_table(chosen)
    return partitioned(table.rows, table.test, *how, members)


def rows_for_testing(chosen: TableSettings, schema: TableSchema) -> Rows | None:
    """Read the table that is given for testing, if there is one."""
    if not chosen.test:
        return None
    columns = read_columns(chosen.test)
    if schema.site and schema.site not in columns.table.column_names:
        # Test rows need not say whose they are.
        schema = schema.model_copy(update={"site": ""})
    return checked_rows(columns, schema)


def _digest(chosen: TableSettings) -> str:
    """Hash all that is read; label and site stand in the settings, once they are known."""
    found = sha256(f"{bool(chosen.test)}\0".encode())
    if chosen.schema_file:
        found.update(schema_hash(read_schema(Path(chosen.schema_file))).encode())
    for source in filter(None, (chosen.data, chosen.test)):
        for path in _files(source):
            found.update(f"{path.stat().st_size}:".encode())
            with naming(path), path.open("rb") as file:
                while block := file.read(1 << 20):
                    found.update(block)
    return found.hexdigest()


def _files(source: str) -> list[Path]:
    path = Path(source.removeprefix(_HUB).partition("#")[0])
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file())
    # What is not there is refused where it is read.
    return [path] if path.is_file() else []


def _absolute(source: str) -> str:
    if not source or source.startswith(IN_PYTHON):
        return source
    if source.startswith(_HUB):
        name, mark, split = source.removeprefix(_HUB).partition("#")
        # A name of the hub stays one, unless there is a folder of that name.
        return f"{_HUB}{Path(name).resolve() if Path(name).is_dir() else name}{mark}{split}"
    path = Path(source).expanduser()
    if path.is_symlink() and not path.exists():
        # Where it leads to is not what was asked for; it is refused where it is read.
        return str(path.absolute())
    return str(path.resolve())


def _run_name(source: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(source.rpartition(":")[2]).name)
    stem = re.sub(r"(\.(csv|tsv|txt|gz|parquet|pq|npz))+$", "", name, flags=re.IGNORECASE)
    return stem.strip("._-")[:64] or "table"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more
