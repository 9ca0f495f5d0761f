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

from anml_fl.behaviours import cast_roles, part_in_round
from anml_fl.config import ConfigError
from anml_fl.datasets.prepare import deal_of
from anml_fl.method.threads import one_thread
from anml_fl.models.architectures import build
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.run.code import code_hash
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from clients.behaviours import behaviour
from clients.behaviours.credentials import credentials
from clients.discretion import discreet
from clients.echo import echo_nonce
from clients.training import train
from clients.unpacked import unpacked
from strategies import protocol
from strategies.arrays import values_of

if TYPE_CHECKING:
    from anml_fl.config import RunConfig

app = ClientApp(mods=[discreet, echo_nonce, unpacked])


@app.query("enrol")
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


@app.train()
def train_round(message: Message, context: Context) -> Message:
    """Train the global model on this contributor's samples.

    Parameters
    ----------
    message : Message
        The global model's arrays, and the round.
    context : Context
        Settings in its run config; `partition-id`, and possibly `behaviour`, in its
        node config.

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
    dealt = deal_of(config)
    contributor = dealt.names[partition]
    server_round = str(message.content.config_records[protocol.CONFIG][protocol.ROUND])
    held = dealt.parts[partition]
    role = str(context.node_config.get("behaviour", cast_roles(config)[contributor]))
    # The stream has no round in it: an attacker's poison is the same in every round.
    rng = stream(config.seed, "behaviour", contributor)
    part = part_in_round(role, int(server_round), config.attacks)
    samples = behaviour(part)(held, rng, config.attacks)
    with one_thread():
        model = build(
            config.training.model, held.features.shape[1], dealt.image, held.classes, seed=0
        )
        load_arrays(model, values_of(message.content.array_records[protocol.ARRAYS]))
        order = stream(config.seed, "training", contributor, server_round)
        train(model, samples, config.training, order)
    trained = ArrayRecord({name: Array(value) for name, value in arrays_of(model).items()})
    metrics = MetricRecord({protocol.EXAMPLES: samples.labels.size})
    content = RecordDict({protocol.ARRAYS: trained, protocol.METRICS: metrics})
    content[protocol.CODE] = ConfigRecord({protocol.HASH: code_hash()})
    if tokens := credentials(role, config.seed, contributor, dealt.names):
        content[protocol.CREDENTIALS] = ConfigRecord({protocol.TOKENS: tokens})
    return Message(content, reply_to=message)


@lru_cache(maxsize=4)  # the same in every round
def _read(settings: tuple[tuple[str, str | int | float | bool], ...]) -> RunConfig:
    return from_flat(dict(settings))
