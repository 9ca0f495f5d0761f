"""What a run's settings say of it, as far as its page needs them; and nothing secret."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anml_fl.database.url import located
from anml_fl.models.metrics import METRICS
from anml_fl.run.files import CONFIG, SWEEP
from anml_fl.settings.run import APP, settling_of
from server.page.opening import content
from server.report.data_words import on_nodes, own_tables
from server.report.registry_words import asks_registry
from server.report.sure_reasons import known_dials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.reasons.schemes import Dials

LARGEST = 1 << 20
"""Bytes of `config.toml`."""
# What a strategy may be called: its folder's name is made of it.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings of a run.

    Parameters
    ----------
    name : str
        As they have it, which may be another than the folder's.
    dataset, engine, metric : str
        What it learns from, by which engine, and by what its models are compared.
    rounds : int
        How many there shall be.
    strategies : tuple of str
    names : tuple of str
        Who is to take part; empty where the settings name nobody.
    tau_h, tau_c : float
        Thresholds of the gate's two stages.
    dials : Dials, optional
        What weights depend on; None where one of them is no such setting.
    registry : bool
        Whether a registry was asked for v and r.
    tree : mapping
        All of them, as the file has them.
    """

    name: str
    dataset: str
    engine: str
    metric: str
    rounds: int
    strategies: tuple[str, ...]
    names: tuple[str, ...] = ()
    tau_h: float = 0.35
    tau_c: float = 0.3
    dials: Dials | None = None
    registry: bool = True
    tree: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lead(self) -> str:
        """The strategy that pays, by which the page is."""
        return settling_of(self.strategies)


def read_settings(folder: Path) -> RunSettings:
    """Read a run's `config.toml`.

    Raises
    ------
    FileNotFoundError
        If there is none: the run has not begun.
    OSError, ValueError
        If it cannot be read, saying why.
    """
    text = content(folder, CONFIG, most=LARGEST).decode("utf-8-sig")
    try:
        found = _found(tomllib.loads(text))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a setting is missing or of another type: {error}") from error
    return replace(found, dials=known_dials(text))


def may_be_served(folder: Path) -> bool:
    """Tell whether a run's settings hold nothing secret, and so its report neither.

    Older versions let some passwords pass that a database's URL held.

    Returns
    -------
    bool
        Also False if the settings cannot be read.
    """
    return _holds_no_secret(folder, CONFIG)


def sweep_may_be_served(folder: Path) -> bool:
    """Tell likewise of a sweep by what was asked for, which its page shows."""
    return _holds_no_secret(folder, SWEEP, "settings")


def _holds_no_secret(folder: Path, name: str, *within: str) -> bool:
    try:
        tree = tomllib.loads(content(folder, name, most=LARGEST).decode("utf-8-sig"))
        for part in within:
            tree = tree[part]
        located(tree.get("registry", {}).get("database", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _found(tree: dict[str, Any]) -> RunSettings:
    training, gate = tree["training"], tree.get("aggregation", {})
    metric = tree.get("evaluation", {}).get("metric", "")
    names = tuple(name for name in tree["strategies"] if _NAME.fullmatch(name))
    if not names:
        raise ValueError("it names no strategy")
    if metric and metric not in METRICS:
        raise ValueError(f"metric {metric!r} is unknown")
    return RunSettings(
        name=str(tree["name"]),
        dataset=_dataset(tree),
        engine=str(tree.get("engine", "")),
        metric=metric,
        rounds=int(training["rounds"]),
        strategies=names,
        names=_people(tree),
        tau_h=_number(gate.get("tau_h", 0.35)),
        tau_c=_number(gate.get("tau_c", 0.3)),
        registry=asks_registry(tree),
        tree=tree,
    )


def _people(tree: dict[str, Any]) -> tuple[str, ...]:
    text = str(tree.get("federation", {}).get("names", ""))
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _dataset(tree: dict[str, Any]) -> str:
    """Name it as `RunConfig.data_name` does, and say where it stays on its nodes."""
    if task := tree["training"].get("task", ""):
        return str(task)
    if tree.get("engine") == APP:
        return "a Flower app"
    if schema := on_nodes(tree):
        return own_tables(schema)
    own = tree.get("table", {}).get("data")
    return PurePath(own).name if own else str(tree.get("federation", {}).get("dataset", ""))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a threshold of the gate is {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"a threshold of the gate is {value!r}")
    return float(value)
