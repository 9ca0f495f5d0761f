"""Digits by writer: whether weighting punishes honest people whose writing is hard to read.

Half of the writers are NIST's employees, half are students, whose digits are harder. Nobody
has credentials: every s is the same, so that `anml` falls back on q, and `q_only` and
`multiplicative` would be the same to the last bit. LeCun, Cortes, Burges: MNIST; Yadav and
Bottou: Cold case: the lost MNIST digits, NeurIPS 2019.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anml_fl.behaviour import is_honest
from anml_fl.federation.data import data_of
from studies.federations.natural_contributors import Natural, Trials, kept, mean_weight
from studies.study import Cell, Row, Study, Variant

if TYPE_CHECKING:
    from studies.federations.run import Federated

# Other strategies are left out for their time: a training takes a quarter of a minute.
_ATTACKED = 0.2
_GROUPS = ("student", "employee")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List who attacks, and which fraction of the writers is kept."""
    plain = Natural(
        contributors=180,
        rounds=8,
        local_epochs=3,
        batch_size=16,
        learning_rate=0.3,
    )
    methods = {
        (0.0, 0.7): ("fedavg", "anml"),
        (0.0, 1.0): ("fedavg", "anml"),
        (_ATTACKED, 0.7): ("fedavg", "anml", "oracle"),
        (_ATTACKED, 1.0): ("fedavg", "anml", "oracle"),
    }
    return tuple(
        Variant(
            f"attackers={attackers:.0%};fraction={fraction:g}",
            plain.changed(attackers=attackers, fraction=fraction),
            compared,
        )
        for (attackers, fraction), compared in methods.items()
    )


def run(cell: Cell) -> list[Row]:
    """Train each strategy; errors on the writers' own test digits, and who was kept.

    `added_error_students` is the error on students' digits less FedAvg's of the same trial.
    """
    rows = []
    for trial in cell.trials:
        trials = Trials(cell.dataset, cell.seed + trial)
        for variant in cell.variants:
            plain = trials.trained(variant.recipe, "fedavg")
            least = _measured(plain, "fedavg")["error_students"]
            for method in variant.methods:
                figures = _measured(trials.trained(variant.recipe, method), method)
                figures["added_error_students"] = figures["error_students"] - least
                rows += [
                    cell.row(variant, method, metric, value, trial)
                    for metric, value in figures.items()
                    if np.isfinite(value)
                ]
    return rows


def _measured(done: Federated, method: str) -> dict[str, float]:
    data, behaviours = data_of(done.config), done.run.summary.contributors
    names = np.array(data.names)
    figures = {"error": done.error(method)}
    for group in _GROUPS:
        of_group = np.char.startswith(names, group)
        honest = [n for n in names[of_group] if is_honest(behaviours[n])]
        figures |= {
            f"error_{group}s": done.error(method, among=of_group[data.tested]),
            f"{group}s_kept": kept(done, honest),
            f"{group}s_weight": mean_weight(done, honest),
        }
    attackers = [name for name, behaviour in behaviours.items() if not is_honest(behaviour)]
    if attackers:
        figures |= {
            "attackers_kept": kept(done, attackers),
            "attackers_weight": mean_weight(done, attackers),
        }
    return figures


STUDY = Study(
    name="writers",
    title="Honest writers, half of them hard to read",
    source="absent from the paper",
    trials={"mnist_writers": 5},
    variants=variants,
    run=run,
    block={"mnist_writers": 1},
    cost=300.0,
    quick={"contributors": 12, "rounds": 2},
)
