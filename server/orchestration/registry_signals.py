"""Which registry a strategy asks for v, r and T, and at which instants."""

from __future__ import annotations

from logging import WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.federation.simulated_registry import simulated_registry
from anml_fl.method.reputation import ReputationRule
from anml_fl.registry.clock import date, microseconds, now, years
from anml_fl.registry.instants import Reading, SteadyClock, after, remark
from anml_fl.settings.section import ConfigError
from anml_fl.system.working_folder import started_in
from server.orchestration.database_retry import RetryingRegistry, retried
from server.orchestration.settlement import run_id
from strategies.signal_source import SignalSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine

    from anml_fl.settings.run import RunConfig
    from server.orchestration.settlement import Settlement


def database(config: RunConfig) -> Engine | None:
    """Open the contributors' registry, if the run has one that is not simulated.

    Raises
    ------
    ConfigError
        If it is a file that is not there.
    DatabaseError
        If it cannot be used.
    """
    where = config.registry.database
    if not where:
        return None
    from anml_fl.database.engine import open_database  # noqa: PLC0415 - takes its time

    if "://" in where:
        return retried(lambda: open_database(where))
    # The engine's processes have a working folder of their own.
    path = started_in() / where
    if not path.exists():
        raise ConfigError(
            f"registry.database: there is no {where}; `anml registry add` makes a registry"
        )
    return open_database(path)


def signal_source(
    config: RunConfig,
    behaviours: Mapping[str, str],
    engine: Engine | None,
    settlement: Settlement | None,
    last: float = 0.0,
    repeated: Sequence[float] = (),
) -> SignalSource:
    """Choose a strategy's registry, when it is asked, and whether reputations move in it.

    Parameters
    ----------
    config : RunConfig
    behaviours : mapping
        Contributor to behaviour, for a simulated registry.
    engine : sqlalchemy.Engine, optional
        Of the contributors' registry.
    settlement : Settlement, optional
        Of the strategy that pays: only it moves the reputations of a real registry.
    last : float
        The instant of the strategy's last round, if it goes on: none lies before it.
    repeated : sequence of float
        When each round of a strategy that pays nobody asked before, if it is repeated.
    """
    chosen = config.registry
    if engine is None or chosen.simulated:
        # A fresh one each: what one strategy's rounds teach is nothing to the next.
        registry = simulated_registry(config, behaviours)
        return SignalSource(registry, 0.0, chosen.reputation, config.name)
    from anml_fl.registry.sql import SqlRegistry  # noqa: PLC0415 - takes its time

    rule = ReputationRule(chosen.forgetting, chosen.exploration, chosen.r_min)
    # What is done to the wall clock from here on moves no instant.
    clock = SteadyClock(now)
    sql = retried(lambda: SqlRegistry(engine, rule=rule, clock=clock))
    kept, run = RetryingRegistry(sql), run_id(config)

    def present() -> Reading:
        instant = date(after(microseconds(last), microseconds(kept.now())))
        return Reading(years(instant), remark(instant, now()))

    if settlement is None and repeated:
        return SignalSource(kept, lambda server_round: repeated[server_round - 1], run=run)
    start = present()
    if settlement is None:
        return SignalSource(kept, start, run=run)
    if strangers := sorted(
        set(behaviours) - {one.identity for one in sql.contributors(start.at)}
    ):
        log(
            WARNING,
            "%d of %d contributors are not in the registry (%s): v = .25, r = .40, T = 1, and"
            " no reputation is kept of them",
            len(strangers),
            len(behaviours),
            ", ".join(strangers[:3]) + (", ..." if len(strangers) > 3 else ""),
        )
    if settlement.instants:
        log(
            WARNING,
            "%d rounds of this run are settled in the registry's database: they are repeated"
            " as of then. Another --name, seed or setting is another run",
            len(settlement.instants),
        )

    def at(server_round: int) -> Reading:
        # A round that was settled before an interruption is recomputed as it was.
        before = settlement.instants.get(server_round) or kept.observed_at(run, server_round)
        return Reading(before) if before else present()

    return SignalSource(kept, at, chosen.reputation, run)
