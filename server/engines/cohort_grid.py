"""A grid in this process that trains a round's contributors at once, and not one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.engines.inline_grid import InlineGrid
from strategies import protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from flwr.clientapp import ClientApp
    from numpy.typing import NDArray

    from anml_fl.settings.run import RunConfig
    from server.engines.inline_grid import Value
    from strategies.cohort_replies import CohortReplies

    TrainCohort = Callable[[int, Mapping[str, NDArray[Any]], Sequence[str]], CohortReplies]


class CohortGrid(InlineGrid):
    """Train by one call a round; whatever else is asked goes to the ClientApp, as inline.

    Parameters
    ----------
    client_app : ClientApp
        For evaluation, queries, and whoever sends messages.
    node_configs : sequence of mapping
        One entry a node.
    run_config : mapping
        The run config that every client sees.
    train_cohort : callable
        From the round, the model's arrays by name and the contributors who are asked to what
        they reply.
    """

    def __init__(
        self,
        client_app: ClientApp,
        node_configs: Sequence[Mapping[str, Value]],
        run_config: Mapping[str, Value],
        train_cohort: TrainCohort,
    ) -> None:
        super().__init__(client_app, node_configs, run_config)
        self._train_cohort = train_cohort

    def train_cohort(
        self,
        server_round: int,
        model: Mapping[str, NDArray[Any]],
        contributors: Sequence[str],
    ) -> CohortReplies:
        """Train contributors from one global model, see `TrainsCohort`."""
        return self._train_cohort(server_round, model, contributors)


def grid_in_process(
    config: RunConfig, client_app: ClientApp, train_cohort: TrainCohort | None = None
) -> InlineGrid:
    """Make the grid of a run in this process, with a node for each contributor.

    Parameters
    ----------
    config : RunConfig
    client_app : ClientApp
    train_cohort : callable, optional
        As of `CohortGrid`; without it the ClientApp trains one after the other.
    """
    total = config.federation.contributors
    nodes = [{protocol.PARTITION: i, "num-partitions": total} for i in range(total)]
    if train_cohort is None:
        return InlineGrid(client_app, nodes, config.to_flat())
    return CohortGrid(client_app, nodes, config.to_flat(), train_cohort)
