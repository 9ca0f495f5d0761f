"""What is made of a round's screened replies: a decision, a model, and a record of both."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from logging import WARNING
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.common.logger import log

from anml_fl.method.checks import count
from anml_fl.method.records import RoundRecord
from anml_fl.registry.instants import later
from strategies.app_strategy import AppStrategy
from strategies.buffers import medians
from strategies.cohort import assess
from strategies.contributor_records import accounts, stop_silent, warn, warn_silent
from strategies.landmarks import Landmarks
from strategies.registry_answers import ask, show
from strategies.round import Round
from strategies.server_optimizer import server_optimizer
from strategies.server_step import STATE, ServerState, server_step
from strategies.usable import decided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flwr.app import ArrayRecord, MetricRecord
    from numpy.typing import NDArray

    from anml_fl.registry.instants import Reading
    from strategies.cohort import Cohort
    from strategies.decision import Decision
    from strategies.screening import Screened
    from strategies.sent import Sent


class ConcludingStrategy(AppStrategy):
    """Ask the registry, judge the valid updates, apply the rule, and keep what it remembers.

    Attributes
    ----------
    records : list of RoundRecord
        One a round.
    round : Round or None
        The last one.
    """

    round: Round | None
    _state: Mapping[str, NDArray[Any]]
    _codes: dict[str, str]

    def resume(self, done: int, state: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Go on after a round that was done before, with what the rule kept of it.

        Raises
        ------
        ValueError
            If `done` is no whole number >= 0.
        """
        self._done = count("done", done)
        self._state = state or {}

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
            measure=decision.measure if decision else None,
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
