"""What rows are standardised by that nobody but their nodes may see: asked for once, kept.

Before the first round every node tells counts and sums over its training rows; the median over
nodes gives one scale for all (`anml_fl.tables.statistics.combined`). A run that goes on reads
it back from its folder.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

from flwr.common.logger import log

from anml_fl.federation.own_table import data_on_nodes, schema_of
from anml_fl.federation.root import with_root
from anml_fl.run.files import STATISTICS
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text, write_whole
from anml_fl.tables.schema_file import schema_hash
from anml_fl.tables.statistics import Statistics, combined
from strategies.statistics_query import Told, ask_statistics

if TYPE_CHECKING:
    from pathlib import Path

    from flwr.serverapp import Grid

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig
    from anml_fl.tables.schema import TableSchema
    from anml_fl.tables.statistics import Scales
    from strategies.identity import Roster

_REMEDY = "bring it back from a copy, or give another --out and --name"


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, and how many must answer.

    Parameters
    ----------
    grid : Grid
    roster : callable
        Grid to (node id to contributor).
    members : tuple of str
        Who should take part, if that is known.
    """

    grid: Grid
    roster: Roster
    members: tuple[str, ...]


def common_scale(asking: Asking, config: RunConfig, schema: TableSchema, out: Path) -> Scales:
    """Agree on a scale with the nodes, or read what was agreed on before.

    Parameters
    ----------
    asking : Asking
    config : RunConfig
    schema : TableSchema
    out : Path
        The run's folder.

    Raises
    ------
    ConfigError
        If the folder's statistics are damaged, or another schema's.
    RuntimeError
        If too few nodes tell anything: naming those, and why.
    """
    path = out / STATISTICS
    if path.exists():
        return _read(path, schema)
    told = Told({}, {})
    if any(column.centre is None for column in schema.scaled):
        told = _ask(asking, config, schema)
    scales = combined(list(told.statistics.values()), schema)
    write_whole(path, _written(told, scales, schema).encode())
    return scales


def kept_scale(config: RunConfig, out: Path) -> Scales:
    """Read what a run's nodes agreed on.

    Raises
    ------
    ConfigError
        If it is damaged, or another schema's.
    OSError
        If it cannot be read.
    """
    return _read(out / STATISTICS, schema_of(config.table))


def on_scale(task: Task, config: RunConfig, scales: Scales, seed: int | None = None) -> Task:
    """Put the server's own rows on the nodes' scale: those to test on, and the root set."""
    placed = replace(task, data=data_on_nodes(config, scales), root=None, root_note="")
    return with_root(placed, config, seed)


def _ask(asking: Asking, config: RunConfig, schema: TableSchema) -> Told:
    training = config.training
    present = asking.roster(asking.grid)
    told = ask_statistics(asking.grid, present, schema, training.timeout)
    everybody = sorted(set(asking.members) | set(present.values()))
    silent = {
        name: told.left_out.get(name, "no node is connected")
        for name in everybody
        if name not in told.statistics
    }
    told = replace(told, left_out=silent)
    wanted = max(1, math.ceil(training.min_replies * len(everybody)))
    for name, reason in silent.items():
        log(WARNING, "%s tells no statistics: %s", name, reason)
    if len(told.statistics) < wanted:
        listed = _by_reason(silent)
        raise RuntimeError(
            f"{len(told.statistics)} of {len(everybody)} contributors told statistics of their"
            f" rows, and {wanted} are needed (training.min_replies"
            f" {training.min_replies:g}): {listed}. Each node's own log says more; or fix"
            " centre and spread of every column in the schema, and nobody is asked"
        )
    log(INFO, "one scale for all, by statistics of %d nodes", len(told.statistics))
    return told


def _by_reason(silent: dict[str, str]) -> str:
    """Name those who told nothing, those with one reason together."""
    names: dict[str, list[str]] = {}
    for name, reason in silent.items():
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(of)}: {reason}" for reason, of in names.items())


def _written(told: Told, scales: Scales, schema: TableSchema) -> str:
    fields = {
        "schema": schema_hash(schema),
        "scale": {
            column.name: {"centre": centre, "spread": spread}
            for column, centre, spread in zip(
                schema.scaled, scales.centres, scales.spreads, strict=True
            )
        },
        "told": {name: asdict(one) for name, one in told.statistics.items()},
        "left_out": dict(told.left_out),
        "refused": list(told.refused),
    }
    return json.dumps(fields, indent=2, allow_nan=False) + "\n"


def _read(path: Path, schema: TableSchema) -> Scales:
    try:
        fields: dict[str, Any] = json.loads(read_text(path))
        said = fields["schema"]
        told = [
            Statistics.from_json(json.dumps(one), schema) for one in fields["told"].values()
        ]
        scales = combined(told, schema)
        listed = [
            (one["centre"], one["spread"])
            for one in (fields["scale"][column.name] for column in schema.scaled)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged ({error}): {_REMEDY}") from error
    if said != schema_hash(schema):
        raise ConfigError(
            f"{path} is of another schema ({str(said)[:12]}; now {schema_hash(schema)[:12]}):"
            f" {_REMEDY}"
        )
    if listed != list(zip(scales.centres, scales.spreads, strict=True)):
        raise ConfigError(
            f"{path} was altered: its scale does not follow from what nodes told: {_REMEDY}"
        )
    return scales
