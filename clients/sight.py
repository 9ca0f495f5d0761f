"""What an attacker sees of a round."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from anml_fl.behaviour import Sight, behaviour_in_round, is_honest
from anml_fl.federation.contributors import behaviours_of
from anml_fl.seeding import stream
from clients.judged_vector import vector_of
from clients.rule_under_attack import aggregated
from strategies.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from anml_fl.settings.run import RunConfig

    Update = NDArray[Any]


class Seen(Protocol):
    """A round, as far as attackers can see it: `clients.local_round.LocalRound` is one."""

    @property
    def config(self) -> RunConfig:
        """Settings of the run."""
        ...

    @property
    def number(self) -> int:
        """Which round it is, from 1."""
        ...

    @property
    def model(self) -> Mapping[str, NDArray[Any]]:
        """The global model, name to array."""
        ...

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the arrays that are judged, in order."""
        ...

    def _honest_updates(self) -> Update:
        """Updates of those who are honest in the round: (m, d)."""
        ...

    def own_updates(self, contributor: str) -> Update:
        """Give what honest training on the attackers' own samples leads to: (k, d)."""
        ...

    def moved(self) -> Update:
        """How far the model has moved since the first round: (d,)."""
        ...

    def once(self, what: str, make: Callable[[], Update]) -> Update:
        """Work out once what all attackers share."""
        ...


def attackers_of(config: RunConfig, number: int) -> list[str]:
    """Name who attacks in a round, by stable identity; a turncoat does not yet.

    Examples
    --------
    >>> from anml_fl.settings.reading import from_flat
    >>> config = from_flat({"contributors": 3, "behaviours": "turncoat=3", "turn-round": 5})
    >>> len(attackers_of(config, 4)), len(attackers_of(config, 5))
    (0, 3)
    """
    behaviours = behaviours_of(config)
    attacking = {
        name
        for name in frozenset(behaviours.values())
        if not is_honest(behaviour_in_round(name, number, config.attacks))
    }
    return [contributor for contributor, name in behaviours.items() if name in attacking]


def sight_of(seen: Seen, contributor: str) -> Sight:
    """Give an attacker the sight that `attacks.knowledge` lets it have."""
    config = seen.config
    attackers = attackers_of(config, seen.number)
    model = vector_of(seen.model, seen.judged)
    model.setflags(write=False)
    own = config.attacks.knowledge == "own"
    return Sight(
        round=seen.number,
        contributor=contributor,
        place=attackers.index(contributor) if contributor in attackers else 0,
        attackers=max(len(attackers), 1),
        contributors=len(behaviours_of(config)),
        model=model,
        rng=stream(config.seed, "update", contributor, str(seen.number)),
        attacks=config.attacks,
        others=partial(seen.own_updates, contributor) if own else seen._honest_updates,
        moved=seen.moved,
        lasting=partial(stream, config.seed, "drift"),
        once=seen.once,
        aggregate=partial(_aggregate, seen, model, attackers),
    )


def _aggregate(
    seen: Seen, model: Update, attackers: list[str], crafted: Update
) -> Update | None:
    """Apply the rule under attack, if the attackers know it."""
    config = seen.config
    if config.attacks.knowledge != "rule":
        return None
    honest, bad = seen._honest_updates(), frozenset(attackers)
    names = [name for name in behaviours_of(config) if name not in bad]
    sent = np.broadcast_to(crafted, (len(attackers), model.size)).astype(model.dtype)
    context = Context(
        round=seen.number,
        model=model,
        settings=config.aggregation,
        honest=frozenset(names),
        root_update=lambda: honest.mean(axis=0),
        shapes=tuple(np.shape(seen.model[name]) for name in seen.judged),
    )
    by_attacker = dict(zip(attackers, sent, strict=True))
    return aggregated(config, context, honest, by_attacker, names)
