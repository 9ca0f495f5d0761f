"""A coalition in a round: what its attackers send, from what they know of the round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from studies.redteam.attack import Attack
    from studies.redteam.trial import Tried

# Blends that are tried for the most harmful one; and how often the most that keeps half of an
# honest weight is halved for, which is taken to fall with the poison.
_BLENDS = (1.0, 0.7, 0.4, 0.2)
_HALVINGS = 4
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the attackers see of a round; what costs is asked for only where it is used.

    Parameters
    ----------
    own : (k, d) array
        What they would send if they were honest.
    trained : callable
        Gives the updates (k, d) that their poisoned samples lead to.
    others : callable
        Gives the honest updates (m, d).
    trial : callable, optional
        From updates (k, d) of theirs to what the rule would make of them.
    rng : numpy.random.Generator
        Of the round.
    """

    own: NDArray[Any]
    trained: Callable[[], NDArray[Any]]
    others: Callable[[], NDArray[Any]]
    trial: Callable[[NDArray[Any]], Tried] | None
    rng: np.random.Generator


def sent(attack: Attack, view: View) -> NDArray[Any]:
    """Make the updates (k, d) that the attackers send in a round in which they attack.

    Examples
    --------
    >>> from studies.redteam.attack import Attack
    >>> own = np.ones((2, 3))
    >>> view = View(own=own, trained=lambda: own, others=lambda: own, trial=None,
    ...             rng=np.random.default_rng(0))
    >>> sent(Attack(direction="flip", blend=0.5, scale=3.0), view)[0]
    array([-1., -1., -1.])
    """
    poison = _poison(attack, view)
    if attack.copies:
        mean = poison.mean(axis=0)
        noise = view.rng.normal(size=poison.shape) / np.sqrt(poison.shape[1])
        poison = mean + attack.jitter * np.linalg.norm(mean) * noise
    if attack.hiding == "none" or view.trial is None:
        return attack.scale * attack.blend * poison + (1.0 - attack.blend) * view.own
    return _hidden(attack, view, poison)


def _poison(attack: Attack, view: View) -> NDArray[Any]:
    """The direction (k, d), before it is scaled."""
    if attack.direction == "trained":
        return view.trained()
    if attack.direction == "flip":
        return -view.own
    # Who does not see the others takes the own coalition for them.
    seen = view.others() if attack.knows_updates else view.own
    mean = seen.mean(axis=0)
    if attack.direction == "mean":
        return np.broadcast_to(-mean, view.own.shape)
    away = mean / attack.scale - seen.std(axis=0) if attack.scale else mean
    return np.broadcast_to(away, view.own.shape)


def _hidden(attack: Attack, view: View, poison: NDArray[Any]) -> NDArray[Any]:
    """Choose a blend of honest and poison by what the rule makes of it.

    "greedy" takes the one with which the new model's loss is largest. "half" takes the most
    poison that the rule still gives half of an honest weight in the mean; under a rule without
    weights it is as "greedy".
    """
    trial = view.trial
    assert trial is not None  # noqa: S101 - who knows no rule does not come here

    def blended(share: float) -> NDArray[Any]:
        return share * attack.scale * poison + (1.0 - share) * view.own

    whole = trial(blended(1.0))
    if attack.hiding == "greedy" or np.isnan(whole.weight):
        losses = [whole.loss, *(trial(blended(share)).loss for share in _BLENDS[1:])]
        return blended(_BLENDS[int(np.argmax(losses))])
    if whole.weight >= _HALF:
        return blended(1.0)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if trial(blended(middle)).weight >= _HALF:
            low = middle
        else:
            high = middle
    return blended(low)
