"""What a behaviour is: what a contributor does to its data, its update and its credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.plugins import BEHAVIOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Samples
    from anml_fl.registry.memory import Standing
    from anml_fl.settings.attackers import Attackers


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What an attacker sees when it changes its update.

    Parameters
    ----------
    round : int
        From 1.
    contributor : str
        Its own identity.
    place : int
        Which of the round's attackers it is, from 0, by stable identity.
    attackers, contributors : int
        f, how many attack in this round; and n, how many contributors there are.
    model : (d,) array
        The global model's floating-point arrays that the round began with, as a vector.
    rng : numpy.random.Generator
        Of this contributor and round.
    attacks : Attackers
        `knowledge` says what there is to be seen.
    others : callable
        Gives the updates (m, d) that the honest contributors send in this round: an omniscient
        attacker's sight. It trains them, so that it can be had in simulations alone. With
        `knowledge = own` they are what the attackers' own samples lead to by honest training.
    moved : callable
        Gives how far the global model has moved (d,) since the first round began.
    lasting : callable
        Gives a generator that is the same for all attackers, and in all rounds.
    once : callable
        From a name and a function without arguments to what that gives: an array that the
        round's attackers share, worked out for the first who asks. It must not depend on who
        that is.
    aggregate : callable
        From what the attackers send, (d,) if all send the same or (f, d), to what the rule
        under attack makes of it and of what `others` gives: (d,). None if the attackers do not
        know the rule, or it cannot be applied.
    """

    round: int
    contributor: str
    place: int
    attackers: int
    contributors: int
    model: NDArray[Any]
    rng: np.random.Generator
    attacks: Attackers
    others: Callable[[], NDArray[Any]]
    moved: Callable[[], NDArray[Any]]
    lasting: Callable[[], np.random.Generator]
    once: Callable[[str, Callable[[], NDArray[Any]]], NDArray[Any]]
    aggregate: Callable[[NDArray[Any]], NDArray[Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a contributor behaves; what is left out is done honestly.

    Parameters
    ----------
    honest : bool
        Whether it is no attacker. What is named as `module:object` counts as one all the same:
        an honest behaviour from outside needs an entry point.
    samples : callable, optional
        From (samples, rng, attacks) to the samples that it trains on.
    update : callable, optional
        From the trained update (d,) and a `Sight` to the update that it sends.
    credentials : callable, optional
        From (seed, contributor, all contributors) to the attestations that it shows.
    standing : callable, optional
        From a simulated registry's standing of it, and a generator, to the one that it has.
    in_round : callable, optional
        From (round, attacks) to the name of the behaviour that it has in the round, where it
        changes.

    Examples
    --------
    >>> Behaviour(update=lambda update, sight: -update).honest
    False
    """

    honest: bool = False
    samples: Callable[[Samples, np.random.Generator, Attackers], Samples] | None = None
    update: Callable[[NDArray[Any], Sight], NDArray[Any]] | None = None
    credentials: Callable[[int, str, Sequence[str]], list[str]] | None = None
    standing: Callable[[Standing, np.random.Generator], Standing] | None = None
    in_round: Callable[[int, Attackers], str] | None = None


def behaviour(name: str) -> Behaviour:
    """Look a behaviour up.

    Raises
    ------
    UnknownNameError
        If the name is unknown; it lists the known ones.
    UnusableError
        If it stands for no `Behaviour`.

    Examples
    --------
    >>> behaviour("newcomer").honest
    True
    """
    found = BEHAVIOURS.load(name)
    if not isinstance(found, Behaviour):
        raise UnusableError(
            f"behaviour {name!r} must be an anml_fl.behaviour.Behaviour, got"
            f" {shown_kind(found)}"
        )
    return found


def behaviour_in_round(name: str, server_round: int, attacks: Attackers) -> str:
    """Tell how a contributor behaves in a round: a turncoat changes, and so does an on-off.

    Parameters
    ----------
    name : str
        Its behaviour in the run.
    server_round : int
        From 1.
    attacks : Attackers
        When it changes.

    Returns
    -------
    str
        A behaviour that does one thing only.

    Examples
    --------
    >>> from anml_fl.settings.attackers import Attackers
    >>> [behaviour_in_round("turncoat", n, Attackers(turn_round=20)) for n in (19, 20)]
    ['honest', 'label_flip']
    >>> [behaviour_in_round("on_off", n, Attackers()) for n in (10, 11, 12, 13)]
    ['honest', 'label_flip', 'label_flip', 'honest']
    """
    changes = behaviour(name).in_round
    if changes is None:
        return name
    acting = changes(server_round, attacks)
    if behaviour(acting).in_round is not None:
        raise UnusableError(
            f"behaviour {name!r}: in_round must name a behaviour that does not change itself,"
            f" got {acting!r}"
        )
    return acting


def is_honest(name: str) -> bool:
    """Tell whether a behaviour is that of an honest contributor.

    A run's files name behaviours too, and may come from anybody: what is in no table is not
    imported for the asking, and counts as an attack.

    Examples
    --------
    >>> is_honest("newcomer"), is_honest("turncoat"), is_honest("mine:kind")
    (True, False, False)
    """
    return name in BEHAVIOURS.names and behaviour(name).honest
