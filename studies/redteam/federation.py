"""A federation under attack: the real strategy on the inline engine, clients good and bad."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from logging import WARNING
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.common.logger import console_handler
from threadpoolctl import threadpool_limits

from anml_fl.federation.root import root_set
from anml_fl.method.threads import one_thread
from anml_fl.models.state import arrays_of
from anml_fl.run.code_hash import code_hash
from clients.echo import echo_nonce
from clients.local_round import LocalRound
from server.engines.inline_grid import InlineGrid
from strategies import protocol
from strategies.arrays import values_of
from strategies.identity import ByPartition
from strategies.layout import Layout
from strategies.participation import Participation
from strategies.rule import Rule, named_rule
from strategies.sampling import Drawn, Sampling
from strategies.screened_strategy import ScreenedStrategy
from strategies.sent import Sent
from strategies.signal_source import SignalSource
from strategies.transport import Transport
from studies.redteam.attackers import Attackers
from studies.redteam.outcome import Outcome, outcome_of
from studies.redteam.perceptron_root import with_quick_root
from studies.redteam.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import Context as NodeContext
    from numpy.typing import NDArray

    from anml_fl.method.records import RoundRecord
    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision
    from studies.redteam.attack import Attack
    from studies.redteam.setting import Ground

    Arrays = Mapping[str, NDArray[Any]]

_SECONDS = 600.0


@dataclass(slots=True)
class _Federation:
    """A federation while it is attacked: what a round's attackers may ask for."""

    attackers: Attackers
    rule: Rule
    registry: Any
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    number: int = 0
    replies: Mapping[str, tuple[Arrays, int]] = field(default_factory=dict)
    failure: Exception | None = None

    def decide(self, cohort: Cohort, context: Context) -> Decision:
        """Apply the rule, and keep what it remembers for those who know it."""
        decision = self.rule.decide(cohort, context)
        self.state = decision.state
        return decision

    def train(self, message: Message, context: NodeContext) -> Message:
        """Answer for one contributor; the first that is asked lets all of them train."""
        content = message.content
        number = int(str(content.config_records[protocol.CONFIG][protocol.ROUND]))
        if number != self.number:
            try:
                self.replies = self._round(number, content.array_records[protocol.ARRAYS])
            except Exception as error:
                # What a client raises is a reply left out, and would be taken for a defence.
                self.failure = error
                raise
            self.number = number
        names = self.attackers.ground.task.data.names
        arrays, examples = self.replies[names[int(context.node_config[protocol.PARTITION])]]
        trained = ArrayRecord({name: Array(value) for name, value in arrays.items()})
        reply = RecordDict()
        reply[protocol.ARRAYS] = trained
        reply[protocol.METRICS] = MetricRecord({protocol.EXAMPLES: examples})
        reply[protocol.CODE] = ConfigRecord({protocol.HASH: code_hash()})
        return Message(reply, reply_to=message)

    def _round(self, number: int, record: ArrayRecord) -> dict[str, tuple[Arrays, int]]:
        ground = self.attackers.ground
        arrays = values_of(record)
        # The first round is the same under all rules and attacks.
        honestly = _first_round(ground) if number == 1 else _honest(ground, number, arrays)
        replies = dict(honestly)
        bad = np.array([name in self.attackers.names for name in replies])
        if not bad.any():
            return replies
        layout = Layout.of(record)
        model = np.empty(layout.size, layout.dtype)
        layout.flatten(record, model)
        honest = np.stack([_vector(sent) - model for sent, _ in replies.values()])
        for name in self.attackers.names:
            replies[name] = replies[name][0], self.attackers.examples(name)
        trial = None
        if self.attackers.attack.knows_rule:
            before = Sent(record, layout, model, {}, [], Drawn({}), 0.0)
            trial = Trial(
                rule=self.rule,
                context=self._context(before, number),
                contributors=tuple(replies),
                bad=bad,
                updates=honest,
                examples=np.array([count for _, count in replies.values()], np.float64),
                signals=self.registry.signals(tuple(replies), at=0.0),
                rows=self.attackers.rows,
            )
        updates = self.attackers.updates(number, arrays, honest[bad], honest[~bad], trial)
        for name, update in zip(self.attackers.names, updates, strict=True):
            replies[name] = _arrays(model + update, arrays), replies[name][1]
        return replies

    def _context(self, before: Sent, number: int) -> Context:
        """What the rule will be given, as far as the attackers know it."""
        known = None if self.rule.root is None else self.attackers.root()
        rule, seed = replace(self.rule, root=known), self.attackers.ground.config.seed
        context = before.context(number, rule, self.state, seed)
        return context if known is None else with_quick_root(context, known)


