"""What nodes with data of their own must agree on, as it stands in a message's config."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord

from anml_fl.settings.section import ConfigError
from anml_fl.tables.schema_file import schema_hash
from anml_fl.tables.statistics import Scales
from strategies import protocol

if TYPE_CHECKING:
    from anml_fl.tables.schema import TableSchema


def agreement(schema: TableSchema, scales: Scales | None = None) -> ConfigRecord:
    """Say which schema all have agreed on, and what rows are standardised by.

    Parameters
    ----------
    schema : TableSchema
    scales : Scales, optional
        Not known before the nodes have told their statistics.

    Returns
    -------
    ConfigRecord
        To be sent as, or with, the config of each message.
    """
    config = ConfigRecord({protocol.SCHEMA: schema_hash(schema)})
    if scales is not None:
        config[protocol.CENTRES] = list(scales.centres)
        config[protocol.SPREADS] = list(scales.spreads)
    return config


def scales_in(config: ConfigRecord, schema: TableSchema) -> Scales:
    """Read what rows are standardised by out of a message's config.

    Raises
    ------
    ConfigError
        If it is not there, or does not fit the schema.
    """
    centres, spreads = (
        _numbers(config, name) for name in (protocol.CENTRES, protocol.SPREADS)
    )
    wanted = len(schema.scaled)
    if len(centres) != wanted or len(spreads) != wanted or not all(s > 0 for s in spreads):
        raise ConfigError(
            f"scales: the schema has {wanted} columns to standardise, so {wanted} finite"
            f" centres and as many spreads > 0 are needed, got {len(centres)} and"
            f" {len(spreads)}; the server must collect statistics first"
        )
    return Scales(centres, spreads)


def _numbers(config: ConfigRecord, name: str) -> tuple[float, ...]:
    found = config.get(name, [])
    if not isinstance(found, list):
        return ()
    return tuple(
        float(x) for x in found if isinstance(x, int | float) and math.isfinite(float(x))
    )
