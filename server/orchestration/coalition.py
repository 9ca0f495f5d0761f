"""A federation of some of a run's contributors, trained in this process, with no folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flwr.app import Array, ArrayRecord

from anml_fl.behaviour import is_honest
from anml_fl.federation.data import data_of
from anml_fl.federation.root import root_set, with_root
from anml_fl.federation.task import Task
from anml_fl.models.state import arrays_of
from anml_fl.run.best_round import Stopping, compared
from anml_fl.settings.evaluation import Evaluation
from anml_fl.settings.section import ConfigError
from server.engines.cohort_grid import grid_in_process
from server.engines.inline_grid import identity_kept
from server.orchestration.registry_signals import signal_source
from strategies.arrays import values_of
from strategies.identity import ByPartition
from strategies.participation import Participation
from strategies.rule import named_rule
from strategies.sampling import Sampling
from strategies.screened_strategy import ScreenedStrategy
from strategies.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flwr.clientapp import ClientApp
    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.settings.run import RunConfig
    from server.engines.cohort_grid import TrainCohort

    ClientAppFor = Callable[[Callable[[RunConfig], Task]], ClientApp]
    Split = Callable[[RunConfig, tuple[str, ...], int], Partitioned]
    CohortFor = Callable[[RunConfig, Task], TrainCohort | None]


@dataclass(frozen=True, slots=True)
class Again:
    """What trains federations again, with fewer contributors or on another split.

    Parameters
    ----------
    client_app : callable
        From a function that gives a run's task to the ClientApp that trains on it.
    split : callable
        From settings, contributors and the repeat's number to their data. Shipped data are
        split by the settings' seed, rows of one's own by themselves and that number.
    cohort : callable, optional
        From settings and task to what trains a round's contributors at once, if anything
        does. Without, one trains after the other.
    """

    client_app: ClientAppFor
    split: Split = data_of
    cohort: CohortFor | None = None


def coalition_of(
    config: RunConfig, whole: Task, members: Mapping[str, str]
) -> tuple[RunConfig, Task]:
    """Make settings and task of a federation in which only some take part.

    Rows stay on the scale that all of them gave, and the root set is that of all, but for
    what absent contributors would have donated: what differs is the model alone.

    Parameters
    ----------
    config : RunConfig
        Of the whole federation.
    whole : Task
        Of the whole federation, as `whole_task` makes it.
    members : mapping
        Contributor to behaviour, at least one.
    """
    federation = config.federation.model_copy(
        update={
            "contributors": len(members),
            "names": ",".join(members),
            "roles": ",".join(members.values()),
            "behaviours": dict(Counter(members.values())),
        }
    )
    data = whole.data
    places = [data.names.index(name) for name in members]
    held = replace(
        data,
        parts=tuple(data.parts[place] for place in places),
        names=tuple(members),
        truths=None if data.truths is None else tuple(data.truths[i] for i in places),
        tested=None,
    )
    metric, patience = config.evaluation.metric, config.evaluation.patience
    chosen = Evaluation(metric=metric, patience=patience)
    changed = {"federation": federation, "evaluation": chosen}
    settings = config.model_copy(update=changed)
    task = Task(held, config.training.model, config.seed, metric, root=whole.root)
    if whole.root is None or not whole.root.donated:
        return settings, task
    alone = replace(task, root=None)
    try:
        return settings, with_root(alone, settings)
    except ConfigError:
        # They have too little to give.
        return settings, alone


def whole_task(config: RunConfig, data: Partitioned, run: Task) -> Task:
    """Make the task of a whole federation on another split, with a root set of its own.

    Parameters
    ----------
    config : RunConfig
    data : Partitioned
    run : Task
        The run's own.

    Raises
    ------
    ConfigError
        If the split has no such root set.
    """
    task = replace(run, data=data, seed=config.seed, root=None, root_note="")
    return with_root(task, config)


def coalition_model(
    again: Again, config: RunConfig, task: Task, rule: str, code: str
) -> dict[str, NDArray[Any]]:
    """Train a federation, by the same apps and the same strategy as a run.

    Parameters
    ----------
    again : Again
    config : RunConfig
    task : Task
        As `coalition_of` makes them.
    rule : str
        Name of the strategy.
    code : str
        Hash of the code that contributors must run.

    Returns
    -------
    dict
        The last round's arrays by name; with patience the best round's, on all test rows.
    """
    names, training = task.data.names, config.training
    behaviours = dict(zip(names, config.federation.listed_roles, strict=True))
    honest = [who for who, behaviour in behaviours.items() if is_honest(behaviour)]
    # A registry of its own each time: what another federation taught it is not known here.
    signals = signal_source(config, behaviours, None, None)
    strategy = ScreenedStrategy(
        named_rule(rule, config.aggregation, honest, root_set(task, config)),
        signals,
        Participation(
            roster=ByPartition(names),
            min_replies=training.min_replies,
            min_train_nodes=0,
            min_available_nodes=0,
            code=code,
        ),
        Transport(judged=task.judged),
        sampling=Sampling(fraction_train=training.fraction_train, seed=config.seed),
    )
    arrays: dict[str, NDArray[Any]] = arrays_of(task.initial_model())
    stopping, scores = Stopping.of(config), list[float | None]()
    best: dict[str, NDArray[Any]] = {}
    initial = ArrayRecord({name: Array(value) for name, value in arrays.items()})
    cohort = None if again.cohort is None else again.cohort(config, task)
    with identity_kept():
        grid = grid_in_process(config, again.client_app(lambda _: task), cohort)
        for one in strategy.rounds(grid, initial, training.rounds, training.timeout):
            arrays = values_of(one.arrays)
            signals.observe(one.record)
            if stopping.patience:
                model = task.model_of(arrays)
                score = task.score(model) if task.measure else task.error(model)
                scores.append(compared(one.record, score))
                best = arrays if stopping.kept(scores) == len(scores) else best
                if stopping.over(scores):
                    break
    return best or arrays
