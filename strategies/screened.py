"""A Flower strategy that screens replies, applies a rule, and records the round."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from logging import INFO, WARNING
from typing import TYPE_CHECKING

import numpy as np
from flwr.app import ConfigRecord, MessageType
from flwr.common.logger import log
from flwr.serverapp.strategy import Strategy

from anml_fl.method.krum import FEWEST, consistency, krum_scores
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.registry.instants import Reading, later
from anml_fl.registry.interface import CredentialRegistry, ReputationRegistry, Signals
from anml_fl.registry.memory import InMemoryRegistry
from strategies import protocol
from strategies.identity import ByKey, by_public_key
from strategies.instruction import instruct
from strategies.layout import Layout
from strategies.packing import layout_text, pack
from strategies.rules import Cohort, Decision, example_factors
from strategies.screening import Screened, screen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from flwr.app import ArrayRecord, Message, MetricRecord
    from flwr.serverapp import Grid

    from anml_fl.registry.instants import At
    from anml_fl.registry.interface import Registry
    from strategies.identity import Roster
    from strategies.instruction import Instruction


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
        that gives it for a round. Where one lies before the last one, the round takes place
        right after that, and its note says so.
    reputation : bool
        Whether the registry is told what each round observed, so that r moves.
    run : str
        What the registry calls this run.
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
        If reputation is to be earned in a registry where it cannot be.
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
    ) -> None:
        self.rule = rule
        self.name = name
        self.registry = InMemoryRegistry() if registry is None else registry
        self.roster = roster
        if reputation and not isinstance(self.registry, ReputationRegistry):
            raise TypeError(
                "reputation needs a registry with an observe method, got"
                f" {type(self.registry).__name__}"
            )
        self.at = at
        self.reputation = reputation
        self.run = run
        self.n_byzantine = n_byzantine
        self.example_weighting = example_weighting
        self.members = frozenset(members)
        self.min_replies = min_replies
        self.code = code
        self.done = done
        self.ttl = ttl
        self.packed = packed
        self.codes: dict[str, str] = {}
        self.records: list[RoundRecord] = []
        self._instructions: list[Instruction] = []
        self._arrays: ArrayRecord | None = None
        self._started = 0.0
        self._last: float | None = None

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Send the global model to every node, each with a secret of its own."""
        self._started = time.perf_counter()
        self._arrays = arrays
        self._layout = Layout.of(arrays)
        self.model = np.empty(self._layout.size, dtype=self._layout.dtype)
        # The server's own arrays: what is wrong with them is raised before anyone trains.
        self._layout.flatten(arrays, self.model)
        if not np.isfinite(self.model).all():
            raise ValueError("the global model must be finite")
        sent = arrays
        if self.packed:
            sent = pack(arrays, self._layout.names)
            config = ConfigRecord({**config, protocol.LAYOUT: layout_text(self._layout)})
        self._instructions = instruct(
            self.roster(grid),
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
        refused = self._present(screened, self._instant(server_round).at)
        # Asked again: what was shown just now is known by then.
        at, off = self._instant(server_round)
        if off:
            log(WARNING, "round %d: %s", server_round, off)
        known = self.registry.signals(_everyone(screened), at=at)
        cohort, note = self._cohort(screened, known)
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
            hint = (
                "; the ClientApps must echo it, see clients.echo" if screened.refused else ""
            )
            reasons = sorted({*screened.left_out.values(), *screened.refused})[:3]
            log(WARNING, "round %d: %s (%s%s)", server_round, note, "; ".join(reasons), hint)
        elif np.isfinite(moved).all():
            note = "; ".join(filter(None, (note, decision.note))) or None
            new_model = layout.restore(moved, self._arrays)
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
                contributors=_accounts(screened, known, cohort, decision, refused),
                refused=screened.refused,
                note="; ".join(filter(None, (note, off))) or None,
                bytes_sent=sent * len(asked),
                bytes_received=sent * len(screened.contributors),
                at=at,
                seconds=time.perf_counter() - self._started,
            )
        )
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
        absent = self.members.difference(_everyone(screened))
        strangers = self.roster.refused if isinstance(self.roster, ByKey) else ()
        return replace(
            screened,
            left_out={**screened.left_out, **dict.fromkeys(absent, "no node is connected")},
            refused=tuple(sorted((*screened.refused, *strangers))),
        )

    def _instant(self, server_round: int) -> Reading:
        read = later(self.at(server_round) if callable(self.at) else self.at, self._last)
        self._last = read.at
        return read

    def _present(self, screened: Screened, at: float) -> dict[str, tuple[str, ...]]:
        """Show the credentials to the registry; why it refused some, by contributor."""
        if not isinstance(self.registry, CredentialRegistry):
            return {}
        return {
            contributor: self.registry.present(contributor, tokens, at=at)
            for contributor, tokens in screened.credentials.items()
        }

    def _cohort(self, screened: Screened, known: Signals) -> tuple[Cohort, str | None]:
        n = len(screened.contributors)
        note = None
        scores, q = np.zeros(n), np.ones(n)
        if n >= FEWEST:
            scores = krum_scores(screened.updates, n_byzantine=self.n_byzantine)
            q = consistency(scores)
        elif n:
            note = f"{n} valid replies, fewer than {FEWEST}: q = 1 for all"
        place = {name: i for i, name in enumerate(_everyone(screened))}
        valid = [place[name] for name in screened.contributors]
        signals = Signals(known.v[valid], known.r[valid], known.T[valid])
        factors = example_factors(screened.examples, weighting=self.example_weighting)
        return Cohort(
            screened.contributors, screened.updates, scores, q, signals, factors
        ), note


def _everyone(screened: Screened) -> list[str]:
    """List everyone who was asked, by stable identity."""
    return sorted({*screened.contributors, *screened.left_out})


def _accounts(
    screened: Screened,
    known: Signals,
    cohort: Cohort,
    decision: Decision | None,
    refused: Mapping[str, tuple[str, ...]],
) -> tuple[ContributorRecord, ...]:
    """Record everyone who was asked, by stable identity."""
    place = {name: i for i, name in enumerate(cohort.contributors)}
    accounts = []
    for i, name in enumerate(_everyone(screened)):
        j = place.get(name)
        accounts.append(
            ContributorRecord(
                contributor=name,
                q=math.nan if j is None else float(cohort.q[j]),
                v=float(known.v[i]),
                r=float(known.r[i]),
                T=float(known.T[i]),
                s=float(known.s[i]),
                weight=float(decision.weights[j]) if decision and j is not None else 0.0,
                selected=bool(decision.selected[j]) if decision and j is not None else False,
                reason=screened.left_out.get(name),
                refused_credentials=refused.get(name, ()),
            )
        )
    return tuple(accounts)
