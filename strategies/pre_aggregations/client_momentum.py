"""Momentum of each contributor's updates: Karimireddy, He, Jaggi, ICML 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.robust.client_momentum import client_momentum as moved
from strategies.pre_aggregation import Mixed

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context


_MOMENTUM = "momentum"


def client_momentum(cohort: Cohort, context: Context) -> Mixed:
    """Put each update's momentum in its place: the server keeps it, by stable identity.

    A contributor's share is that in its momentum, which its earlier updates are in, too. Who
    was away for 100 rounds begins anew.
    """
    names, updates = cohort.contributors, cohort.updates
    memory = Memory.of_state(context.state).aged(names)
    known = np.isin(names, memory.contributors)
    before = memory.of(_MOMENTUM, names, updates.shape[1:])
    now = moved(before, updates, known, context.settings.client_momentum)
    state = memory.replaced(_MOMENTUM, names, now).to_state()
    return Mixed(now, np.ones(len(names)), state=state)
