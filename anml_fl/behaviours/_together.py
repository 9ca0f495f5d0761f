"""What attackers who know the others' updates share: an estimate, worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

    Update = NDArray[Any]


def strength_of(sight: Sight, usual: float) -> float:
    """Take `attacks.strength`, or the attack's own usual number where it is not set."""
    return usual if sight.attacks.strength is None else sight.attacks.strength


def known_updates(update: Update, sight: Sight) -> Update:
    """Take the honest updates that an attacker knows, (m, d) with m >= 1.

    Parameters
    ----------
    update : (d,) array
        The attacker's own, which is all that it knows where nobody is honest.
    sight : Sight
    """
    honest = _finite(sight.others())
    return honest if len(honest) else update[None]


def together(
    what: str, update: Update, sight: Sight, craft: Callable[[Update], Update]
) -> Update:
    """Craft one update for all attackers of a round, from the honest ones that they know.

    Parameters
    ----------
    what : str
        The attack.
    update : (d,) array
    sight : Sight
        As in `known_updates`.
    craft : callable
        From rows (m, d), m >= 1, to an update (d,): the same whoever of them asks.
    """
    honest = _finite(sight.others())
    if not len(honest):
        return craft(update[None])
    return sight.once(what, lambda: craft(honest))


def _finite(honest: Update) -> Update:
    """Leave out what the server would leave out too."""
    finite = np.isfinite(honest).all(axis=1)
    return honest if finite.all() else honest[finite]
