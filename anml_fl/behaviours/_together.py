"""What attackers who know the others' updates share: an estimate, worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anml_fl.behaviour import Sight

    Update = NDArray[Any]


def strength_of(sight: Sight, usual: float) -> float:
    """Take `attacks.strength`, or the attack's own usual number where it is not set."""
    return usual if sight.attacks.strength is None else sight.attacks.strength


def together(
    what: str, update: Update, sight: Sight, craft: Callable[[Update], Update]
) -> Update:
    """Craft one update for all attackers of a round, from the honest ones that they know.

    Parameters
    ----------
    what : str
        The attack.
    update : (d,) array
        The attacker's own, which is all that it knows where nobody is honest.
    sight : Sight
    craft : callable
        From rows (m, d), m >= 1, to an update (d,): the same whoever of them asks.
    """
    honest = sight.others()
    if not len(honest):
        return craft(update[None])
    return sight.once(what, lambda: craft(honest))
