"""Honest contributors whose data differ: how many are thrown out, and what it costs.

The published method is for contributors with similar data. The smaller the Dirichlet alpha,
the fewer classes a contributor has, and the more its update looks like an attack.
"""

from __future__ import annotations

from studies.federations.label_flippers import Flippers, run
from studies.study import Study, Variant

_PARTITIONS = {
    "inf": "iid",
    "1": "dirichlet:1",
    "0.3": "dirichlet:0.3",
    "0.1": "dirichlet:0.1",
}
# Rounds by local epochs: the federation's defaults, and short visits, after which Krum's
# score turns around.
_SHORT = 2
_ROUNDS = {10: 8, _SHORT: 20}
_COMPARED = ("fedavg", "q_only", "anml", "median")
_ALL = (
    "fedavg",
    "krum",
    "multikrum",
    "q_only",
    "anml",
    "softmax_blend",
    "median",
    "trimmed_mean",
    "oracle",
)


def variants(dataset: str) -> tuple[Variant, ...]:
    """List both lengths of local training, with attackers and without, by alpha.

    Every rule is tried where the score turns around under attack, the chief ones elsewhere.
    """
    return tuple(
        Variant(
            f"alpha={alpha};attackers={attackers};local_epochs={epochs}",
            Flippers(
                partition=partition, attackers=attackers, rounds=rounds, local_epochs=epochs
            ),
            _strategies(attackers, epochs),
        )
        for epochs, rounds in _ROUNDS.items()
        for attackers in (0, 3)
        for alpha, partition in _PARTITIONS.items()
    )


def _strategies(attackers: int, epochs: int) -> tuple[str, ...]:
    if not attackers:
        return _COMPARED
    return _ALL if epochs == _SHORT else (*_COMPARED, "oracle")


STUDY = Study(
    name="contributor-skew",
    title="Who is thrown out of a federation with skewed labels",
    source="absent from the paper",
    trials={"digits": 5},
    variants=variants,
    run=run,
    block={"digits": 1},
    cost=20.0,
)
