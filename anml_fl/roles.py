"""Who plays which part in a simulated federation: names, honesty, forged credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.seeding import stream

if TYPE_CHECKING:
    from anml_fl.config import RunConfig

HONEST = "honest"
# Their v and r in the registry are forged, whatever their data deserve.
FORGERS = frozenset({"credential_faking", "joint"})


def contributor_id(index: int) -> str:
    """Stable identity of the contributor that holds a partition.

    Examples
    --------
    >>> contributor_id(3)
    'contributor-0003'
    """
    return f"contributor-{index:04d}"


def cast_roles(config: RunConfig) -> dict[str, str]:
    """Deal the configured behaviours out to contributors, at random from the seed.

    Parameters
    ----------
    config : RunConfig

    Returns
    -------
    dict
        Contributor to the name of its behaviour, by stable identity. Attackers are
        not all last: ties that go to the lower index favour nobody.

    Examples
    --------
    >>> from anml_fl.config import RunConfig
    >>> sorted(cast_roles(RunConfig()).values())[:3]
    ['credential_faking', 'gradient_aligned', 'honest']
    """
    total = config.federation.contributors
    cast: list[str] = [
        name for name, count in config.federation.behaviours.items() for _ in range(count)
    ]
    cast += [HONEST] * (total - len(cast))
    places = stream(config.seed, "roles").permutation(total)
    return {contributor_id(i): cast[place] for i, place in enumerate(places)}
