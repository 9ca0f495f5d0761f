"""Federations whose contributors are real: each holds what it gathered, and none is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from studies.federations.run import federate
from studies.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection

    from studies.federations.run import Federated

BY_SELECTION = ("anml", "softmax_blend")
"""Strategies that the selected fraction changes; to the others it is nothing."""


class Natural(Settings):
    """Who takes part, how they train, and what the strategies leave to choose."""

    contributors: int = Field(
        ge=1, description="How many take part, drawn where there are more."
    )
    leave_out: str = Field("", description="Who takes no part, and is tested on instead.")
    attackers: float = Field(0.0, ge=0, lt=1, description="Share of them that attack.")
    behaviour: str = Field("label_flip", description="What attackers do.")
    rounds: int = Field(ge=1, description="Rounds of training.")
    local_epochs: int = Field(ge=1, description="Passes over its own data a round.")
    batch_size: int = Field(ge=1, description="Samples a step.")
    learning_rate: float = Field(gt=0, description="Learning rate of SGD.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share of contributors selected.")


class Trials:
    """Federations of one seed, each trained once however many conditions share it.

    Parameters
    ----------
    dataset : str
        One that says who gathered it.
    seed : int
        All have the same split, attackers and initial model.
    """

    def __init__(self, dataset: str, seed: int) -> None:
        self._dataset, self._seed = dataset, seed
        self._done: dict[tuple[Natural, str], Federated] = {}

    def trained(self, recipe: Natural, strategy: str) -> Federated:
        """Train one strategy among those who gathered the data; nobody has credentials.

        Returns
        -------
        Federated
            The same for recipes that differ in nothing that the strategy asks for.
        """
        if strategy not in BY_SELECTION:
            recipe = recipe.changed(fraction=1.0)
        key = (recipe, strategy)
        if key not in self._done:
            self._done[key] = self._train(recipe, strategy)
        return self._done[key]

    def _train(self, recipe: Natural, strategy: str) -> Federated:
        bad = round(recipe.attackers * recipe.contributors)
        # Without attackers the honest are named: left to itself, a federation has some.
        behaviours = f"honest={recipe.contributors - bad}"
        if bad:
            behaviours += f",{recipe.behaviour}={bad}"
        return federate(
            dataset=self._dataset,
            partition="natural",
            scenario="unknown",
            behaviours=behaviours,
            strategies=strategy,
            seed=self._seed,
            **recipe.model_dump(exclude={"attackers", "behaviour"}),
        )


def mean_weight(done: Federated, among: Collection[str]) -> float:
    """Average over rounds what share of the new model some contributors made.

    Parameters
    ----------
    done : Federated
        Of one strategy.
    among : collection of str
        Contributors.

    Returns
    -------
    float
        In [0, 1]; nan under a coordinate-wise rule, which has no weights.
    """
    return float(np.mean([sum(each) for each in _by_round(done, "weight", among)]))


def kept(done: Federated, among: Collection[str]) -> float:
    """Average over rounds what share of some contributors was selected.

    Parameters
    ----------
    done : Federated
        Of one strategy.
    among : collection of str
        Contributors, at least one.

    Returns
    -------
    float
        In [0, 1].
    """
    return float(np.mean(_by_round(done, "selected", among)))


def mean_consistency(done: Federated, contributor: str) -> float:
    """Average a contributor's q over rounds.

    Parameters
    ----------
    done : Federated
        Of one strategy.
    contributor : str

    Returns
    -------
    float
        In [0, 1].
    """
    return float(np.mean(_by_round(done, "q", (contributor,))))


def _by_round(done: Federated, name: str, among: Collection[str]) -> list[list[float]]:
    (one,) = done.run.strategies
    wanted = frozenset(among)
    return [
        [float(getattr(p, name)) for p in record.contributors if p.contributor in wanted]
        for record in one.records
    ]
