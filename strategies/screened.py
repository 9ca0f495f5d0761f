"""A Flower strategy that screens replies, applies a rule, and records the round."""

from __future__ import annotations

import math
import secrets
import time
from dataclasses import replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING

import numpy as np
from flwr.app import ConfigRecord, MessageType
from flwr.common.logger import log
from flwr.serverapp.strategy import Strategy

from anml_fl.method.checks import count, number
from anml_fl.method.records import RoundRecord
from anml_fl.registry.instants import Reading, later
from anml_fl.registry.interface import ReputationRegistry
from strategies import protocol
from strategies.accounts import accounts, everyone, told, warn
from strategies.asking import ask, show, usable
from strategies.buffers import buffers_of, medians
from strategies.cohort import assess
from strategies.gathering import gather
from strategies.identity import ByKey, by_public_key
from strategies.instruction import NO_ECHO, instruct
from strategies.layout import Layout
from strategies.packing import layout_text, pack
from strategies.screening import Screened, screen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp import Grid
    from flwr.serverapp.strategy import Result

    from anml_fl.registry.instants import At
    from anml_fl.registry.interface import Registry
    from strategies.buffers import Judged
    from strategies.identity import Roster
    from strategies.instruction import Instruction
    from strategies.rules import Cohort, Decision

# In years: the registry's clock knows nothing further from its zero.
_FARTHEST = 1e12


