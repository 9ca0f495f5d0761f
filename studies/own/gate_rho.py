"""Steering stage 2: credentials faked for those poisons only that q finds least suspicious.

Section 5.12 has attackers fake credentials at random and so give themselves away: rho_c, the
correlation of q and s, falls. Here they take q of all samples with a model of their own (see
`poison`), and fake credentials for the poisons of highest q only: as many as leave rho_c, as
they expect it, above tau_c by a margin, or a given share of all. Their labels are the wrong
ones that q finds least suspicious; in `random=0.6` as many as the paper's attackers fake
credentials, whoever they are, and in `joint`, the paper's own attack, they aim at centroids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anml_fl.method.combination import pearson
from anml_fl.registry.forged_signals import forged
from anml_fl.scenarios.moderate import moderate
from anml_fl.seeding import stream
from studies.sample import experiment
from studies.sample.poison import (
    Labels,
    View,
    attacked,
    expected_consistency,
    listed,
    own_beginning,
    poisoned,
)
from studies.sample.recipe import Recipe
from studies.sample.signals import Signals, signals
from studies.study import Study, Variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studies.sample.drawing import Drawn
    from studies.sample.poison import Attacked
    from studies.study import Cell, Row


class _Attack(NamedTuple):
    faking: str  # "none", "random" or "steered"
    labels: Labels = "hidden"
    view: View = "white"
    share: float | None = None


ATTACKS = {
    "unfaked": _Attack("none"),
    "joint": _Attack("random", labels="random", share=0.6),
    "random=0.6": _Attack("random", share=0.6),
    "white": _Attack("steered"),
    "grey": _Attack("steered", view="grey"),
    "white;share=0.6": _Attack("steered", share=0.6),
}
# How far rho_c, as expected, is kept above tau_c: q is known exactly, or not.
_MARGINS: dict[View, float] = {"white": 0.02, "grey": 0.1}
METHODS = ("uniform", "krum", "softmax_blend", "two_stage", "oracle")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List who fakes."""
    plain = Recipe(scenario="naive")
    aligned = plain.changed(attack="aligned")
    return tuple(
        Variant(name, aligned if name == "joint" else plain, METHODS) for name in ATTACKS
    )


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Returns
    -------
    list of Row
        As `experiment.run` lists them; beside them `faked`, the share of the attackers with
        faked credentials, and of those the share that a method selects, `selected_faked`.
    """
    rows: list[Row] = []
    poisons: dict[tuple[object, ...], list[Drawn]] = {}
    for variant in cell.variants:
        attack = ATTACKS[listed(variant.condition, ATTACKS)]
        same = attack.labels, attack.view, variant.recipe
        if same not in poisons:
            poisons[same] = poisoned(cell, variant, attack.labels, attack.view)
        given = poisons[same]
        honest = attacked(cell, variant, given, ())
        fakers, shown = _shown(cell, variant, attack, honest)
        fitted = attacked(cell, variant, given, shown)
        rows += experiment.compared(cell, [variant], fitted)
        for choice in experiment.choices(fitted, variant, cell):
            who, trial = fakers[choice.place], cell.trials[choice.place]
            attackers = int(given[choice.place].attacker.sum())
            if choice.method == "two_stage":
                share = who.size / attackers
                rows.append(cell.row(variant, choice.method, "faked", share, trial))
            if who.size:
                selected = float(np.isin(who, choice.samples).mean())
                rows.append(
                    cell.row(variant, choice.method, "selected_faked", selected, trial)
                )
    return rows


def _shown(
    cell: Cell, variant: Variant, attack: _Attack, honest: Attacked
) -> tuple[list[NDArray[np.intp]], list[Signals]]:
    """Who fakes in each trial, and what everyone shows."""
    expected: list[NDArray[np.float64]] = []
    if attack.faking == "steered":
        beginning = own_beginning(honest, attack.view)
        expected = expected_consistency(honest, variant.recipe, beginning)
    fakers, shown = [], []
    for place, trial in enumerate(cell.trials):
        drawn = honest.given[place]
        plain = signals(cell.dataset, drawn, variant.recipe, cell.seed, trial)

        def rng(purpose: str, trial: int = trial) -> np.random.Generator:
            return stream(cell.seed, "gate rho", cell.dataset, trial, purpose)

        attackers = np.flatnonzero(drawn.attacker)
        fakes = np.zeros((drawn.attacker.size, 2))
        fakes[attackers] = [forged(rng(f"forged {i}")) for i in attackers]
        if attack.faking == "none":
            who = attackers[:0]
        elif attack.faking == "random":
            order = rng("who").permutation(attackers)
            who = order[: round((attack.share or 0.0) * order.size)]
        else:
            s = plain.s
            if attack.view == "grey":
                guess = rng("guess")
                for i in np.flatnonzero(~drawn.attacker):
                    s[i] = np.prod(moderate(True, guess))
            floor = variant.recipe.tau_c + _MARGINS[attack.view]
            who = steered(
                expected[place], s, fakes.prod(axis=1), attackers, floor, attack.share
            )
        v, r = plain.v.copy(), plain.r.copy()
        v[who], r[who] = fakes[who].T
        fakers.append(who)
        shown.append(Signals(v, r, plain.T))
    return fakers, shown


def steered(
    q: NDArray[np.float64],
    s: NDArray[np.float64],
    faked: NDArray[np.float64],
    attackers: NDArray[np.intp],
    floor: float,
    share: float | None = None,
) -> NDArray[np.intp]:
    """Choose the attackers who fake credentials: those of highest q.

    Parameters
    ----------
    q, s : (n,) float64
        As the attackers expect them without faking.
    faked : (n,) float64
        s of an attacker who fakes.
    attackers : (m,) int
        Their indices.
    floor : float
        As many fake as leave the correlation of q and s at least there; where no number
        does, as many as leave it greatest.
    share : float, optional
        Instead, this share of the attackers fakes.

    Returns
    -------
    (f,) int
        Indices, by falling q.

    Examples
    --------
    >>> q, s = np.array([1.0, 0.9, 0.8, 0.1]), np.array([0.6, 0.5, 0.1, 0.1])
    >>> steered(q, s, np.full(4, 0.6), np.array([2, 3]), floor=0.8)
    array([2])
    """
    order = attackers[np.argsort(-q[attackers], kind="stable")]
    if share is not None:
        return order[: round(share * order.size)]
    correlations = []
    for number in range(order.size + 1):
        claimed = s.copy()
        claimed[order[:number]] = faked[order[:number]]
        correlations.append(pearson(q, claimed))
    # Undefined correlations close the gate.
    reached = np.nan_to_num(np.array(correlations), nan=-1.0)
    enough = np.flatnonzero(reached >= floor)
    return order[: enough[-1] if enough.size else reached.argmax()]


STUDY = Study(
    name="gate-rho",
    title="Stage 2 of the gate, steered",
    source="section 5.12",
    trials={"wine": 30, "breast_cancer": 30, "digits": 10},
    variants=variants,
    run=run,
)
