"""What a run learned from, in words, by its settings."""

from __future__ import annotations

import tomllib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anml_fl.settings.run import APP

if TYPE_CHECKING:
    from collections.abc import Mapping


def on_nodes(settings: Mapping[str, Any]) -> str:
    """Name the schema by which each site has a table of its own; "" where that is not so.

    Parameters
    ----------
    settings : mapping
        As `config.toml` has them.

    Examples
    --------
    >>> on_nodes({"training": {}, "table": {"data": "", "schema": "a/schema.toml"}})
    'schema.toml'
    """
    table = settings.get("table", {})
    schema = table.get("schema_file") or table.get("schema")
    other = settings["training"].get("task") or settings.get("engine") == APP
    return "" if other or table.get("data") or not schema else PurePath(schema).name


def data_words(name: str, config: str) -> str:
    """Say what the data are called, or that each site has its own.

    Parameters
    ----------
    name : str
        As the summary has it.
    config : str
        Text of `config.toml`, which may be anything.
    """
    try:
        schema = on_nodes(tomllib.loads(config))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return name
    return own_tables(schema) if schema == name else name


def own_tables(schema: str) -> str:
    """Say that each site has a table of its own."""
    return f"each site's own table ({schema})"
