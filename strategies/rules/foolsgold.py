"""FoolsGold: Fung, Yoon, Beschastnikh, RAID 2020."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.robust.foolsgold import foolsgold as unlike
from strategies.rules._folded import folded
from strategies.rules._shares import by_shares

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision

_SUMS = "updates"


def foolsgold(cohort: Cohort, context: Context) -> Decision:
    """Weigh by how unlike anybody else's a contributor's updates of all rounds are.

    Sums are of updates folded to 1,024 numbers; of whoever stays away for 100 rounds none is
    kept.
    """
    now, who = folded(cohort.updates, context.signs), cohort.contributors
    memory = Memory.of_state(context.state).aged(who).added(_SUMS, who, now, 1.0)
    found = unlike(memory.of(_SUMS, who, now.shape[1:]))
    weights = found * cohort.examples
    return by_shares(
        cohort, weights / weights.sum(), "nobody is unlike the others", memory.to_state()
    ).by("unlikeness to the others over the rounds (the most is 1)", found, more=True)
