"""Payouts that are checked before they are settled: what a round's updates are worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.run_task import task_of
from anml_fl.method.attribution import payouts
from anml_fl.run.server_seed import kept_seed
from anml_fl.run.updates import load_updates
from anml_fl.seeding import stream
from anml_fl.settings.run import APP
from anml_fl.settings.section import ConfigError
from anml_fl.valuation.estimators import ExactShapley, PermutationShapley
from anml_fl.valuation.game import Game
from server.orchestration.common_scale import kept_scale, on_scale
from server.orchestration.round_game import refuse_untested, round_game, rows_on

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.federation.task import Task
    from anml_fl.ledger.holding import Holding
    from anml_fl.method.records import RoundRecord
    from anml_fl.settings.run import RunConfig

MOST_EXACT = 10
"""Paid contributors up to which all coalitions are tested; of more, orders are drawn."""
PERMUTATIONS = 100


def check_holding(out: Path, config: RunConfig) -> None:
    """Refuse to hold payouts where nothing at the server tells what updates are worth.

    Raises
    ------
    ConfigError
        Saying what it needs.
    """
    if config.engine == APP or config.training.task:
        raise ConfigError(
            "holding payouts needs test rows at the server, and the data of"
            f" {config.training.task or 'a Flower app'} are none of its own"
        )
    if not config.settlement.record_updates:
        raise ConfigError(
            "holding payouts needs the updates that a round pays for:"
            " settlement.record_updates is off; leave it on"
        )
    task = task_of(config)
    if not config.table.on_nodes:
        refuse_untested(task, out)


@dataclass(frozen=True)
class RoundCheck:
    """Checks what a run's rounds would pay against what their updates are worth.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    holding : Holding
    """

    out: Path
    config: RunConfig
    holding: Holding

    @cached_property
    def _task(self) -> Task:
        seed = kept_seed(self.out)
        task = task_of(self.config, seed)
        if self.config.table.on_nodes:
            task = on_scale(task, self.config, kept_scale(self.config, self.out), seed)
        if isinstance(task, ModuleTask):
            raise ConfigError(
                "holding payouts needs test rows at the server, got a task's own"
            )
        refuse_untested(task, self.out)
        return task

    def held(self, record: RoundRecord) -> dict[str, Any] | None:
        """Value the updates that a round would pay for; say why it is held, or None.

        The players are those who would be paid. A coalition is worth what the model before
        the round scores on the server's test rows with its members' updates, averaged by
        weight: everybody's is the model that the round made, before any step of a server's
        optimizer.

        Parameters
        ----------
        record : RoundRecord
            Of a round whose updates were kept.

        Raises
        ------
        OSError, ValueError
            If the updates are not there, or are of another round.
        """
        people = record.contributors
        sums = payouts([one.weight for one in people], self.config.settlement.pool).tolist()
        paid = {
            one.contributor: amount
            for one, amount in zip(people, sums, strict=True)
            if amount > 0
        }
        if not paid:
            return None
        updates = load_updates(self.out / self.config.settling, record.round)
        weights = {one.contributor: one.weight for one in people}
        places = [updates.contributors.index(name) for name in paid]
        chosen = replace(
            updates,
            contributors=tuple(paid),
            updates=updates.updates[places],
            examples=np.array([weights[name] for name in paid]),
        )
        quality = rows_on(self._task.data.test)
        game = Game(tuple(paid), round_game(self._task.initial_model(), quality, chosen))
        way = ExactShapley() if len(paid) <= MOST_EXACT else PermutationShapley(PERMUTATIONS)
        found = way(game, stream(self.config.seed, "held payouts", record.round))
        return self.holding.judge(paid, found.values, found.errors)