def attacked(ground: Ground, attack: Attack, rule: str, *, root: bool = True) -> Outcome:
    """Train a federation under a rule and an attack.

    Parameters
    ----------
    ground : Ground
    attack : Attack
    rule : str
        Of `anml_fl.plugins.RULES`, or `module:object`.
    root : bool
        Whether the rule has the root set.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If the rule is unknown, or cannot be used.
    RuntimeError
        If the attackers fail.

    Examples
    --------
    >>> from studies.redteam.attack import Attack
    >>> from studies.redteam.setting import SETTINGS, ground_of
    >>> ground = ground_of(SETTINGS["digits"], 0)
    >>> attacked(ground, Attack(), "fedavg").error < 0.3
    True
    """
    config, task = ground.config, ground.task
    attackers = Attackers(attack, ground)
    honest = [name for name in task.data.names if name not in attackers.names]
    trusted = root_set(task, config) if root else None
    chosen = named_rule(rule, config.aggregation, honest, trusted)
    game = _Federation(attackers, chosen, attackers.registry())
    app = ClientApp(mods=[echo_nonce])
    app.train()(game.train)
    strategy = ScreenedStrategy(
        replace(chosen, decide=game.decide),
        SignalSource(game.registry, 0.0),
        Participation(
            roster=ByPartition(task.data.names, _SECONDS),
            min_train_nodes=0,
            min_available_nodes=0,
            code=code_hash(),
        ),
        Transport(judged=task.judged),
        sampling=Sampling(seed=config.seed),
    )
    before = console_handler.level
    console_handler.setLevel(WARNING)  # Flower tells of every round
    try:
        with one_thread(), threadpool_limits(limits=1):
            arrays, records = _trained(strategy, game, app)
            error = task.error(task.model_of(arrays))
    finally:
        console_handler.setLevel(before)
    return outcome_of(error, records, frozenset(attackers.names))


def _trained(
    strategy: ScreenedStrategy, game: _Federation, app: ClientApp
) -> tuple[Arrays, list[RoundRecord]]:
    ground = game.attackers.ground
    arrays: Arrays = arrays_of(ground.task.initial_model())
    nodes = [{protocol.PARTITION: i} for i in range(len(ground.order))]
    grid = InlineGrid(app, nodes, ground.config.to_flat())
    initial = ArrayRecord({key: Array(value) for key, value in arrays.items()})
    records = []
    for one in strategy.rounds(grid, initial, ground.config.training.rounds, _SECONDS):
        if game.failure is not None:
            raise RuntimeError(
                f"the attackers failed in round {one.record.round}: {game.failure}"
            ) from game.failure
        arrays = values_of(one.arrays)
        records.append(one.record)
    return arrays, records


def _honest(ground: Ground, number: int, model: Arrays) -> dict[str, tuple[Arrays, int]]:
    """Everybody's honest reply, by identity."""
    local = LocalRound(ground.config, ground.task, number, model)
    return {name: local.reply_of(name, "honest") for name in sorted(ground.task.data.names)}


@lru_cache(maxsize=8)
def _first_round(ground: Ground) -> dict[str, tuple[Arrays, int]]:
    return _honest(ground, 1, arrays_of(ground.task.initial_model()))


def _vector(arrays: Arrays) -> NDArray[Any]:
    return np.concatenate([value.ravel() for value in arrays.values()])


def _arrays(vector: NDArray[Any], like: Arrays) -> Arrays:
    ends = np.cumsum([value.size for value in like.values()])[:-1]
    parts = zip(like.items(), np.split(vector, ends), strict=True)
    return {name: part.reshape(old.shape).astype(old.dtype) for (name, old), part in parts}
