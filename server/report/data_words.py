"""What a run learned from, in words, by its settings."""

from __future__ import annotations

import tomllib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anml_fl.settings.run import APP
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

# As records say that the root set was held out of the rows that the server tests on.
_OWN_ROWS = " rows of the server's"

UNCHECKED = "rows held out of the sites' own tables, whose labels nobody has checked"
"""What such rows are."""
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


def section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a group of settings; an empty one where there is none.

    Examples
    --------
    >>> section({"table": {"by": "site"}}, "table"), section({"table": 3}, "table")
    ({'by': 'site'}, {})
    """
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def held_out(settings: Mapping[str, Any]) -> bool:
    """Tell whether the server's test rows are rows of the sites' own tables.

    Parameters
    ----------
    settings : mapping
        As `config.toml` has them.

    Examples
    --------
    >>> held_out({"table": {"data": "a.csv"}}), held_out({"table": {"data": ""}})
    (True, False)
    """
    table = section(settings, "table")
    others = table.get("test") or section(settings, "federation").get("leave_out")
    return bool(table.get("data") and not others)


def rows_tested(settings: Mapping[str, Any]) -> str:
    """Say what the server tests models on: its own rows, or rows of the sites."""
    if held_out(settings):
        return "the rows that were held out of the sites' own tables"
    return "the server's test set"


def vouched(root: str, settings: Mapping[str, Any]) -> str:
    """Say which rows vouch for the evidence, in a consortium's words.

    Parameters
    ----------
    root : str
        As a record has it.
    settings : mapping
        As `config.toml` has them.

    Examples
    --------
    >>> vouched("9 rows of the server's", {"table": {"data": "a.csv"}})
    "9 rows held out of the sites' own tables, whose labels nobody has checked"
    >>> vouched("9 rows of the server's", {}), vouched("4 donated rows", {})
    ("9 rows of the server's", '4 donated rows')
    """
    count, own, rest = root.partition(_OWN_ROWS)
    if own and not rest and held_out(settings):
        return f"{visible(count)} {UNCHECKED}"
    return visible(root, 200)


def own_tables(schema: str) -> str:
    """Say that each site has a table of its own."""
    return f"each site's own table ({schema})"
