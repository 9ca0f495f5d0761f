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

from anml_fl.behaviour import behaviour
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.task import task_of
from anml_fl.run.code_hash import code_hash
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.echo import echo_nonce
from clients.local_round import LocalRound
from clients.redaction import discreet
from clients.unpacked import unpacked
from strategies import protocol
from strategies.arrays import values_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from anml_fl.federation.task import Task
    from anml_fl.settings.run import RunConfig


def client_app(task_for: Callable[[RunConfig], Task] = task_of) -> ClientApp:
    """Build the ClientApp.

    Parameters
    ----------
    task_for : callable
        From a run's settings to its task; a run from Python may have data of its own.
    """
    app = ClientApp(mods=[discreet, echo_nonce, unpacked])
    app.query("enrol")(enrol)

    @app.train()
    def train(message: Message, context: Context) -> Message:
        return train_round(message, context, task_for)

    return app


def enrol(message: Message, context: Context) -> Message:
    """Tell which partition the engine gave to this node.

    Parameters
    ----------
    message : Message
    context : Context
        `partition-id` in its node config.
    """
    partition = int(context.node_config[protocol.PARTITION])
    identity = ConfigRecord({protocol.PARTITION: partition})
    return Message(RecordDict({protocol.IDENTITY: identity}), reply_to=message)


def train_round(
    message: Message, context: Context, task_for: Callable[[RunConfig], Task] = task_of
) -> Message:
    """Train the global model on this contributor's samples.

    Parameters
    ----------
    message : Message
        The global model's arrays, and the round.
    context : Context
        Settings in its run config; `partition-id`, and possibly `behaviour`, in its
        node config.
    task_for : callable
        As of `client_app`.

    Returns
    -------
    Message
        The trained arrays, the number of samples, and what credentials it shows.
    """
    config = _read(tuple((k, v) for k, v in context.run_config.items() if k != "out"))
    partition = int(context.node_config[protocol.PARTITION])
    if not 0 <= partition < config.federation.contributors:
        raise ConfigError(
            f"partition-id must lie in [0, {config.federation.contributors - 1}], the"
            f" federation's contributors, got {partition}"
        )
    task = task_for(config)
    contributor = task.data.names[partition]
    listed = context.node_config.get("behaviour", behaviours_of(config)[contributor])
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
    if (credentials := behaviour(str(listed)).credentials) is not None:
        tokens = credentials(config.seed, contributor, task.data.names)
        content[protocol.CREDENTIALS] = ConfigRecord({protocol.TOKENS: tokens})
    return Message(content, reply_to=message)


@lru_cache(maxsize=4)  # the same in every round
def _read(settings: tuple[tuple[str, str | int | float | bool], ...]) -> RunConfig:
    return from_flat(dict(settings))


app = client_app()
