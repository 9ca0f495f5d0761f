"""Buying stage 1: attackers with no more than moderate credentials turn every defence off.

In a pool of professionals every honest s lies above tau_h = 0.35. Attackers who show
v = r = 0.62, hence s = 0.38, keep the least s above it as well: the two-stage gate finds
nothing to defend against, and neither weighs nor selects. `low` is the same pool with the
low-quality credentials of section 5.1.3, where the gate does look. In `moderate` attackers
flip labels at random; in the others they choose them with a model (see `poison`) so as to do
harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anml_fl.scenarios.high import high
from anml_fl.seeding import stream
from studies.sample import experiment
from studies.sample.fitted import Fitted
from studies.sample.poison import Labels, View, attacked, listed, poisoned
from studies.sample.recipe import Recipe
from studies.sample.signals import Signals
from studies.study import Study, Variant

if TYPE_CHECKING:
    from studies.sample.drawing import Drawn
    from studies.study import Cell, Row

# Of professionals, v and r: the better part of `moderate`, without the rest.
_HONEST_V, _HONEST_R = (0.70, 0.85), (0.65, 0.85)
# What attackers show of either; its square is just above tau_h.
_BOUGHT = 0.62


class _Attack(NamedTuple):
    bought: bool
    labels: Labels
    view: View = "white"


ATTACKS = {
    "low": _Attack(False, "random"),
    "moderate": _Attack(True, "random"),
    "moderate;white": _Attack(True, "harmful", "white"),
    "moderate;grey": _Attack(True, "harmful", "grey"),
}
METHODS = ("uniform", "krum", "softmax_blend", "two_stage", "oracle")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List what attackers show and do."""
    return tuple(Variant(name, Recipe(), METHODS) for name in ATTACKS)


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Returns
    -------
    list of Row
        As `experiment.run` lists them.
    """
    rows: list[Row] = []
    for variant in cell.variants:
        attack = ATTACKS[listed(variant.condition, ATTACKS)]
        given = poisoned(cell, variant, attack.labels, attack.view)
        plain = Fitted.of(cell, [variant])
        shown = [
            professional(
                cell, one, trial, plain.signals(place, variant.recipe).T, attack.bought
            )
            for place, (one, trial) in enumerate(zip(given, cell.trials, strict=True))
        ]
        fitted = attacked(cell, variant, given, shown)
        rows += experiment.compared(cell, [variant], fitted)
    return rows


def professional(
    cell: Cell, drawn: Drawn, trial: int, T: np.typing.NDArray[np.float64], bought: bool
) -> Signals:
    """Draw the credentials of a pool of professionals, and of attackers in it.

    Parameters
    ----------
    cell : Cell
    drawn : Drawn
    trial : int
    T : (n,) float64
        Temporal decay.
    bought : bool
        Whether attackers show moderate credentials; low-quality ones otherwise.
    """
    rng = stream(cell.seed, "professional pool", cell.dataset, trial)
    n = drawn.attacker.size
    v, r = rng.uniform(*_HONEST_V, n), rng.uniform(*_HONEST_R, n)
    for i in np.flatnonzero(drawn.attacker):
        v[i], r[i] = (_BOUGHT, _BOUGHT) if bought else high(False, rng)
    return Signals(v, r, T)


STUDY = Study(
    name="gate-stage1",
    title="Stage 1 of the gate, bought",
    source="section 4.2",
    trials={"wine": 30, "breast_cancer": 30, "digits": 10},
    variants=variants,
    run=run,
)
