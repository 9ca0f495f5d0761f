"""Who plays which part in a simulated federation: names, honesty, credentials, changes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from anml_fl.datasets.prepare import names_of
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.config import Attacks, RunConfig

HONEST = "honest"
# Honest, and nobody knows it yet.
NEWCOMER = "newcomer"
# They show nothing but tokens that they made themselves.
FORGERS = frozenset({"credential_faking", "joint"})
# An issuer whom the registry trusts vouches for it, and it bought a good record: v and r are
# high, whatever its data deserve.
VOUCHED_FOR = "compromised_issuer"


def is_honest(role: str) -> bool:
    """Tell whether a behaviour is that of an honest contributor.

    Examples
    --------
    >>> is_honest("newcomer"), is_honest("turncoat")
    (True, False)
    """
    return role in (HONEST, NEWCOMER)


def part_in_round(role: str, server_round: int, attacks: Attacks) -> str:
    """Tell what a contributor does in a round: a turncoat changes, and so does an on-off.

    Parameters
    ----------
    role : str
        Its behaviour in the run.
    server_round : int
        From 1.
    attacks : Attacks
        When it changes.

    Returns
    -------
    str
        A behaviour that does one thing only.

    Examples
    --------
    >>> from anml_fl.config import Attacks
    >>> [part_in_round("turncoat", n, Attacks(turn_round=20)) for n in (19, 20)]
    ['honest', 'label_flip']
    >>> [part_in_round("on_off", n, Attacks()) for n in (10, 11, 12, 13)]
    ['honest', 'label_flip', 'label_flip', 'honest']
    """
    if role == NEWCOMER:
        return HONEST
    if role == "turncoat":
        return HONEST if server_round < attacks.turn_round else "label_flip"
    if role == "on_off":
        place = (server_round - 1) % (attacks.good_rounds + attacks.bad_rounds)
        return HONEST if place < attacks.good_rounds else "label_flip"
    return role


def cast_roles(config: RunConfig) -> dict[str, str]:
    """Deal the configured behaviours out to contributors, at random from the seed.

    Returns
    -------
    dict
        Contributor to the name of its behaviour, by stable identity. Attackers are
        not all last, unless the settings list everybody's role: ties that go to the lower
        index favour nobody.

    Examples
    --------
    >>> from anml_fl.config import RunConfig
    >>> sorted(cast_roles(RunConfig()).values())[:3]
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
