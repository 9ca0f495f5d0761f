"""`sweep.toml`: what was asked for, so that a folder never holds runs of two sweeps."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w

from anml_fl.run.files import CONFIG, SWEEP
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import make_folder, read_text, write_whole
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from studies.sweep.plan import Plan

FORMAT = 1
_MOST_TOLD = 5


def request_text(plan: Plan) -> str:
    """Write what was asked for.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str
        TOML: seeds, what is swept, and the settings that all runs have.

    Examples
    --------
    >>> from studies.sweep.axis import parse_axes
    >>> from studies.sweep.plan import planned
    >>> plan = planned("", {}, parse_axes(["alpha=.2,.5"]), (0, 1))
    >>> "aggregation.alpha" in request_text(plan)
    True
    """
    shared = tomllib.loads(plan.conditions[0].config.to_toml())
    del shared["seed"]
    sweep = {}
    for place, axis in enumerate(plan.axes):
        section, _, key = axis.key.rpartition(".")
        branch = shared[section] if section else shared
        branch.pop(key, None)
        sweep[axis.key] = list(dict.fromkeys(one.values[place] for one in plan.conditions))
    asked = {"format": FORMAT, "seeds": list(plan.seeds), "sweep": sweep, "settings": shared}
    return tomli_w.dumps(asked)


def open_sweep(out: Path, plan: Plan) -> None:
    """Prepare a sweep's folder: anew, or to go on with the same sweep.

    Parameters
    ----------
    out : Path
        Made if it does not exist.
    plan : Plan

    Raises
    ------
    ConfigError
        If it holds a run, or another sweep: with what differs.
    """
    check_sweep(out, plan)
    make_folder(out)
    if not (out / SWEEP).exists():
        write_whole(out / SWEEP, request_text(plan).encode())


def check_sweep(out: Path, plan: Plan) -> None:
    """Refuse a folder that holds a run, or another sweep.

    Parameters
    ----------
    out : Path
        May not be there.
    plan : Plan

    Raises
    ------
    ConfigError
        With what differs.
    """
    if (out / CONFIG).exists():
        raise ConfigError(
            f"{out} holds a run: runs of a sweep need a folder of their own; give another"
            " --out or --name"
        )
    path = out / SWEEP
    if not path.exists():
        return
    try:
        there = tomllib.loads(read_text(path))
    except ValueError as error:
        raise ConfigError(f"{path} is no TOML: {error}; give another --out") from error
    asked = tomllib.loads(request_text(plan))
    if there == asked:
        return
    found = list(_differences(there, asked))
    more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    raise ConfigError(
        f"{out} holds another sweep: {'; '.join(found[:_MOST_TOLD])}{more}. Give another --out"
        " or --name, or ask for the same"
    )


def _differences(there: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    one, other = dict(_flat(there)), dict(_flat(asked))
    for key in dict.fromkeys([*one, *other]):
        if one.get(key) != other.get(key):
            name = key.removeprefix("settings.").removeprefix("sweep.")
            swept = " (swept)" if key.startswith("sweep.") else ""
            yield f"{name}{swept} is {_shown(one, key)} there, and {_shown(other, key)} here"


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _shown(tree: Mapping[str, Any], key: str) -> str:
    return visible(str(tree[key]), 80) if key in tree else "not said"
