"""A node's own table: read where it lies, held against the agreed schema, told to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.federation.own_partition import OwnPartitioned, image_of, target_of
from anml_fl.federation.task import Task
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import cause
from anml_fl.tables.checking import checked_rows
from anml_fl.tables.encoding import samples_of
from anml_fl.tables.holdout import kept_for_testing
from anml_fl.tables.one_site import of_one_site
from anml_fl.tables.reading.source import read_columns
from anml_fl.tables.schema_file import read_schema, schema_hash
from strategies import protocol
from strategies.agreement import scales_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from flwr.app import ConfigRecord
    from numpy.typing import NDArray

    from anml_fl.settings.run import RunConfig
    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import TableSchema
    from anml_fl.tables.statistics import Scales

DATA, SCHEMA = "data", "schema"
"""Where a node's config names its table and its copy of the schema."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A node's table in one run: what is read, and whether all of it trains.

    Parameters
    ----------
    source : str
        As of `read_columns`.
    stamp : tuple of int
        Tells the files from what they were before.
    schema : TableSchema
        The one that all have agreed on.
    contributor : str
        By which name the server knows the node.
    seed : int
        The run's.
    all_train : bool
        Whether the server tests on rows of its own, so that none are held back here.
    """

    source: str
    stamp: tuple[int, int, int]
    schema: TableSchema
    contributor: str
    seed: int
    all_train: bool

    def measured_rows(self) -> Rows:
        """Return the rows that are counted and summed up; nothing is standardised.

        They are the same whoever asks, in whatever run: never those that are kept for testing,
        though these train too where the server has a test table.
        """
        rows, train, _ = _split(self.source, self.stamp, self.schema)
        return rows.take(train)


def has_own_table(node: Mapping[str, object], config: RunConfig) -> bool:
    """Say whether a node reads its own table.

    Raises
    ------
    ConfigError
        If it has none, in a run whose data stay on their nodes.
    """
    if node.get(DATA):
        return True
    if config.table.on_nodes:
        raise ConfigError(
            "data: the data of this run stay on their nodes, and this node names none: start"
            " it with `anml join --data FILE`"
        )
    return False


def own_table(node: Mapping[str, object], config: RunConfig, told: ConfigRecord) -> OwnTable:
    """Find a node's table, and see that the server means the same schema.

    Parameters
    ----------
    node : mapping
        The node's config: `data` and `schema`.
    config : RunConfig
    told : ConfigRecord
        The message's config: the contributor's name, and the hash of the server's schema.

    Raises
    ------
    ConfigError
        If the node's schema is another than the server's, or one of the two is not named.
    TableError
        If the schema cannot be read: for the node's own log.
    """
    schema = agreed_schema(node, told)
    contributor = told.get(protocol.CONTRIBUTOR)
    if not isinstance(contributor, str) or not contributor:
        raise ConfigError(
            f"{protocol.CONTRIBUTOR}: the server's message does not name this node: it needs"
            " the same version of anml-fl"
        )
    source, tested = str(node[DATA]), bool(config.table.test)
    return OwnTable(source, _stamp(source), schema, contributor, config.seed, tested)


def own_task(node: Mapping[str, object], config: RunConfig, told: ConfigRecord) -> Task:
    """Make a node's task: its training rows, tested on those that it holds back.

    Raises
    ------
    ConfigError
        As of `own_table`, and if the message does not say how rows are standardised.
    TableError
        If the table does not fit the schema: for the node's own log.
    """
    table = own_table(node, config, told)
    scales = scales_in(told, table.schema)
    return _task(table, scales, config.training.model, config.evaluation.metric)


def fitting_rows(source: str, schema: TableSchema) -> Rows:
    """Read one site's table, and refuse what the schema does not know.

    A column that says whose rows they are says nothing here: all are this site's.

    Raises
    ------
    TableError
        If it cannot be read, or does not fit.
    """
    return checked_rows(*of_one_site(read_columns(source), schema))


def node_schema(node: Mapping[str, object]) -> TableSchema:
    """Read a node's copy of the schema.

    Raises
    ------
    TableError
        If it cannot be read: for the node's log alone, since it names folders of the node.
    """
    try:
        return read_schema(Path(str(node[SCHEMA])))
    except (ValueError, OSError) as error:
        raise TableError(cause(error)) from None


def agreed_schema(node: Mapping[str, object], told: ConfigRecord) -> TableSchema:
    """Read a node's copy of the schema, and see that the server means the same.

    Raises
    ------
    ConfigError
        If it does not, or one of the two is not named; says nothing of the node's own.
    TableError
        As of `node_schema`.
    """
    named, wanted = node.get(SCHEMA), told.get(protocol.SCHEMA)
    if not named:
        raise ConfigError(
            "schema: this node has a table and no schema: start it with `anml join --schema"
            " schema.toml`, the file that the server's owner gave out"
        )
    if not isinstance(wanted, str):
        raise ConfigError(
            "schema: the server's run learns from no agreed schema: start it with --schema"
        )
    schema = node_schema(node)
    if schema_hash(schema) != wanted:
        raise ConfigError(
            "schema: this node has another than the server: ask for the server's schema.toml,"
            " and start the node with it"
        )
    return schema


def _stamp(source: str) -> tuple[int, int, int]:
    """Tell a file, or a folder of files, from what it was before: it is read again then."""
    path = Path(source)
    files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    found = [one.stat() for one in files if one.exists()]
    newest = max((one.st_mtime_ns for one in found), default=0)
    return len(found), newest, sum(one.st_size for one in found)


# Where nodes share a process each reads its table once; a node of its own has one.
@lru_cache(maxsize=8)
def _split(
    source: str, stamp: tuple[int, int, int], schema: TableSchema
) -> tuple[Rows, NDArray[np.intp], NDArray[np.intp]]:
    rows = fitting_rows(source, schema)
    return rows, *kept_for_testing(rows)


@lru_cache(maxsize=8)
def _task(table: OwnTable, scales: Scales, model: str, metric: str) -> Task:
    schema = table.schema
    rows, train, held = _split(table.source, table.stamp, schema)
    samples = samples_of(rows, scales)
    data = OwnPartitioned(
        parts=(samples if table.all_train else samples.take(train),),
        test=samples.take(held[:0] if table.all_train else held),
        image=image_of(schema),
        names=(table.contributor,),
        target=target_of(schema, scales),
    )
    return Task(data, model, table.seed, metric)
