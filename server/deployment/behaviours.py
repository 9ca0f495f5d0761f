"""Who behaves how: a file of its own, laid over the settings."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import tomli_w

from anml_fl.catalogue import UnknownNameError
from anml_fl.federation.contributors import names_of
from anml_fl.plugins import BEHAVIOURS
from anml_fl.settings.reading import from_toml
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.settings.run import RunConfig


def read_behaviours(path: Path) -> dict[str, str]:
    """Read who behaves how.

    Parameters
    ----------
    path : Path
        TOML: a table `behaviours`, contributor to the name of a behaviour.

    Raises
    ------
    ConfigError
        Naming the entry that is wrong, and which there are.
    OSError
        If it cannot be read.
    """
    try:
        tree = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    listed = tree.get("behaviours")
    if set(tree) != {"behaviours"} or not isinstance(listed, dict) or not listed:
        raise ConfigError(
            f"{path}: must hold one table, [behaviours], with a line for each contributor,"
            ' such as contributor-0000 = "honest"'
        )
    for contributor, behaviour in listed.items():
        try:
            BEHAVIOURS.check(str(behaviour))
        except UnknownNameError as error:
            raise ConfigError(f"{path}: {contributor}: {error}") from None
    return listed


def with_behaviours(config: RunConfig, listed: Mapping[str, str]) -> RunConfig:
    """Give everybody the behaviour that the file says.

    Parameters
    ----------
    listed : mapping
        Contributor to behaviour; it says how many there are, too.

    Raises
    ------
    ConfigError
        If somebody is not among the contributors.
    """
    flat = {
        **config.to_flat(),
        "engine": "deployment",
        "contributors": len(listed),
        "behaviours": "",
        "roles": ",".join(listed.values()),
    }
    if config.table.on_nodes or config.federation.names:
        flat["names"] = ",".join(listed)
    names = names_of(from_toml("", flat))
    if strangers := [name for name in listed if name not in names]:
        raise ConfigError(
            f"behaviours: {strangers[0]!r} is not among the {len(names)} contributors:"
            f" {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
        )
    return from_toml("", {**flat, "roles": ",".join(listed[name] for name in names)})


def without_behaviours(config: RunConfig) -> str:
    """Write settings as a preset, without what the file of behaviours says."""
    tree = tomllib.loads(config.to_toml())
    gone = ["contributors", "behaviours", "roles"]
    if config.table.on_nodes:
        gone.append("names")
    elif config.federation.names:
        gone = []  # the names say how many there are, and must go on to fit
    for name in gone:
        del tree["federation"][name]
    return tomli_w.dumps(tree)
