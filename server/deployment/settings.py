"""What is asked of `anml up`, against itself and against what a state folder says already."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_toml, parse_behaviours
from anml_fl.settings.run import RunConfig
from anml_fl.settings.section import ConfigError
from server.deployment.behaviours import read_behaviours, with_behaviours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.deployment.state import State

# Of those who share a federation without any word on behaviours, as many attack as in the
# default one.
_ATTACKERS = 0.4
# Settings that the file of behaviours holds.
_ELSEWHERE = frozenset({"contributors", "behaviours", "roles"})
# Those, and what a preset may leave to `anml up`.
_CHOSEN = _ELSEWHERE | {"engine", "simulated"}
# What a task says of a run, where nothing else does.
_OF_TASKS = frozenset(
    {"scenario", "strategies", "name", "local-epochs", "learning-rate", "batch-size", "metric"}
)
# Settings that name files, which are copied: what is in them is compared.
_COPIED = frozenset({"schema", "test", "root-data", "digest", "names"})


def chosen(
    preset: str, flat: Mapping[str, Any], nodes: int | None, behaviours: Path | None
) -> RunConfig:
    """Check what is asked for, where nothing is there yet.

    Parameters
    ----------
    flat : mapping
        Settings laid over it, by flat name.
    behaviours : Path, optional
        Who behaves how.

    Raises
    ------
    ConfigError
        If it disagrees with itself.
    """
    tree = tomllib.loads(preset) if _is_toml(preset) else {}
    said = {
        **tree.get("federation", {}),
        **tree.get("registry", {}),
        **tree.get("table", {}),
        **tree.get("training", {}),
        **flat,
    }
    given = {**flat, "engine": "deployment"}
    # Otherwise the database, which only keeps keys and ledger, would know nobody's record.
    if not said.keys() & {"simulated", "database"}:
        given["simulated"] = True
    # Sites, or whoever has installed a task: people who bring data of their own.
    at_home = bool(said.get("schema") or said.get("task"))
    if at_home and "scenario" not in said:
        # Of sites that come together nobody knows anything yet.
        given["scenario"] = "unknown"
    if behaviours is not None:
        if clash := said.keys() & {"behaviours", "roles"}:
            raise ConfigError(
                f"{behaviours} says who behaves how, and so does {min(clash)}: give one of"
                " the two"
            )
        listed = read_behaviours(behaviours)
        if nodes not in (None, len(listed)):
            raise ConfigError(
                f"{behaviours} lists {len(listed)} contributors, but --nodes says {nodes}:"
                " leave --nodes out, or list as many"
            )
        if names := given.get("names"):
            _same_names(behaviours, str(names), listed)
        given |= {"contributors": len(listed), "roles": ",".join(listed.values())}
        if at_home:
            given["names"] = ",".join(listed)
        return with_behaviours(from_toml(preset, given), listed)
    if nodes is not None:
        if flat.get("contributors", nodes) != nodes:
            raise ConfigError(
                f"--nodes says {nodes}, --contributors {flat['contributors']}: give one"
            )
        given["contributors"] = nodes
    if not said.keys() & {"behaviours", "roles"}:
        total = int(given.get("contributors", said.get("contributors", 10)))
        # Where sites bring data of their own nobody is made to attack.
        share = 0.0 if at_home else _ATTACKERS
        attacks = list(RunConfig().federation.behaviours)[: int(share * total)]
        given["behaviours"] = dict.fromkeys(attacks, 1) or {HONEST: total}
    return from_toml(preset, given)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False  # from_toml says what is wrong
    return True


def unchanged(
    state: State,
    preset: str | None,
    flat: Mapping[str, Any],
    nodes: int | None,
    behaviours: Path | None,
) -> RunConfig:
    """Read the settings that are there; refuse others.

    Parameters
    ----------
    flat : mapping
        Settings laid over it, by flat name.
    behaviours : Path, optional
        Who behaves how.

    Raises
    ------
    ConfigError
        Naming what differs, and how to proceed.
    """
    config = state.config()
    there = read_behaviours(state.behaviours)
    elsewhere = "Or give another --state"
    if behaviours is not None and read_behaviours(behaviours) != there:
        raise ConfigError(
            f"{state.behaviours} is another than {behaviours}: change the former, and the next"
            f" `anml up` makes the keys of nodes that are new in it. {elsewhere}"
        )
    nodes = nodes or flat.get("contributors")
    if nodes is not None and int(nodes) != len(there):
        raise ConfigError(
            f"{state.behaviours} lists {len(there)} contributors, but --nodes says {nodes}:"
            f' add lines to it, such as {_next(there)} = "honest", or remove some, and the'
            f" next `anml up` makes the keys that are missing. {elsewhere}"
        )
    if names := flat.get("names"):
        _same_names(state.behaviours, str(names), there)
    _same_tables(state, flat)
    if not _same_behaviours(flat, config):
        raise ConfigError(
            f"{state.behaviours} says who behaves how, and otherwise than what is asked for:"
            f" change the file. {elsewhere}"
        )
    asked = {k: v for k, v in flat.items() if k not in _ELSEWHERE | _COPIED}
    if preset is not None:
        of_preset = from_toml(preset).to_flat()
        left_to_us = _CHOSEN | _COPIED | ({"scenario"} if config.table.on_nodes else set())
        left_to_us |= _OF_TASKS if config.training.task else set()
        asked = {k: v for k, v in of_preset.items() if k not in left_to_us} | asked
    before = config.to_flat()
    wanted = from_toml("", {**before, **asked}).to_flat()
    for name, value in wanted.items():
        if value != before[name]:
            raise ConfigError(
                f"{state.run} says {name} = {before[name]!r}, but {value!r} is asked for:"
                f" change the file, which is never overwritten. {elsewhere}"
            )
    return config


def _same_names(path: Path, names: str, listed: Mapping[str, str]) -> None:
    """Refuse names that are not those of a file of behaviours."""
    asked = [name.strip() for name in names.split(",")]
    if asked != list(listed):
        raise ConfigError(
            f"{path} lists {', '.join(list(listed)[:4])}{', ...' if len(listed) > 4 else ''},"
            f" but --nodes says {', '.join(asked[:4])}{', ...' if len(asked) > 4 else ''}:"
            " change the file, or leave --nodes out"
        )


def _same_tables(state: State, flat: Mapping[str, Any]) -> None:
    """Refuse another schema, or other tables of the server's, than were copied."""
    table = state.config().table
    for name, kept in (
        ("schema", table.schema_file),
        ("test", table.test),
        ("root-data", table.root_data),
    ):
        if not (given := flat.get(name)):
            continue
        if not kept or Path(str(given)).read_bytes() != Path(kept).read_bytes():
            there = kept or "no such file"
            raise ConfigError(
                f"--{name} {given} is another than what the federation has ({there}): change"
                " that, which is never overwritten, and the next `anml up` hands it out. Or"
                " give another --state"
            )


def _same_behaviours(flat: Mapping[str, Any], config: RunConfig) -> bool:
    """Say whether what is asked for is what the file of behaviours says."""
    listed = Counter(config.federation.listed_roles)
    if given := flat.get("behaviours"):
        pairs = parse_behaviours(given.split(",")) if isinstance(given, str) else given
        asked = Counter({one: int(count) for one, count in pairs.items() if one != HONEST})
        if asked != Counter({one: n for one, n in listed.items() if one != HONEST}):
            return False
    roles = flat.get("roles")
    return (
        not roles
        or from_toml(
            "", {"roles": roles, "contributors": str(roles).count(",") + 1}
        ).federation.listed_roles
        == config.federation.listed_roles
    )


def _next(names: Mapping[str, str]) -> str:
    return f"contributor-{len(names):04d}"
