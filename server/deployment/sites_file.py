"""Where the tables of nodes lie that run on this machine: `sites.toml` of a state folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import tomli_w

from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_sites(path: Path) -> dict[str, Path]:
    """Read where the tables of nodes on this machine lie.

    Parameters
    ----------
    path : Path
        `sites.toml`: a table `data`, contributor to file; it may be missing.

    Raises
    ------
    ConfigError
        If it is damaged.
    """
    if not path.exists():
        return {}
    try:
        listed = tomllib.loads(read_text(path)).get("data", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    if not isinstance(listed, dict) or not all(
        isinstance(one, str) for one in listed.values()
    ):
        raise ConfigError(
            f"{path}: must hold a table, [data], with a line for each node, such as site-a ="
            ' "/srv/a.csv"'
        )
    return {name: Path(one) for name, one in listed.items()}


def write_sites(path: Path, tables: Mapping[str, Path | None]) -> None:
    """Keep where the tables of nodes on this machine lie; those given now come first.

    Raises
    ------
    ConfigError
        If one is not there.
    """
    given = {name: table.resolve() for name, table in tables.items() if table is not None}
    for name, table in given.items():
        if not table.exists():
            raise ConfigError(f"--nodes: {name}'s table {str(table)!r} is not there")
    before = read_sites(path)
    if (after := {**before, **given}) != before:
        named = {name: str(table) for name, table in after.items()}
        write_whole(path, tomli_w.dumps({"data": named}).encode(), mode=0o600)
