"""The runs of a sweep: every setting checked, before anything trains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from anml_fl.federation.adoption import adopted
from anml_fl.federation.given_names import check_names
from anml_fl.run.repeats import but_for_the_seed
from anml_fl.settings.reading import from_toml
from anml_fl.settings.section import ConfigError
from studies.sweep.seeds import MOST_RUNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anml_fl.settings.run import RunConfig
    from studies.sweep.axis import Axis

Value = str | int | float | bool

_ENGINES = ("inline", "cohort", "simulation")
_LONGEST = 60  # characters of a folder's name, before the seed


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a sweep.

    Parameters
    ----------
    folder : str
        Its name in the sweep's.
    condition : int
        Its place among the sweep's settings.
    config : RunConfig
    """

    folder: str
    condition: int
    config: RunConfig


@dataclass(frozen=True, slots=True)
class Condition:
    """The settings of runs that differ in nothing but the seed.

    Parameters
    ----------
    values : tuple
        What each axis has, as the settings say it.
    config : RunConfig
        With the first seed.
    """

    values: tuple[Value, ...]
    config: RunConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """All runs of a sweep.

    Parameters
    ----------
    axes : tuple of Axis
    seeds : tuple of int
    conditions : tuple of Condition
        Every combination of the axes' values, the last axis first.
    """

    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    conditions: tuple[Condition, ...]

    def cells(self) -> tuple[Cell, ...]:
        """List the runs, by condition and then by seed."""
        found = []
        for place, (one, folder) in enumerate(
            zip(self.conditions, self._names(), strict=True)
        ):
            for seed in self.seeds:
                config = one.config.model_copy(update={"seed": seed})
                found.append(Cell(f"{folder}seed-{seed}", place, config))
        return tuple(found)

    def _names(self) -> Iterator[str]:
        """Name each condition's folders, up to the seed: other values have other names."""
        taken: set[str] = set()
        for one in self.conditions:
            words = [
                f"{axis.name}-{value}"
                for axis, value in zip(self.axes, one.values, strict=True)
            ]
            plain = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(words))[:_LONGEST]
            name, number = plain, 1
            # A file system may take A and a for the same.
            while name.lower() in taken:
                number += 1
                name = f"{plain}.{number}"
            taken.add(name.lower())
            yield f"{name}_" if name else ""


def planned(
    preset: str,
    given: Mapping[str, Any],
    axes: Sequence[Axis],
    seeds: Sequence[int] | None = None,
) -> Plan:
    """Work out which runs a sweep has.

    Parameters
    ----------
    preset : str
        TOML, as of `from_toml`.
    given : mapping
        Flat name to value, laid over it: the options of the command line.
    axes : sequence of Axis
        What is swept; a grid where there are several.
    seeds : sequence of int, optional
        By default the one that the settings have.

    Raises
    ------
    ConfigError
        If a setting is refused, two values of an axis are the same, a run would go on where
        another ended, or there are too many runs.

    Examples
    --------
    >>> from studies.sweep.axis import parse_axes
    >>> plan = planned("", {}, parse_axes(["alpha=.2,.5"]), (0, 1))
    >>> [cell.folder for cell in plan.cells()]
    ['alpha-0.2_seed-0', 'alpha-0.2_seed-1', 'alpha-0.5_seed-0', 'alpha-0.5_seed-1']
    """
    if seeds is not None and "seed" in given:
        raise ConfigError("--seeds: --seed is given too: give one of them")
    if both := [axis for axis in axes if axis.name in given]:
        raise ConfigError(
            f"--sweep: {both[0].key} is given as an option too: give one of them"
        )
    count = len(seeds or (0,))
    for axis in axes:
        count *= len(axis.texts)
    if count > MOST_RUNS:
        raise ConfigError(f"--sweep: {count:,} runs are asked for; at most {MOST_RUNS:,}")
    first = {} if seeds is None else {"seed": seeds[0]}
    conditions = []
    for texts in product(*(axis.texts for axis in axes)):
        swept = {axis.name: text for axis, text in zip(axes, texts, strict=True)}
        config = adopted(from_toml(preset, {**given, **swept, **first}))
        _check_place(config)
        check_names(config)
        flat = config.to_flat()
        conditions.append(Condition(tuple(flat[axis.name] for axis in axes), config))
    _differ(axes, conditions)
    if any(not but_for_the_seed(one.config.model_dump()) for one in conditions):
        raise ConfigError(
            "registry.reputation: runs that earn reputation in one registry each go on where"
            " another ended: leave --database out, or add --simulated"
        )
    own = conditions[0].config.seed
    return Plan(tuple(axes), tuple(seeds or (own,)), tuple(conditions))


def _check_place(config: RunConfig) -> None:
    if config.engine not in _ENGINES:
        raise ConfigError(
            "engine: the runs of a sweep are carried out by this command; usable:"
            f" {', '.join(_ENGINES)}, got {config.engine!r}"
        )
    if config.table.on_nodes:
        raise ConfigError(
            "table.data: --schema says what a table must hold, and none is given: add"
            " --data TABLE"
        )


def _differ(axes: Sequence[Axis], conditions: Sequence[Condition]) -> None:
    """Refuse values that come to the same settings."""
    known: dict[str, Condition] = {}
    for one in conditions:
        other = known.setdefault(one.config.to_toml(), one)
        if other is not one:
            raise ConfigError(
                "--sweep: two values come to the same settings: "
                + ", ".join(
                    f"{axis.key} = {value}"
                    for axis, value in zip(axes, one.values, strict=True)
                )
                + "; give each once"
            )
