"""Who takes part in a federation: their names, and how each behaves."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import NATURAL, contributor_id
from anml_fl.federation.data import data_of
from anml_fl.seeding import stream
from anml_fl.settings.federation import HONEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.settings.run import RunConfig


def names_of(config: RunConfig) -> tuple[str, ...]:
    """Name a run's contributors: by number, or by what the data call those who gathered them.

    Returns
    -------
    tuple of str
        Stable identities, in the order of the partitions.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> names_of(RunConfig())[:2]
    ('contributor-0000', 'contributor-0001')
    """
    if config.federation.names:
        return config.federation.listed_names
    if config.federation.partition == NATURAL:
        return data_of(config).names
    return _numbered(config.federation.contributors)


def behaviours_of(config: RunConfig) -> dict[str, str]:
    """Deal the configured behaviours out to contributors, at random from the seed.

    Returns
    -------
    dict
        Contributor to the name of its behaviour, by stable identity. Attackers are
        not all last, unless the settings list everybody's role: ties that go to the lower
        index favour nobody.

    Examples
    --------
    >>> from anml_fl.settings.run import RunConfig
    >>> sorted(behaviours_of(RunConfig()).values())[:3]
    ['credential_faking', 'gradient_aligned', 'honest']
    """
    federation = config.federation
    behaviours = tuple(federation.behaviours.items())
    return dict(_cast(names_of(config), federation.listed_roles, behaviours, config.seed))


# Each of thousands of simulated clients asks, in every round.
@lru_cache(maxsize=4)
def _cast(
    names: tuple[str, ...],
    listed: tuple[str, ...],
    behaviours: tuple[tuple[str, int], ...],
    seed: int,
) -> Mapping[str, str]:
    if listed:
        return dict(zip(names, listed, strict=True))
    total = len(names)
    cast: list[str] = [name for name, count in behaviours for _ in range(count)]
    cast += [HONEST] * (total - len(cast))
    places = stream(seed, "roles").permutation(total)
    return {name: cast[place] for name, place in zip(names, places, strict=True)}


# Each of thousands of simulated clients asks, in every round.
@lru_cache(maxsize=4)
def _numbered(contributors: int) -> tuple[str, ...]:
    return tuple(map(contributor_id, range(contributors)))
