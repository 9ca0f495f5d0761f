"""A registry in memory, for pure simulations."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.checks import count, number
from anml_fl.method.provenance import Reputation, Verification, temporal_decay
from anml_fl.method.reputation import Evidence, ReputationRule, conduct
from anml_fl.registry.attestation import AttestationError, check
from anml_fl.registry.clock import MICROSECONDS_A_YEAR, date, microseconds
from anml_fl.registry.drawn_standings import DrawnStandings
from anml_fl.registry.ed25519 import flaw
from anml_fl.registry.interface import Signals
from anml_fl.registry.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.clock import Instant
    from anml_fl.registry.domain import Attestation, Issuer


# No year, no rate and no evidence is larger: what is, is no finite number either.
_FAR = 1e12


@dataclass(frozen=True, slots=True)
class Standing:
    """What the registry holds of one contributor.

    Parameters
    ----------
    v, r : float
        In [0, 1]; the defaults are a newcomer's who vouches only for itself.
    collected : float
        When its data were collected, in years on the registry's clock.
    rate : float
        Decay rate of its domain a year, Table 4.
    public_key : bytes
        The subject of its attestations.
    data_hash : str
        Its contribution.
    record : tuple, optional
        Evidence for and against it, and its contributions so far, as in `Evidence`; if not
        given, what a reputation of r is worth.
    attestations : tuple
        Attestations that were checked, each with the instant at which it was shown, in
        microseconds since 1970.

    Raises
    ------
    ValueError
        If a number lies outside its range.
    TypeError
        If a key or hash is of another type.

    Examples
    --------
    >>> Standing(v=1.5)
    Traceback (most recent call last):
    ValueError: v must lie in [0, 1], got v = 1.5
    """

    v: float = Verification.SELF_ATTESTED.middle
    r: float = Reputation.NEW.middle
    collected: float = 0.0
    rate: float = 0.0
    public_key: bytes = b""
    data_hash: str = ""
    record: tuple[float, float, int] | None = None
    attestations: tuple[tuple[int, Attestation], ...] = ()

    def __post_init__(self) -> None:
        """Check the parameters."""
        number("v", self.v, 0, 1)
        number("r", self.r, 0, 1)
        number("collected", self.collected, -_FAR, _FAR)
        number("rate", self.rate, 0, _FAR)
        _check_type("public_key", self.public_key, bytes)
        _check_type("data_hash", self.data_hash, str)
        if self.record is not None:
            _check_record(self.record)

    def moved(self, r: float, record: tuple[float, float, int]) -> Standing:
        """Return it with another reputation, as a rule gives it: in range, whatever it saw."""
        # `replace` would check all of it again, for everybody in every round.
        new = object.__new__(Standing)
        for name in _FIELDS:
            object.__setattr__(new, name, getattr(self, name))
        object.__setattr__(new, "r", r)
        object.__setattr__(new, "record", record)
        return new


_FIELDS = tuple(field.name for field in fields(Standing))


def _check_type(name: str, value: object, wanted: type) -> None:
    if not isinstance(value, wanted):
        raise TypeError(f"{name} must be {wanted.__name__}, got {type(value).__name__}")


def _check_record(record: object) -> None:
    if not isinstance(record, tuple) or len(record) != 3:
        raise ValueError(
            f"record must be (good, bad, contributions) as in Evidence, got {record!r}"
        )
    good, bad, contributions = record
    number("good", good, 0, _FAR)
    number("bad", bad, 0, _FAR)
    count("contributions", contributions)


class InMemoryRegistry:
    """Contributors' standings by stable identity.

    Parameters
    ----------
    standings : mapping, optional
        Copied, unless it draws them. Whoever is not in it gets the cold-start defaults.
    issuers : sequence of Issuer
        Whose attestations count.
    rule : ReputationRule
        How reputation moves, if it is made to.
    epoch : datetime
        Year 0 of the registry's clock.

    Raises
    ------
    TypeError
        If it maps anything but identities to standings.
    ValueError
        If an issuer's key is one for which anyone can sign.

    Examples
    --------
    >>> registry = InMemoryRegistry({"a": Standing(v=0.8, r=0.5)})
    >>> registry.signals(["a", "unknown"], at=0.0).s
    array([0.4, 0.1])
    """

    def __init__(
        self,
        standings: Mapping[str, Standing] | None = None,
        *,
        issuers: Sequence[Issuer] = (),
        rule: ReputationRule | None = None,
        epoch: datetime = datetime(1970, 1, 1, tzinfo=UTC),
    ) -> None:
        self.standings: MutableMapping[str, Standing]
        if isinstance(standings, DrawnStandings):
            self.standings, held = standings, {}
        else:
            self.standings = held = dict(standings or {})
        for name, standing in held.items():
            _check_type("an identity", name, str)
            _check_type(f"the standing of {name!r}", standing, Standing)
        # Who has shown something, so that nobody looks through all.
        self._holders = dict.fromkeys(name for name, one in held.items() if one.attestations)
        self.issuers = tuple(issuers)
        for issuer in self.issuers:
            if why := flaw(issuer.public_key):
                raise ValueError(f"public_key of {issuer.name!r} cannot be trusted: {why}")
        self.rule = rule or ReputationRule()
        self.epoch = epoch
        self._signatures = Signatures()
        self._observed: dict[tuple[str, int], RoundRecord] = {}

    def signals(self, contributors: Sequence[str], *, at: Instant) -> Signals:
        """Look contributors up; see `Registry.signals`.

        Reputations are today's: a registry in memory does not look back.
        """
        year = self._year(at)
        found = [self.standings.get(name, Standing(collected=year)) for name in contributors]
        ages = np.array([max(0.0, year - one.collected) for one in found])
        return Signals(
            v=np.array([_verification(one, self._stamp(at)) for one in found]),
            r=np.array([one.r for one in found]),
            T=temporal_decay(ages, np.array([one.rate for one in found])),
        )

    def present(
        self, contributor: str, tokens: Sequence[str], *, at: Instant
    ) -> tuple[str, ...]:
        """Check what a contributor shows; see `CredentialRegistry.present`."""
        refused = []
        for token in tokens:
            standing = self.standings.get(contributor)
            if standing is None:
                refused.append("the registry does not know this contributor")
                continue
            if any(
                held.token == token and self._stamp(at) < microseconds(held.expires)
                for _, held in standing.attestations
            ):
                continue
            try:
                attestation = check(
                    token,
                    issuers=self.issuers,
                    subject=standing.public_key,
                    data_hashes=[standing.data_hash],
                    at=date(self._stamp(at)),
                    signatures=self._signatures,
                )
            except AttestationError as error:
                refused.append(str(error))
                continue
            shown = (*standing.attestations, (self._stamp(at), attestation))
            self.standings[contributor] = replace(standing, attestations=shown)
            self._holders[contributor] = None
        return tuple(refused)

    def shown(self) -> tuple[tuple[str, int, str], ...]:
        """List the attestations that hold: contributor, when in microseconds, token.

        Presented again in this order, they give a new registry what this one was shown.
        """
        return tuple(
            (contributor, stamp, held.token)
            for contributor in self._holders
            for stamp, held in self.standings[contributor].attestations
        )

    def observe(self, run: str, record: RoundRecord) -> None:
        """Let reputations move; see `ReputationRegistry.observe`.

        Raises
        ------
        ValueError
            If the round was observed before, and otherwise.
        """
        if (seen := self._observed.get((run, record.round))) is not None:
            if seen.to_json() != record.to_json():
                raise ValueError(f"round {record.round} of run {run!r} was observed otherwise")
            return
        self._observed[run, record.round] = record
        outcomes, _ = conduct(record)
        names = [person.contributor for person in record.contributors]
        before = [self._record(self.standings.get(name)) for name in names]
        good, bad, contributions = np.array(before, dtype=np.float64).reshape(-1, 3).T
        everyone = Evidence(good, bad, contributions.astype(np.int64))
        took_part = [c.reason is None and math.isfinite(c.q) for c in record.contributors]
        after = self.rule.after(everyone, outcomes, took_part)
        conducted = zip(
            after.good.tolist(), after.bad.tolist(), after.contributions.tolist(), strict=True
        )
        moved = zip(names, self.rule.reputation(after).tolist(), conducted, strict=True)
        newcomer = Standing(collected=self._year(record.at))
        for name, r, record_of in moved:
            standing = self.standings.get(name, newcomer)
            self.standings[name] = standing.moved(r, record_of)

    def _record(self, standing: Standing | None) -> tuple[float, float, int]:
        if standing is None:
            return 0.0, 0.0, 0
        if standing.record is None:
            worth = self.rule.worth([standing.r])
            return worth.good.item(), worth.bad.item(), worth.contributions.item()
        return standing.record

    def _stamp(self, at: Instant) -> int:
        if isinstance(at, datetime):
            return microseconds(at)
        return microseconds(self.epoch) + round(at * MICROSECONDS_A_YEAR)

    def _year(self, at: Instant) -> float:
        if isinstance(at, datetime):
            return (microseconds(at) - microseconds(self.epoch)) / MICROSECONDS_A_YEAR
        return at


def _verification(standing: Standing, stamp: int) -> float:
    levels = [
        held.level.middle
        for shown, held in standing.attestations
        if shown <= stamp < microseconds(held.expires)
    ]
    return max([standing.v, *levels])
