"""What a run learned from, in words, by its settings."""

from __future__ import annotations

import tomllib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.vouching import held_out
from anml_fl.settings.run import APP

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKED = "Where a site's labels may be wrong, give checked rows with --root-data."
"""What helps against that."""


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
        schema = on_nodes(settings_of(config))
    except (KeyError, TypeError, AttributeError):
        return name
    return own_tables(schema) if schema == name else name


def settings_of(config: str) -> Mapping[str, Any]:
    """Read the text of `config.toml`, which may be anything: then there are no settings.

    Examples
    --------
    >>> settings_of('name = "wine"'), settings_of("name = ")
    ({'name': 'wine'}, {})
    """
    try:
        return tomllib.loads(config)
    except (ValueError, RecursionError):
        return {}


def rows_tested(settings: Mapping[str, Any]) -> str:
    """Say what the server tests models on: its own rows, or rows of the sites."""
    if held_out(settings):
        return "the rows that were held out of the sites' own tables"
    return "the server's test set"


def own_tables(schema: str) -> str:
    """Say that each site has a table of its own."""
    return f"each site's own table ({schema})"
