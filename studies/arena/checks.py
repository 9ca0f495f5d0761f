"""What is refused before anything is trained: names, their kinds, and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.behaviour import behaviour
from anml_fl.catalogue import UnusableError
from anml_fl.settings.aggregation import Aggregation
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from strategies.rule import named_rule
from studies.arena.contender import Contender
from studies.arena.setup import NOBODY
from studies.arena.setups import setups_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from studies.arena.grid import Grid
    from studies.arena.setups import Given


def check(grid: Grid, chosen: Mapping[str, Given] | None = None) -> None:
    """Refuse what can be no rule or attack, before anything is trained.

    Parameters
    ----------
    grid : Grid
    chosen : mapping, optional
        Rule to the settings that were chosen for it.

    Raises
    ------
    ValueError
        If a rule or an attack is unknown, stands for something else, or has settings that
        `anml run` refuses; it says whose they are.
    """
    for rule in grid.rules:
        try:
            named_rule(Contender(rule).name, Aggregation())
        except UnusableError as error:
            raise ValueError(f"rule {rule!r}: {error}") from error
    attacks = [attack for attack in grid.attacks if attack != NOBODY]
    for attack in attacks:
        try:
            behaviour(Contender(attack).name)
        except UnusableError as error:
            raise ValueError(f"attack {attack!r}: {error}") from error
    for whose, rule, attack in _tried(grid.rules, attacks):
        given = (chosen or {}).get(rule, ())
        try:
            for deal in grid.deals:
                setup = setups_of(rule, attack, given, grid, deal)[0].recipe
                from_flat(setup.flat(deal.dataset, 0))
        except ConfigError as error:
            raise ValueError(f"{whose}: {error}") from error


def _tried(rules: tuple[str, ...], attacks: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield pairings that have each contender's settings once, and whose they are."""
    for rule in rules:
        yield f"rule {rule!r}", rule, NOBODY
    for attack in attacks:
        yield f"attack {attack!r}", rules[0], attack
