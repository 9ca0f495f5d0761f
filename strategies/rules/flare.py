"""FLARE: Younesi, Kiss, Najafabadi Samani, Aznar Poveda, Fahringer, arXiv:2511.14715."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.robust.blocks import lengths, weighted_sum
from anml_fl.method.robust.flare import THRESHOLD, Standing, next_threshold
from anml_fl.method.robust.flare import flare as reputed
from anml_fl.method.robust.norm_clipping import norm_clipping
from strategies.decision import Decision
from strategies.rules._folded import folded

if TYPE_CHECKING:
    from strategies.cohort import Cohort
    from strategies.context import Context

# What is remembered of all: the last round's update, folded, and the threshold.
_LAST, _THRESHOLD = "last_update", "threshold"
_MEAN, _SCORES = "mean", ("consistency", "included", "rounds")


def flare(cohort: Cohort, context: Context) -> Decision:
    """Weigh by a reputation of what a contributor sends, each update cut to median length.

    Updates are compared folded to 1,024 numbers; who stays away for 100 rounds is forgotten.
    """
    who, state = cohort.contributors, dict(context.state)
    now = folded(cohort.updates, context.signs)
    last, threshold = state.pop(_LAST, None), state.pop(_THRESHOLD, None)
    if last is None or last.shape != now.shape[1:]:
        last, state = np.zeros(now.shape[1]), {}
    memory = Memory.of_state(state).aged(who)
    standing = Standing(
        memory.of(_MEAN, who, now.shape[1:]),
        *(memory.of(name, who, ()) for name in _SCORES),
    )
    tau = THRESHOLD if threshold is None else float(threshold[0])
    _, weights, after = reputed(now, standing, tau)
    memory = memory.replaced(_MEAN, who, after.mean)
    for name in _SCORES:
        memory = memory.replaced(name, who, getattr(after, name))
    selected = weights > 0
    shares = weights * cohort.examples
    if selected.any():
        shares = shares / shares.sum()
    factors = shares * norm_clipping(lengths(cohort.updates))
    update = weighted_sum(factors, cohort.updates).astype(cohort.updates.dtype)
    (whole,) = folded(update[None], context.signs)
    following = next_threshold(whole, last.astype(np.float64), float(1 - selected.mean()))
    return Decision(
        update,
        shares,
        selected,
        note=None if selected.any() else "nobody's reputation is half of what is asked",
        state={
            **memory.to_state(),
            _LAST: whole.astype(np.float32),
            _THRESHOLD: np.array([following]),
        },
    ).by("weight by its reputation for what it sends", weights, more=True)
