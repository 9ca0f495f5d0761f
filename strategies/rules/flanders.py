"""FLANDERS: Gabrielli, Belli, Miori, Tolomei, arXiv:2303.16668."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.robust.blocks import lengths
from anml_fl.method.robust.flanders import SAMPLED, WINDOW
from anml_fl.method.robust.flanders import flanders as foreseen
from anml_fl.method.robust.norm_clipping import clipped_to
from strategies.decision import averaged
from strategies.rules._folded import bounded
from strategies.rules._lowest import byzantine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision

_PLACES, _MODELS, _UPDATES = "coordinates", "models", "updates"
# An update longer than so many medians is remembered as one of that length: what somebody
# sends now must not decide what is foreseen of the others.
_LONGEST = 10.0


def flanders(cohort: Cohort, context: Context) -> Decision:
    """Average the n - f whose models are nearest to a forecast from the rounds before.

    Whoever did not take part in one of them is taken to have sent the global model back.
    """
    who, past = cohort.contributors, _Past.of(context)
    model = bounded(context.model[past.places]).astype(np.float64)
    updates = bounded(cohort.updates[:, past.places]).astype(np.float64)
    f = byzantine(len(who), context.settings)
    kept = foreseen(past.of_contributors(who), model + updates, f)
    return replace(averaged(cohort, kept), state=past.added(who, model, updates).to_state())


@dataclass(frozen=True, slots=True)
class _Past:
    """What is remembered of at most `WINDOW` rounds, at sampled coordinates.

    Parameters
    ----------
    places : (s,) int64
        The coordinates, the same in all rounds.
    models : (T, s) float64
        The global models, oldest first.
    updates : Memory
        Of the contributors of these rounds: (T, s) each, zeros where one was not there.
    """

    places: NDArray[np.int64]
    models: NDArray[np.float64]
    updates: Memory

    @classmethod
    def of(cls, context: Context) -> _Past:
        """Read the rule's state; draw coordinates where there is none, or another model's."""
        d, state = context.model.size, dict(context.state)
        places, models = state.pop(_PLACES, None), state.pop(_MODELS, None)
        if places is None or models is None or places.size != min(SAMPLED, d):
            drawn = context.rng("flanders").choice(d, min(SAMPLED, d), replace=False)
            return cls(np.sort(drawn), np.zeros((0, drawn.size)), Memory())
        return cls(places, models.astype(np.float64), Memory.of_state(state))

    def of_contributors(self, who: Sequence[str]) -> NDArray[np.float64]:
        """Give the models (T, n, s) that contributors sent."""
        sent = self.updates.of(_UPDATES, who, self.models.shape)
        found: NDArray[np.float64] = self.models[:, None] + sent.transpose(1, 0, 2)
        return found

    def added(
        self, who: Sequence[str], model: NDArray[np.float64], updates: NDArray[np.float64]
    ) -> _Past:
        """Add a round, and forget the oldest beyond `WINDOW`, with whoever was only there."""
        models = np.concatenate([self.models, model[None]])[-WINDOW:]
        sizes = lengths(updates)
        short = updates * clipped_to(sizes, _LONGEST * float(np.median(sizes)))[:, None]
        names = tuple(dict.fromkeys((*self.updates.contributors, *who)))
        sent = np.zeros((len(names), len(models), model.size))
        earlier = self.updates.of(_UPDATES, names, self.models.shape)
        if len(models) > 1:
            sent[:, :-1] = earlier[:, -(len(models) - 1) :]
        place = {name: i for i, name in enumerate(names)}
        sent[[place[name] for name in who], -1] = short
        there = np.flatnonzero(sent.any(axis=(1, 2)))
        kept = Memory(tuple(names[i] for i in there), {_UPDATES: sent[there]})
        return _Past(self.places, models, kept)

    def to_state(self) -> Mapping[str, NDArray[Any]]:
        """Write it as arrays by name."""
        models = self.models.astype(np.float32)
        return {_PLACES: self.places, _MODELS: models, **self.updates.to_state()}
