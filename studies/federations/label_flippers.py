"""Federations with label flippers: the error under each rule, and who was kept.

Every strategy trains a federation of its own, by the real apps. The contributors' data, their
order in training and the model's first weights are the same under all strategies of a trial,
and under all conditions that leave them alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field
from sklearn.metrics import roc_auc_score

from studies.federations.run import federate
from studies.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anml_fl.run.reading import Run, StrategyRun
    from studies.study import Cell, Row, Variant

Count = Annotated[int, Field(ge=0, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Flippers(Settings):
    """Settings of a federation with label flippers; the rest is as `anml run` has it."""

    contributors: int = Field(10, ge=1, le=10_000, description="Number of contributors.")
    partition: str = Field("iid", description="How the data are dealt out.")
    attackers: Count = Field(3, description="Contributors that flip their labels.")
    flip_offset: int | None = Field(
        None, description="What flipping adds to a label (default: a random wrong one)."
    )
    flip_pairs: str = Field("", description="Classes that look alike, such as 3-8,4-9.")
    pair_share: Share = Field(
        0.0, description="Share of the flipped labels that go to the class that looks alike."
    )
    rounds: int = Field(8, ge=1, le=10_000, description="Rounds of training.")
    local_epochs: int = Field(10, ge=1, le=10_000, description="Passes over own data a round.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share that selection keeps.")


def run(cell: Cell) -> list[Row]:
    """Train the federations of a cell, and measure them.

    Parameters
    ----------
    cell : Cell
        Its methods are strategies.

    Returns
    -------
    list of Row
        By strategy: `error`; `error_above_fedavg`, its difference from no defence in the same
        trial; `honest_kept` and `attackers_kept`, as in `shares_kept`. By `q_only` also `auc`,
        how well q tells the honest in its rounds.
    """
    return [
        cell.row(variant, method, metric, value, trial)
        for variant in cell.variants
        for trial in cell.trials
        for method, metric, value in _measured(cell, variant, trial)
    ]


def _measured(cell: Cell, variant: Variant, trial: int) -> Iterator[tuple[str, str, float]]:
    given = variant.recipe.model_dump(exclude_none=True)
    attackers = given.pop("attackers")
    done = federate(
        dataset=cell.dataset,
        behaviours=f"honest={given['contributors'] - attackers},label_flip={attackers}",
        strategies=",".join(variant.methods),
        seed=cell.seed + trial,
        **given,
    ).run
    # As the strategies' own records have it.
    errors = {one.name: one.records[-1].test_error for one in done.strategies}
    for one in done.strategies:
        yield one.name, "error", errors[one.name]
        if one.name != "fedavg" and "fedavg" in errors:
            yield one.name, "error_above_fedavg", errors[one.name] - errors["fedavg"]
        if one.weighing:
            for group, share in shares_kept(done, one).items():
                yield one.name, f"{group}_kept", share
        if one.name == "q_only" and attackers:
            yield one.name, "auc", consistency_auc(done, one)


def shares_kept(run: Run, strategy: StrategyRun) -> dict[str, float]:
    """Tell how many of the honest, and of the attackers, went into the model.

    Parameters
    ----------
    run : Run
    strategy : StrategyRun
        Of the run.

    Returns
    -------
    dict
        "honest" and "attackers", if there are any, to the share in [0, 1] of their updates,
        over all rounds, that were selected.
    """
    kept: dict[str, list[bool]] = {}
    for record in strategy.records:
        for person in record.contributors:
            group = "attackers" if run.attacks(person.contributor) else "honest"
            kept.setdefault(group, []).append(person.selected)
    return {group: float(np.mean(selected)) for group, selected in kept.items()}


def consistency_auc(run: Run, strategy: StrategyRun) -> float:
    """Tell how well q ranks honest updates before the attackers', within a round.

    Parameters
    ----------
    run : Run
        With honest contributors and attackers.
    strategy : StrategyRun
        Of the run.

    Returns
    -------
    float
        Area under the ROC curve in [0, 1], the mean over the rounds with both kinds of update:
        1/2 is chance, and below it attackers look the more consistent.
    """
    found = []
    for record in strategy.records:
        # An update that is refused has no q.
        people = [person for person in record.contributors if np.isfinite(person.q)]
        honest = [not run.attacks(person.contributor) for person in people]
        if len(set(honest)) == 2:
            found.append(roc_auc_score(honest, [person.q for person in people]))
    return float(np.mean(found))
