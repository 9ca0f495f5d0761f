"""The ClientApp: trains on the contributor's own samples, as its behaviour has it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from flwr.app import (
    Array,
    ArrayRecord,
    ConfigRecord,
    Context,
    Message,
    MetricRecord,
    RecordDict,
)
from flwr.clientapp import ClientApp

from anml_fl.federation.attacker_credentials import with_credentials
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.run_task import contributors_task
from anml_fl.run.code_hash import code_hash
from anml_fl.run.own_code import shared_code
from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from anml_fl.tables.statistics import LEAST, statistics_of
from clients.claim import claim
from clients.echo import echo_nonce
from clients.egress import guarded, policy_of
from clients.local_round import LocalRound
from clients.own_table import has_own_table, own_table, own_task
from clients.redaction import discreet
from clients.unpacked import unpacked
from strategies import protocol
from strategies.arrays import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


def client_app(task_for: Callable[[RunConfig], Task] = contributors_task) -> ClientApp:
    """Build the ClientApp.

    Parameters
    ----------
    task_for : callable
        From a run's settings to its task; a run from Python may have data of its own. A node
        that has a table of its own has its own task.
    """
    app = ClientApp(mods=[guarded, echo_nonce, discreet, unpacked])
    app.query("statistics")(tell_statistics)

    @app.train()
    def train(message: Message, context: Context) -> Message:
        return train_round(message, context, task_for)

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        return evaluate_model(message, context, task_for)

    return app


def tell_statistics(message: Message, context: Context) -> Message:
    """Tell counts and sums over rows of this node's own table: the same whoever asks.

    Parameters
    ----------
    message : Message
    context : Context
        `data`, `schema` and possibly `egress` in its node config.
    """
    config, node = _config(context), context.node_config
    if not has_own_table(node, config):
        raise ConfigError(
            "data: this node has no table of its own, whose statistics it could tell: start it"
            " with `anml join --data FILE`"
        )
    table = own_table(node, config, message.content.config_records[protocol.CONFIG])
    policy = policy_of(node)
    least = max(LEAST, policy.least_count) if policy else LEAST
    told = statistics_of(table.measured_rows(), least).to_json()
    statistics = ConfigRecord({protocol.JSON: told})
    return Message(RecordDict({protocol.STATISTICS: statistics}), reply_to=message)


def train_round(
    message: Message,
    context: Context,
    task_for: Callable[[RunConfig], Task] = contributors_task,
) -> Message:
    """Train the global model on this contributor's samples.

    Parameters
    ----------
    message : Message
        The global model's arrays, and the round.
    context : Context
        Settings in its run config; `partition-id` or `data`, and possibly `behaviour`, in its
        node config.
    task_for : callable
        As of `client_app`.

    Returns
    -------
    Message
        The trained arrays, the number of samples, and what credentials it shows.
    """
    config = _config(context)
    task, contributor = _task(message, context, config, task_for)
    listed = context.node_config.get("behaviour")
    if listed is None:
        own = has_own_table(context.node_config, config)
        listed = HONEST if own else behaviours_of(config)[contributor]
    local = LocalRound(
        config,
        task,
        int(str(message.content.config_records[protocol.CONFIG][protocol.ROUND])),
        values_of(message.content.array_records[protocol.ARRAYS]),
    )
    arrays, examples = local.reply_of(contributor, str(listed))
    trained = ArrayRecord({name: Array(value) for name, value in arrays.items()})
    metrics = MetricRecord({protocol.EXAMPLES: examples})
    content = RecordDict({protocol.ARRAYS: trained, protocol.METRICS: metrics})
    content[protocol.CODE] = ConfigRecord({protocol.HASH: code_hash()})
    training = config.training
    if modules := _own_code(training.task, config.federation.dataset, training.model):
        content[protocol.OWN] = ConfigRecord(dict(modules))
    credentials = with_credentials(str(listed), config.attacks).credentials
    if credentials is not None:
        tokens = credentials(config.seed, contributor, task.data.names)
        content[protocol.CREDENTIALS] = ConfigRecord({protocol.TOKENS: tokens})
    return Message(content, reply_to=message)


def evaluate_model(
    message: Message,
    context: Context,
    task_for: Callable[[RunConfig], Task] = contributors_task,
) -> Message:
    """Score a model on the rows that this contributor held back: its claim.

    Parameters
    ----------
    message : Message
        The model's arrays, and possibly the name of a metric; the error without one.
    context : Context
        As of `train_round`.
    task_for : callable
        As of `client_app`.

    Returns
    -------
    Message
        The score, and on how many rows.
    """
    task, contributor = _task(message, context, _config(context), task_for)
    content = message.content
    metric = str(content.config_records[protocol.CONFIG].get(protocol.METRIC, ""))
    model = values_of(content.array_records[protocol.ARRAYS])
    value, examples = claim(task, contributor, metric, model)
    told = MetricRecord({protocol.VALUE: value, protocol.EXAMPLES: examples})
    return Message(RecordDict({protocol.CLAIM: told}), reply_to=message)


def _task(
    message: Message,
    context: Context,
    config: RunConfig,
    task_for: Callable[[RunConfig], Task],
) -> tuple[Task, str]:
    """Find what this node learns from, and who it is in it."""
    if has_own_table(context.node_config, config):
        told = message.content.config_records[protocol.CONFIG]
        task = own_task(context.node_config, config, told)
        return task, task.data.names[0]
    partition = int(context.node_config[protocol.PARTITION])
    if not 0 <= partition < config.federation.contributors:
        raise ConfigError(
            f"partition-id must lie in [0, {config.federation.contributors - 1}], the"
            f" federation's contributors, got {partition}"
        )
    task = task_for(config)
    return task, task.data.names[partition]


def _config(context: Context) -> RunConfig:
    return _read(tuple((k, v) for k, v in context.run_config.items() if k != "out"))


@lru_cache(maxsize=4)  # the same in every round
def _read(settings: tuple[tuple[str, str | int | float | bool], ...]) -> RunConfig:
    return from_flat(dict(settings))


@lru_cache(maxsize=4)  # files are read once, as they are imported once
def _own_code(task: str, dataset: str, model: str) -> Mapping[str, str]:
    return shared_code(task, dataset, model)


app = client_app()
