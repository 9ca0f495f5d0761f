"""Rules on the same federation: its error under each, and who was kept.

All rules of a trial have the same data, attackers, credentials and first model, and are tested
on the same rows: none of them on the server's root set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from anml_fl.federation.run_task import task_of
from studies.federations.label_flippers import shares_kept
from studies.federations.run import federate
from studies.settings import Settings, Share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.run.reading import Run, StrategyRun
    from studies.federations.run import Federated
    from studies.study import Variant

ROOT = ";root="
"""Between a rule and its root set, in the name of a method: `calibrated;root=none`."""


class RuleComparison(Settings):
    """A federation, and who attacks it how."""

    partition: str = Field("iid", description="How the data are dealt out.")
    contributors: int = Field(10, ge=1, le=10_000, description="Number of contributors.")
    rounds: int = Field(12, ge=1, le=10_000, description="Rounds of training.")
    local_epochs: int = Field(2, ge=1, le=10_000, description="Passes over own data a round.")
    batch_size: int = Field(32, ge=1, le=10_000, description="Samples a step.")
    learning_rate: float = Field(0.1, gt=0, le=10, description="Of SGD.")
    scenario: str = Field("unknown", description="How reliable the registry's v and r are.")
    behaviour: str = Field("honest", description="What attackers do.")
    attackers: Share = Field(0.0, description="Share of the contributors; one at least.")
    strength: float | None = Field(
        None, ge=0, description="How strong an attack on updates is (default: its paper's)."
    )

    def federated(self, dataset: str, seed: int, method: str) -> Federated:
        """Train under one rule.

        Who turns does so after half of the rounds; who is honest on and off, two by two.

        Parameters
        ----------
        dataset : str
        seed : int
        method : str
            As in `compared`.
        """
        strategy, _, root = method.partition(ROOT)
        given: dict[str, Any] = self.model_dump(exclude={"behaviour", "attackers"})
        bad = max(1, round(self.attackers * self.contributors)) if self.attackers else 0
        attacking = {self.behaviour: bad} if bad else {}
        return federate(
            dataset=dataset,
            seed=seed,
            strategies=strategy,
            root=root or "auto",
            behaviours={"honest": self.contributors - bad, **attacking},
            turn_round=self.rounds // 2 + 1,
            good_rounds=2,
            bad_rounds=2,
            **given,
        )


def compared(variant: Variant, dataset: str, seed: int) -> Iterator[tuple[str, str, float]]:
    """Train a federation under each rule, and measure.

    Parameters
    ----------
    variant : Variant
        Its recipe is a `RuleComparison`. Its methods are strategies, `calibrated` among them,
        whose root set is `auto`, or have another one behind `;root=`.
    dataset : str
    seed : int

    Yields
    ------
    str, str, float
        Method, metric and value: `error`; `honest_kept` and `attackers_kept`, shares of their
        updates, and `attackers_weight`, their share of the model, of rules that have weights.
    """
    recipe: RuleComparison = variant.recipe
    trained = {method: recipe.federated(dataset, seed, method) for method in variant.methods}
    # The others' own test rows may be more: with those of this one's root set.
    task = task_of(trained["calibrated"].config)
    for method, done in trained.items():
        (one,) = done.run.strategies
        yield method, "error", task.error(task.model_of(done.models[one.name]))
        for metric, value in taken_in(done.run, one).items():
            yield method, metric, value


def taken_in(run: Run, strategy: StrategyRun) -> dict[str, float]:
    """Tell whose updates went into the model, and how much of it is the attackers'.

    Parameters
    ----------
    run : Run
    strategy : StrategyRun
        Of the run.

    Returns
    -------
    dict
        As of `compared`, in [0, 1], means over rounds; empty for a rule without weights.
    """
    if not strategy.weighing:
        return {}
    found = {f"{who}_kept": share for who, share in shares_kept(run, strategy).items()}
    if "attackers_kept" in found:
        rounds = [
            sum(p.weight for p in record.contributors if run.attacks(p.contributor))
            for record in strategy.records
        ]
        found["attackers_weight"] = float(np.mean(rounds))
    return found
