"""Training a round's contributors at once: what each would reply alone, in columns."""

from __future__ import annotations

from functools import lru_cache
from logging import INFO
from typing import TYPE_CHECKING, Any

from flwr.common.logger import log

from anml_fl.federation.run_task import contributors_task
from anml_fl.run.code_hash import code_hash
from anml_fl.run.own_code import shared_code
from clients.cohort_members import CohortMembers
from clients.cohort_training import cohort_kind
from clients.cohort_updates import CohortUpdates
from strategies.cohort_replies import CohortReplies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


class CohortRounds:
    """A run's rounds, as an engine in this process asks for them.

    Contributors reply what each would reply alone: the same samples, order and training, and
    the same reason where one fails.

    Parameters
    ----------
    members : CohortMembers
    """

    def __init__(self, members: CohortMembers) -> None:
        self._members = members

    def __call__(
        self, number: int, model: Mapping[str, NDArray[Any]], contributors: Sequence[str]
    ) -> CohortReplies:
        """Train contributors from one global model.

        Parameters
        ----------
        number : int
            The round, from 1.
        model : mapping
            Name to array.
        contributors : sequence of str
            Who is asked, by stable identity.
        """
        members = self._members
        members.places.load(model)
        cohort = CohortUpdates(members, number, model)
        cohort.train(contributors)
        cohort.change()
        shown = {
            name: tokens
            for name in members.showing(contributors)
            if (tokens := cohort.attempt(name, members.shown_by))
        }
        config = members.config
        return CohortReplies(
            *cohort.columns(),
            left_out=cohort.left_out,
            credentials={name: shown[name] for name in shown if name not in cohort.left_out},
            code=code_hash(),
            own=_own_code(
                config.training.task, config.federation.dataset, config.training.model
            ),
        )


def cohort_of(config: RunConfig, task: Task | None = None) -> CohortRounds | None:
    """Make what trains a run's contributors at once, if its engine is `cohort`.

    Parameters
    ----------
    config : RunConfig
    task : Task, optional
        Of data that a program gave; as the settings say by default.

    Returns
    -------
    CohortRounds or None
        None where each trains by itself: under other engines, and with a task of one's own.
    """
    if config.engine != "cohort":
        return None
    if config.training.task:
        log(INFO, "engine: with a task of one's own contributors train one by one, as inline")
        return None
    members = CohortMembers(config, contributors_task(config) if task is None else task)
    if cohort_kind(members.model, config.training) == "alone":
        log(INFO, "engine: the model %s trains one by one", config.training.model)
    return CohortRounds(members)


@lru_cache(maxsize=4)  # files are read once, as they are imported once
def _own_code(task: str, dataset: str, model: str) -> Mapping[str, str]:
    return shared_code(task, dataset, model)
