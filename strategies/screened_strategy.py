"""A Flower strategy that asks contributors, and screens what they reply."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from logging import INFO
from typing import TYPE_CHECKING

import numpy as np
from flwr.app import ConfigRecord, MessageType
from flwr.common.logger import log

from strategies.arrays import is_finite, values_of
from strategies.cohort_replies import TrainsCohort, screen_cohort
from strategies.concluding import ConcludingStrategy
from strategies.contributor_records import listed
from strategies.instruction import instruct
from strategies.metrics import Metrics
from strategies.participation import Participation
from strategies.rule import Rule
from strategies.sampling import Drawn, Sampling
from strategies.screening import screen
from strategies.sent import Sent
from strategies.signal_source import SignalSource
from strategies.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp import Grid

    from strategies.round import Round
    from strategies.run_log import RunLog
    from strategies.screening import Screened


class ScreenedStrategy(ConcludingStrategy):
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
        self.records = []
        self.round = None
        self.run = self.signals.run or f"run-{secrets.token_hex(8)}"
        self._done = 0
        self._state = {}
        self._codes = {}
        self._sent: Sent | None = None
        self._last = None
        self._begin()

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
        in_columns = grid if isinstance(grid, TrainsCohort) and not config else None
        for number in range(1, num_rounds + 1):
            log(INFO, "")
            log(INFO, "[ROUND %s/%s]", self._done + number, self._done + num_rounds)
            if in_columns is not None:
                self._train_cohort(number, self._opened(number, arrays, grid), in_columns)
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
