"""A Flower strategy that screens replies, applies a rule, and records the round."""

from __future__ import annotations

import math
import secrets
import time
from dataclasses import replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, MessageType
from flwr.common.logger import log

from anml_fl.method.checks import count
from anml_fl.method.records import RoundRecord
from anml_fl.registry.instants import later
from strategies.app_strategy import AppStrategy
from strategies.arrays import is_finite, values_of
from strategies.buffers import medians
from strategies.cohort import assess
from strategies.cohort_replies import TrainsCohort, screen_cohort
from strategies.contributor_records import (
    accounts,
    listed,
    stop_silent,
    warn,
    warn_silent,
)
from strategies.instruction import instruct
from strategies.landmarks import Landmarks
from strategies.metrics import Metrics
from strategies.participation import Participation
from strategies.registry_answers import ask, show
from strategies.round import Round
from strategies.rule import Rule
from strategies.sampling import Drawn, Sampling
from strategies.screening import Screened, screen
from strategies.sent import Sent
from strategies.server_optimizer import server_optimizer
from strategies.server_step import STATE, ServerState, server_step
from strategies.signal_source import SignalSource
from strategies.transport import Transport
from strategies.usable import decided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp import Grid
    from numpy.typing import NDArray

    from anml_fl.registry.instants import Reading
    from strategies.cohort import Cohort
    from strategies.decision import Decision
    from strategies.run_log import RunLog


