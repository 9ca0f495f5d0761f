"""Every rule on every kind of contributor: whom it keeps, what it costs, what it saves.

Digits and Fashion-MNIST dealt out by Dirichlet's distribution, Covertype too; digits by their
writers, patients by their hospitals, pictures by their annotators. Who attacks flips labels,
poisons along the gradient, turns, or sends what is worst for the others, with credentials that
are absent, drawn as in section 5.1.3, forged or bought. `calibrated` is there with the
server's root set, with one that the contributors donate, and with none. The test rows are the
same for all: none is in a root set. `calibrated` was tuned on Digits, Fashion-MNIST and the
writers, on other seeds; on annotators and Covertype never, and by the hospitals one constant
was set, of federations of eight or fewer. Three trials each, six of the hospitals, which are
small: about twenty minutes of one core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from studies.federations.rule_comparison import ROOT, RuleComparison, compared
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

_RULES = (
    *("fedavg", "krum", "multikrum", "median", "anml", "softmax_blend"),
    *("calibrated", f"calibrated{ROOT}donated", f"calibrated{ROOT}none"),
)
_RARER = ("trimmed_mean", "bulyan")
# With equal credentials they are `anml`, to the last bit.
_BY_CREDENTIALS = ("q_only", "multiplicative")

_FEDERATIONS: Mapping[str, tuple[RuleComparison, ...]] = {
    "digits": (
        RuleComparison(partition="dirichlet:0.3"),
        RuleComparison(partition="dirichlet:0.1"),
        RuleComparison(contributors=20),
    ),
    "fashion_mnist": (RuleComparison(partition="dirichlet:0.3", contributors=20, rounds=8),),
    "mnist_writers": (
        RuleComparison(
            partition="natural", contributors=40, rounds=8, batch_size=16, learning_rate=0.3
        ),
    ),
    "heart_disease": (
        RuleComparison(partition="natural", contributors=4, rounds=8, local_epochs=5),
    ),
    "labelme": (
        RuleComparison(
            partition="natural",
            contributors=59,
            rounds=6,
            local_epochs=4,
            batch_size=16,
            learning_rate=0.2,
        ),
    ),
    "covertype": (
        RuleComparison(partition="dirichlet:0.3", contributors=20, rounds=8, local_epochs=1),
        RuleComparison(contributors=20, rounds=8, local_epochs=1),
    ),
}


class _Attack(NamedTuple):
    """What some contributors do, and what there is of credentials."""

    behaviour: str = "honest"
    attackers: float = 0.3
    credentials: str = "absent"
    strength: float | None = None


# A forger's or a buyer's credentials are part of how it behaves.
_WITH_CREDENTIALS = {
    ("label_flip", "forged"): "credential_faking",
    ("gradient_aligned", "forged"): "joint",
    ("gradient_aligned", "bought"): "compromised_issuer",
}
_EVERYWHERE = (
    _Attack(attackers=0),
    _Attack("label_flip"),
    _Attack("gradient_aligned", credentials="bought"),
)
_FURTHER = (
    _Attack("gradient_aligned"),
    _Attack(attackers=0, credentials="moderate"),
    _Attack("label_flip", 0.1),
    _Attack("label_flip", 0.4),
    _Attack("label_flip", credentials="forged"),
    _Attack("gradient_aligned", credentials="forged"),
    _Attack("turncoat"),
    _Attack("on_off"),
    _Attack("sign_flip", strength=2.0),
    _Attack("alie", strength=1.5),
    _Attack("ipm", strength=1.0),
    _Attack("min_max"),
    _Attack("mimic"),
)


# `calibrated` was tuned on federations of lower seeds.
_FIRST_SEED = 1000


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the attacks on each federation: some on all, every one on the first of Digits.

    There is every rule too; elsewhere are those that differ most. A condition says how the
    data are dealt out, who attacks, how many of them, and what credentials there are.
    """
    listed = []
    for federation in _FEDERATIONS[dataset]:
        widely = federation is _FEDERATIONS["digits"][0]
        for attack in (*_EVERYWHERE, *(_FURTHER if widely else ())):
            known = _BY_CREDENTIALS if attack.credentials != "absent" else ()
            more = (*_RARER, *known) if widely else ()
            listed.append(_variant(federation, attack, (*_RULES, *more)))
    return tuple(listed)


def _variant(federation: RuleComparison, attack: _Attack, rules: tuple[str, ...]) -> Variant:
    name = attack.behaviour if attack.attackers else "nobody"
    return Variant(
        f"partition={federation.partition};attack={name};share={attack.attackers:.0%}"
        f";credentials={attack.credentials}",
        federation.changed(
            scenario="unknown" if attack.credentials == "absent" else "moderate",
            behaviour=_WITH_CREDENTIALS.get(
                (attack.behaviour, attack.credentials), attack.behaviour
            ),
            attackers=attack.attackers,
            strength=attack.strength,
        ),
        (*rules, "oracle") if attack.attackers else rules,
    )


def run(cell: Cell) -> list[Row]:
    """Train each federation under each rule, as `rule_comparison.compared` has it."""
    return [
        cell.row(variant, method, metric, value, trial)
        for variant in cell.variants
        for trial in cell.trials
        for method, metric, value in compared(
            variant, cell.dataset, _FIRST_SEED + cell.seed + trial
        )
    ]


STUDY = Study(
    name="gate-contributors",
    title="Which rule for which contributors: real and skewed ones, attacked and not",
    source="absent from the paper",
    trials={
        "digits": 3,
        "fashion_mnist": 3,
        "mnist_writers": 3,
        "heart_disease": 6,
        "labelme": 3,
        "covertype": 3,
    },
    variants=variants,
    run=run,
    block=dict.fromkeys(_FEDERATIONS, 1),
    cost=20.0,
    quick={"rounds": 2},
)