class ScreenedStrategy(Strategy):
    """Ask every node, believe none, apply one rule to what is valid.

    Parameters
    ----------
    rule : callable
        Cohort to Decision.
    name : str
        Name in the records.
    registry : Registry, optional
        Source of v, r, T; by default one that knows nobody (cold-start defaults).
    roster : callable, optional
        Grid to (node id to contributor); by default the nodes' public keys.
    at : float, Reading or callable
        The instant at which the registry is asked, in years on its clock; or a function
        that gives it for a round, whose answer is checked before anyone trains. Where one
        lies before the last one, the round takes place right after that, and its note says
        so.
    reputation : bool
        Whether the registry is told what each round observed, so that r moves.
    run : str, optional
        What the registry calls this run, in which it observes each round once. If not given,
        every start is a run of its own.
    n_byzantine : int, optional
        f of Krum's scores.
    example_weighting : bool
        Whether example counts weigh, bounded as in `rules.example_factors`.
    members : collection of str
        Who should take part: whoever is not connected is recorded as left out.
    min_replies : float
        Least share of valid replies, of the members, or of all who were asked, in [0, 1]: a
        round with fewer changes nothing and pays nobody.
    code : str, optional
        Hash of the code that contributors must run.
    done : int
        Rounds of the run that were done before: the next one is `done` + 1.
    ttl : float, optional
        Seconds after which an instruction that nobody fetched is dropped.
    packed : bool
        Whether a model's arrays travel as one, see `strategies.packing`; the ClientApps then
        need the mod `clients.unpacked.unpacked`.
    min_train_nodes, min_available_nodes : int
        A round begins when as many contributors are connected, the larger of the two. With 0
        and 0 nobody is waited for, and a run may end without a model.
    patience : float
        Seconds to wait for them; then the run ends with an error.
    judged : collection of str or callable, optional
        Which arrays q looks at, by name; see `strategies.buffers`. The others, buffers, get
        the coordinate-wise median of the contributors who enter the model.

    Attributes
    ----------
    records : list of RoundRecord
        One a round, appended by `aggregate_train`.
    model : (d,) array
        The global model that the last round began with, as a vector.
    cohort : Cohort
        The valid updates of the last round.
    codes : dict
        Contributor to the hash of the code that it last said it runs.

    Raises
    ------
    TypeError
        If reputation is to be earned in a registry where it cannot be, or a parameter is of
        another kind.
    ValueError
        If a number lies outside its range.
    """

    def __init__(
        self,
        rule: Callable[[Cohort], Decision],
        *,
        name: str,
        registry: Registry | None = None,
        roster: Roster = by_public_key,
        at: At = 0.0,
        reputation: bool = False,
        run: str = "",
        n_byzantine: int | None = None,
        example_weighting: bool = True,
        members: Collection[str] = (),
        min_replies: float = 0.0,
        code: str | None = None,
        done: int = 0,
        ttl: float | None = None,
        packed: bool = False,
        min_train_nodes: int = 2,
        min_available_nodes: int = 2,
        patience: float = 300.0,
        judged: Judged | None = None,
    ) -> None:
        for names in (members, judged):
            if isinstance(names, str):
                raise TypeError(f"a collection of names is needed, got the text {names!r}")
        if not isinstance(run, str):
            raise TypeError(f"run must be a text, got {run!r}")
        if not callable(roster):
            raise TypeError(f"roster must be callable, got {type(roster).__name__}")
        self.rule = rule
        self.name = name
        self.registry = usable(registry, reputation=reputation)
        self.roster = roster
        self.at = at if callable(at) else _checked(at)
        self.reputation = reputation
        self.run = run or f"run-{secrets.token_hex(8)}"
        self.n_byzantine = None if n_byzantine is None else count("n_byzantine", n_byzantine)
        self.example_weighting = example_weighting
        self.members = frozenset(members)
        self.min_replies = number("min_replies", min_replies, 0, 1)
        self.code = code
        self.done = count("done", done)
        self.ttl = ttl
        self.packed = packed
        self.least = max(
            count("min_train_nodes", min_train_nodes),
            count("min_available_nodes", min_available_nodes),
        )
        self.patience = number("patience", patience, 0, math.inf)
        self.judged = judged
        self.codes: dict[str, str] = {}
        self.records: list[RoundRecord] = []
        self._named = bool(run)
        self._instructions: list[Instruction] = []
        self._refused_nodes: tuple[str, ...] = ()
        self._arrays: ArrayRecord | None = None
        self._started = 0.0
        self._last: float | None = None

    def start(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord,
        num_rounds: int = 3,
        timeout: float = 3600,
        train_config: ConfigRecord | None = None,
        evaluate_config: ConfigRecord | None = None,
        evaluate_fn: Callable[[int, ArrayRecord], MetricRecord | None] | None = None,
    ) -> Result:
        """Run the rounds, as `flwr.serverapp.strategy.Strategy.start` does.

        Raises
        ------
        ValueError
            If the model cannot be averaged, or `judged` does not fit it.
        RuntimeError
            If too few nodes connect, or no round changed the model: what happened is in
            `records`.
        """
        if not self._named:
            self.run = f"run-{secrets.token_hex(8)}"
        result = super().start(
            grid,
            initial_arrays,
            num_rounds,
            timeout,
            train_config,
            evaluate_config,
            evaluate_fn,
        )
        if self.least and num_rounds and not result.arrays:
            raise RuntimeError(
                f"none of {num_rounds} rounds changed the model; the last one:"
                f" {told(self.records[-1])}"
            )
        return result

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Send the global model to every node, each with a secret of its own."""
        self._arrays = arrays
        layout = Layout.of(arrays)
        self._layout = replace(layout, buffers=buffers_of(layout, self.judged))
        self.model = np.empty(self._layout.size, dtype=self._layout.dtype)
        # The server's own arrays and clock: what is wrong is raised before anyone trains.
        buffers = self._layout.flatten(arrays, self.model)
        if not all(np.isfinite(values).all() for values in (self.model, *buffers.values())):
            raise ValueError("the global model must be finite")
        self._read(self.done + server_round)
        present, self._refused_nodes = gather(grid, self.roster, self.least, self.patience)
        self._started = time.perf_counter()
        sent = arrays
        if self.packed:
            sent = pack(arrays, self._layout.names)
            config = ConfigRecord({**config, protocol.LAYOUT: layout_text(self._layout)})
        self._instructions = instruct(
            present,
            MessageType.TRAIN,
            self.done + server_round,
            config,
            sent,
            self.ttl,
        )
        return [one.message for one in self._instructions]

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Turn replies into the new model and a record; None keeps the old model."""
        if self._arrays is None:
            raise RuntimeError("aggregate_train needs a configure_train before it")
        server_round += self.done
        layout, model = self._layout, self.model
        screened = self._screened(replies)
        # A nonce counts once: what comes later belongs to no instruction.
        asked, self._instructions = self._instructions, []
        refused = show(self.registry, screened.credentials, self._instant(server_round).at)
        # Asked again: what was shown just now is known by then.
        at, off = self._instant(server_round)
        if off:
            log(WARNING, "round %d: %s", server_round, off)
        known, unusable = ask(self.registry, everyone(screened), at)
        screened = screened.without(unusable)
        cohort, note = assess(
            screened,
            known,
            n_byzantine=self.n_byzantine,
            example_weighting=self.example_weighting,
        )
        self.cohort = cohort
        wanted = self.min_replies * len(self.members or asked)
        enough = len(cohort.contributors) >= wanted
        with np.errstate(over="ignore", invalid="ignore"):
            decision = self.rule(cohort) if enough and cohort.contributors else None
            moved = None if decision is None else model + decision.update
        new_model = None
        if decision is None or moved is None:
            note = "no valid reply: the model stays as it is"
            if cohort.contributors:
                note = (
                    f"{len(cohort.contributors)} valid replies, fewer than {wanted:g}: the"
                    " model stays as it is"
                )
        elif layout.holds(moved):
            note = "; ".join(filter(None, (note, decision.note))) or None
            middles = medians(screened.buffers, decision.selected & (decision.weights != 0))
            new_model = layout.restore(moved, self._arrays, middles)
        else:
            note = "the new model would not be finite: the old one is kept"
            decision = replace(
                decision,
                weights=np.zeros_like(decision.weights),
                selected=np.zeros_like(decision.selected),
            )
        sent = sum(len(array.data) for array in self._arrays.values())
        self.records.append(
            RoundRecord(
                round=server_round,
                strategy=self.name,
                branch=decision.branch if decision else None,
                rho_c=decision.rho_c if decision else math.nan,
                min_s=decision.min_s if decision else math.nan,
                contributors=accounts(screened, known, cohort, decision, refused),
                refused=screened.refused,
                note="; ".join(filter(None, (note, off))) or None,
                bytes_sent=sent * len(asked),
                bytes_received=sent * len(screened.contributors),
                at=at,
                seconds=time.perf_counter() - self._started,
                buffers=tuple(sorted(layout.buffers)),
            )
        )
        warn(self.records[-1], {NO_ECHO, *unusable.values()})
        if self.reputation and isinstance(self.registry, ReputationRegistry):
            self.registry.observe(self.run, self.records[-1])
        return new_model, None

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Send nothing: the server tests the model, a client's word would not count."""
        return []

    def aggregate_evaluate(
        self, server_round: int, replies: Iterable[Message]
    ) -> MetricRecord | None:
        """Return nothing: see `configure_evaluate`."""
        return None

    def summary(self) -> None:
        """Log the strategy's name."""
        log(INFO, "\t└──> %s, behind screening", self.name)

    def _screened(self, replies: Iterable[Message]) -> Screened:
        """Screen the replies; name those who should take part, and are not there."""
        screened = screen(
            self._instructions,
            replies,
            self._layout,
            self.model,
            self.code,
            packed=self.packed,
        )
        self.codes.update(screened.codes)
        absent = self.members.difference(everyone(screened))
        strangers = self.roster.refused if isinstance(self.roster, ByKey) else ()
        strangers = (*strangers, *self._refused_nodes)
        return replace(
            screened,
            left_out={**screened.left_out, **dict.fromkeys(absent, "no node is connected")},
            refused=tuple(sorted((*screened.refused, *strangers))),
        )

    def _read(self, server_round: int) -> Reading:
        return _checked(self.at(server_round) if callable(self.at) else self.at)

    def _instant(self, server_round: int) -> Reading:
        read = later(self._read(server_round), self._last)
        self._last = read.at
        return read


def _checked(at: Reading | float) -> Reading:
    years, note = at if isinstance(at, Reading) else Reading(at)
    return Reading(number("at", years, -_FARTHEST, _FARTHEST), note)