class ScreenedStrategy(AppStrategy):
    """Ask every node, believe none, apply one rule to what is valid.

    Parameters
    ----------
    rule : Rule
        What decides.
    signals : SignalSource, optional
        Where v, r and T come from.
    participation : Participation, optional
        Who is asked, and how many must answer.
    transport : Transport, optional
        How models are sent.
    log : RunLog, optional
        Keeps the runs that `start` carries out.
    sampling : Sampling, optional
        Who of those who are there is asked.
    metrics : Metrics, optional
        What is made of contributors' metrics.

    Attributes
    ----------
    records : list of RoundRecord
        One a round.
    round : Round or None
        The last one.
    """

    def __init__(
        self,
        rule: Rule,
        signals: SignalSource | None = None,
        participation: Participation | None = None,
        transport: Transport | None = None,
        log: RunLog | None = None,
        sampling: Sampling | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        if not isinstance(rule, Rule):
            raise TypeError(
                "a strategy needs a Rule, as Rule(function, 'name'), got"
                f" {type(rule).__name__}"
            )
        self.rule = rule
        self.signals = signals or SignalSource()
        self.participation = participation or Participation()
        self.transport = transport or Transport()
        self.log = log
        self.sampling = sampling or Sampling()
        self.metrics = metrics or Metrics()
        self.records: list[RoundRecord] = []
        self.round: Round | None = None
        self.run = self.signals.run or f"run-{secrets.token_hex(8)}"
        self._done = 0
        self._state: Mapping[str, NDArray[Any]] = {}
        self._codes: dict[str, str] = {}
        self._sent: Sent | None = None
        self._last: float | None = None
        self._begin()

    def resume(self, done: int, state: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Go on after a round that was done before, with what the rule kept of it.

        Raises
        ------
        ValueError
            If `done` is no whole number >= 0.
        """
        self._done = count("done", done)
        self._state = state or {}

    def rounds(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int,
        timeout: float = 3600,
        train_config: ConfigRecord | None = None,
    ) -> Iterator[Round]:
        """Do the rounds one by one; reputations have not moved by the one that is given.

        Raises
        ------
        ValueError
            If the model cannot be averaged.
        RuntimeError
            If too few nodes connect.
        """
        arrays, config = initial_arrays, train_config or ConfigRecord()
        for number in range(1, num_rounds + 1):
            log(INFO, "")
            log(INFO, "[ROUND %s/%s]", self._done + number, self._done + num_rounds)
            if isinstance(grid, TrainsCohort) and not config:
                self._train_cohort(number, self._opened(number, arrays, grid), grid)
            # Names would keep messages, replies and, in `start`, the round for longer.
            else:
                self.aggregate_train(
                    number,
                    iter(
                        grid.send_and_receive(
                            self.configure_train(number, arrays, config, grid),
                            timeout=timeout,
                        )
                    ),
                )
            if self.round is not None:
                arrays = self.round.arrays
                yield self.round

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Send the global model to every node, each with a secret of its own."""
        begun = self._opened(server_round, arrays, grid)
        sent, config = self.transport.sent(arrays, begun.layout, config)
        instructions = instruct(
            begun.drawn.asked,
            MessageType.TRAIN,
            self._done + server_round,
            config,
            sent,
            self.transport.ttl,
            self.transport.names,
        )
        self._sent = replace(begun, instructions=instructions)
        return [one.message for one in instructions]

    def _opened(self, server_round: int, arrays: ArrayRecord, grid: Grid) -> Sent:
        """Settle from what a round begins, and whom it asks."""
        number = self._done + server_round
        # The last one's updates are as large as the replies to come.
        self.round = self._sent = None
        layout = self.transport.layout(arrays)
        model = np.empty(layout.size, dtype=layout.dtype)
        # The server's own arrays and clock: what is wrong is raised before anyone trains.
        buffers = layout.flatten(arrays, model)
        if not is_finite(model):
            bad = np.count_nonzero(~np.isfinite(model))
            raise ValueError(
                f"the global model must be finite: {bad} values of what is judged are not; if"
                " these are no parameters, name in `judged` those that are"
            )
        # Rules see it, and the round goes on from it.
        model.setflags(write=False)
        self.signals.read(number)
        drawn = self._drawn(number, grid)
        started = time.perf_counter()
        return Sent(arrays, layout, model, buffers, [], drawn, started)

    def _train_cohort(self, server_round: int, sent: Sent, grid: TrainsCohort) -> None:
        """Do a round in columns: what is decided is what messages would lead to."""
        asked = sorted(sent.drawn.asked.values())
        replies = grid.train_cohort(self._done + server_round, values_of(sent.arrays), asked)
        screened = screen_cohort(
            replies, asked, sent.layout, sent.model, sent.buffers, self.participation.code
        )
        # The models as they were sent are as large as the updates.
        del replies
        self._concluded(server_round, sent, screened)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Turn replies into the new model and a `Round`; None keeps the old model."""
        if self._sent is None:
            raise RuntimeError("aggregate_train needs a configure_train before it")
        screened = self._screened(self._sent, replies)
        # A nonce counts once: what comes later belongs to no instruction.
        self._sent = sent = replace(self._sent, instructions=[])
        return self._concluded(server_round, sent, screened)

    def _concluded(
        self, server_round: int, sent: Sent, screened: Screened
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Decide on what was screened, and record it."""
        number, asked = self._done + server_round, len(sent.drawn.asked)
        screened = self._completed(sent, screened)
        registry = self.signals.registry
        refused = show(registry, screened.credentials, self._instant(number).at)
        # Asked again: what was shown just now is known by then.
        at, off = self._instant(number)
        if off:
            log(WARNING, "round %d: %s", number, off)
        signals, unusable = ask(registry, screened.everyone, at)
        screened = screened.without(unusable)
        settings = self.rule.settings
        cohort, note = assess(
            screened,
            signals,
            n_byzantine=settings.n_byzantine,
            example_weighting=settings.example_weighting,
            landmarks=Landmarks(settings.landmarks, self.sampling.seed, number)
            if settings.landmarks
            else None,
        )
        wanted = self.participation.enough(len(cohort.contributors), asked, sent.drawn.undrawn)
        decision, new_model, note = self._decided(number, wanted, sent, screened, cohort, note)
        size = sum(len(array.data) for array in sent.arrays.values())
        record = RoundRecord(
            round=number,
            strategy=self.name,
            branch=decision.branch if decision else None,
            rho_c=decision.rho_c if decision else math.nan,
            min_s=decision.min_s if decision else math.nan,
            contributors=accounts(screened, signals, cohort, decision, refused),
            refused=screened.refused,
            note="; ".join(filter(None, (note, off, *sent.drawn.notes))) or None,
            bytes_sent=size * asked,
            bytes_received=size * len(screened.contributors),
            at=at,
            seconds=time.perf_counter() - sent.started,
            buffers=tuple(sorted(sent.layout.buffers)),
            judgement=decision.judgement if decision else None,
        )
        self.records.append(record)
        warn(record, unusable.values())
        self._silent |= warn_silent(record, self._silent)
        self.round = Round(
            record=record,
            cohort=cohort,
            before=sent.model,
            arrays=sent.arrays if new_model is None else new_model,
            changed=new_model is not None,
            codes=dict(self._codes),
            own=screened.own,
            state=self._state,
            metrics=self._said_of_training(screened),
        )
        self._echoed = self._echoed or screened.echoed
        if not self._echoed:
            stop_silent(record)
        return new_model, self.round.metrics

    def _drawn(self, number: int, grid: Grid) -> Drawn:
        """Wait for contributors, and draw those whom the round asks."""
        if not self.sampling.fraction_train:
            note = "nobody was asked: fraction_train is 0"
            return Drawn({}, undrawn=tuple(self.participation.members), notes=(note,))
        present, refused, notes = self.participation.gather(grid)
        asked = self.sampling.to_train(present, number, self.participation.min_train_nodes)
        taken = frozenset(asked.values())
        undrawn = tuple(sorted(name for name in present.values() if name not in taken))
        if undrawn:
            notes = (*notes, f"not drawn: {listed(undrawn)}")
        return Drawn(asked, undrawn, refused, notes)

    def _decided(
        self,
        number: int,
        wanted: float | None,
        sent: Sent,
        screened: Screened,
        cohort: Cohort,
        note: str | None,
    ) -> tuple[Decision | None, ArrayRecord | None, str | None]:
        """Apply the rule and the server's step; keep the old model where they lead to none."""
        valid = len(cohort.contributors)
        if not valid or wanted is not None:
            few = (
                f"{valid} valid replies, fewer than {wanted:g}" if valid else "no valid reply"
            )
            return None, None, f"{few}: the model stays as it is"
        own = {name: a for name, a in self._state.items() if not name.startswith(STATE)}
        with np.errstate(over="ignore", invalid="ignore"):
            context = sent.context(number, self.rule, own, self.sampling.seed)
            decision = decided(self.rule, cohort, context)
        state, finite = decision.state, True
        if optimizer := server_optimizer(self.rule.settings):
            before = ServerState.of(self._state)
            step, after = server_step(decision.update, before, optimizer)
            state, finite = {**state, **after.arrays}, after.finite
            decision = replace(decision, update=step)
        middles = medians(screened.buffers, decision.selected & (decision.weights != 0))
        new_model = None
        if finite:
            new_model = sent.layout.moved(sent.model, decision.update, sent.arrays, middles)
        if new_model is None:
            nothing = replace(
                decision,
                weights=np.zeros_like(decision.weights),
                selected=np.zeros_like(decision.selected),
            )
            return nothing, None, "the new model would not be finite: the old one is kept"
        self._state = state
        return decision, new_model, "; ".join(filter(None, (note, decision.note))) or None

    def _screened(self, sent: Sent, replies: Iterable[Message]) -> Screened:
        return screen(
            sent.instructions,
            replies,
            sent.layout,
            sent.model,
            sent.buffers,
            self.participation.code,
            packed=self.transport.packed,
            weighted_by_key=self.metrics.weighted_by_key,
        )

    def _completed(self, sent: Sent, screened: Screened) -> Screened:
        """Name those who should take part, and are not there."""
        self._codes.update(screened.codes)
        members = frozenset(self.participation.members)
        absent = members.difference(screened.everyone, sent.drawn.undrawn)
        return replace(
            screened,
            left_out={**screened.left_out, **dict.fromkeys(absent, "no node is connected")},
            refused=tuple(sorted((*screened.refused, *sent.drawn.refused))),
        )

    def _said_of_training(self, screened: Screened) -> MetricRecord | None:
        valid = frozenset(screened.contributors)
        told = {name: said for name, said in screened.metrics.items() if name in valid}
        return self.metrics.of_training(told)

    def _instant(self, number: int) -> Reading:
        read = later(self.signals.read(number), self._last)
        self._last = read.at
        return read
