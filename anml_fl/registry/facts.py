"""What a registry's database holds of everyone, in memory, and what follows from it.

Facts are added and never changed, so that what was read once stays true: `newer` reads the
rows that came since. Of reputation, whose history is long, only the latest is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.provenance import (
    DECAY_RATES,
    Reputation,
    Verification,
    temporal_decay,
)
from anml_fl.method.reputation import Evidence
from anml_fl.registry import queries, tables
from anml_fl.registry.clock import MICROSECONDS_A_YEAR
from anml_fl.registry.ed25519 import flaw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa
    from numpy.typing import NDArray

    from anml_fl.registry.context import Context

    _Whole = NDArray[np.int64]


BEFORE_ALL_TIME = int(np.iinfo(np.int64).min)


def _none(columns: int) -> _Whole:
    return np.empty((columns, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LatestReputation:
    """Each contributor's latest row of `reputation`, by its place.

    Parameters
    ----------
    last : int
        Number of the latest row of all.
    recorded : (n,) int64
        Before all time for who has no row.
    values : (4, n) float64
        r, good, bad and contributions; the cold start's for who has none.
    """

    last: int
    recorded: _Whole
    values: NDArray[np.float64]

    @classmethod
    def none(cls, n: int) -> LatestReputation:
        """Start n newcomers."""
        values = np.zeros((4, n))
        values[0] = Reputation.NEW.middle
        return cls(0, np.full(n, BEFORE_ALL_TIME), values)

    def newer(self, connection: sa.Connection, contributors: _Whole) -> LatestReputation:
        """Read what was added since, of contributors by their rising row numbers."""
        last = queries.last_row(connection)
        missing = contributors.size - self.recorded.size
        if last == self.last and not missing:
            return self
        new = LatestReputation.none(missing)
        recorded = np.concatenate([self.recorded, new.recorded])
        values = np.concatenate([self.values, new.values], axis=1)
        # At first the whole history is there: one look at each contributor's end of it.
        rows = (
            queries.after(connection, tables.reputation, self.last)
            if self.last
            else queries.latest_reputation(connection, contributors.tolist(), before=last + 1)
        )
        if rows:
            whole = [(row[0], row[1]) for row in rows]
            of, when = np.array(whole, dtype=np.int64).T
            place = np.searchsorted(contributors, of)
            recorded[place] = when  # by rising row number: the last one stays
            values[:, place] = np.array([row[2:] for row in rows], dtype=np.float64).T
        return LatestReputation(last, recorded, values)


@dataclass(frozen=True, slots=True)
class Facts:
    """Contributors, contributions and attestations, a row each, by rising row number.

    Parameters
    ----------
    index : mapping
        Identity to the contributor's place in `contributors`.
    contributors : (3, n) int64
        Row number, recorded, domain's place in `queries.DOMAINS`.
    contributions : (4, n) int64
        Row number, recorded, contributor's row number, collected.
    attestations : (7, n) int64
        Row number, recorded, contribution's and issuer's row numbers, level's place in
        `queries.LEVELS`, issued, expires.
    latest_reputation : LatestReputation
        Of each contributor.
    """

    index: Mapping[str, int] = field(default_factory=dict)
    contributors: _Whole = field(default_factory=lambda: _none(3))
    contributions: _Whole = field(default_factory=lambda: _none(4))
    attestations: _Whole = field(default_factory=lambda: _none(7))
    latest_reputation: LatestReputation = field(
        default_factory=lambda: LatestReputation.none(0)
    )

    def newer(self, connection: sa.Connection) -> Facts:
        """Read what was added since; the connection must see one state of the database."""
        people = queries.after(connection, tables.contributors, _last(self.contributors))
        data = queries.after(connection, tables.contributions, _last(self.contributions))
        words = queries.after(connection, tables.attestations, _last(self.attestations))
        index, contributors = self.index, _extended(self.contributors, [r[:3] for r in people])
        latest = self.latest_reputation.newer(connection, contributors[0])
        if not (people or data or words) and latest is self.latest_reputation:
            return self
        if people:
            start = len(index)
            index = {**index, **{row[3]: start + i for i, row in enumerate(people)}}
        return Facts(
            index,
            contributors,
            _extended(self.contributions, data),
            _extended(self.attestations, words),
            latest,
        )

    @property
    def latest(self) -> int:
        """When the last of them was recorded; before all time if there is none."""
        rows = (self.contributors, self.contributions, self.attestations)
        recorded = [*(table[1] for table in rows), self.latest_reputation.recorded]
        return int(np.concatenate(recorded).max(initial=BEFORE_ALL_TIME))

    def places(self, identities: Sequence[str], at: int) -> _Whole:
        """Find contributors: each one's place, -1 for whom nobody knew at the instant."""
        get = self.index.get
        found = np.array([get(name, -1) for name in identities], dtype=np.int64)
        recorded = np.append(self.contributors[1], np.iinfo(np.int64).max)
        return np.where(recorded[found] <= at, found, -1)

    def current(self, at: int) -> _Whole:
        """Find each contributor's current contribution: its place, -1 for none."""
        _, recorded, of, _ = self.contributions
        order = np.argsort(recorded, kind="stable")  # at one instant, as they came
        seen = order[recorded[order] <= at]
        current = np.full(self.contributors.shape[1], -1)
        current[np.searchsorted(self.contributors[0], of[seen])] = seen  # the last one stays
        return current

    def reputation(
        self, connection: sa.Connection, places: _Whole, at: int
    ) -> NDArray[np.float64]:
        """Find r of contributors by their places: from what was recorded before."""
        latest = self.latest_reputation
        r: NDArray[np.float64] = latest.values[0, places]
        (past,) = np.nonzero(latest.recorded[places] >= at)
        r[past] = Reputation.NEW.middle
        ids = self.contributors[0, places[past]]
        if rows := queries.latest_reputation(connection, ids.tolist(), at=at):
            found = np.searchsorted(ids, np.array([row[0] for row in rows], dtype=np.int64))
            r[past[found]] = [row[2] for row in rows]
        return r

    def evidence(
        self, connection: sa.Connection, places: _Whole, of_round: queries.Rows
    ) -> tuple[_Whole, Evidence]:
        """Find when contributors' evidence was recorded, and it, as before a round's rows."""
        latest = self.latest_reputation
        recorded, values = latest.recorded[places], latest.values[:, places]
        if of_round:
            ids = self.contributors[0, places]
            first = min(row[0] for row in of_round)
            recorded[:], values[:] = BEFORE_ALL_TIME, 0.0
            for row in queries.latest_reputation(connection, ids.tolist(), before=first):
                place = np.searchsorted(ids, row[0])
                recorded[place], values[:, place] = row[1], row[2:]
        return recorded, Evidence(values[1], values[2], values[3].astype(np.int64))

    def without_effect(
        self, connection: sa.Connection, at: int
    ) -> dict[str, NDArray[np.bool_]]:
        """Say of each attestation whether it has lost its effect, by the reason."""
        row, recorded, _, issuer, _, issued, expires = self.attestations
        by_key = np.zeros(row.shape, dtype=bool)
        for key, moment in queries.key_moments(connection, at):
            by_key |= (issuer == key) & ((recorded > moment) | (issued > moment))
        issuers = queries.rows_at(connection, tables.issuers, at) if row.size else []
        weak = [one.id for one in issuers if flaw(bytes(one.public_key))]
        return {
            "anyone can sign with its issuer's key": np.isin(issuer, weak),
            "its issuer's key is revoked": by_key,
            "revoked": np.isin(row, queries.withdrawn(connection, at)),
            "expired": expires <= at,
        }

    def verification(
        self, connection: sa.Connection, current: _Whole, at: int
    ) -> NDArray[np.float64]:
        """Find each contributor's v, by its current contribution."""
        _, recorded, of, _, level, _, _ = self.attestations
        valid = recorded <= at
        for lost in self.without_effect(connection, at).values():
            valid &= ~lost
        row = self.contributions[0]
        # One place more, at the end: who has no contribution, -1, stands there.
        v = np.full(row.size + 1, Verification.SELF_ATTESTED.middle)
        best = np.full(row.size, -np.inf)
        middles = np.array([one.middle for one in queries.LEVELS])
        np.maximum.at(best, np.searchsorted(row, of[valid]), middles[level[valid]])
        v[:-1] = np.where(np.isfinite(best), best, v[:-1])
        flagged = np.isin(row, queries.flagged(connection, at))
        v[:-1][flagged] = Verification.FLAGGED_OR_RETRACTED.middle
        return v[current]

    def freshness(
        self, places: _Whole, current: _Whole, at: int, context: Context | None
    ) -> NDArray[np.float64]:
        """Find T of contributors, of whom each has a current contribution or -1."""
        domain = self.contributors[2, places]
        collected = np.append(self.contributions[3], at)[current]
        ages = np.maximum(at - collected, 0) / MICROSECONDS_A_YEAR
        if context is None:
            T = temporal_decay(ages, np.array(list(DECAY_RATES.values()))[domain])
        else:
            T = np.empty(ages.shape)
            for code, source in enumerate(queries.DOMAINS):
                T[domain == code] = context.decay(ages[domain == code], source)
        return np.where(current < 0, 1.0, T)


def _last(rows: _Whole) -> int:
    return int(rows[0, -1]) if rows.shape[1] else 0


def _extended(rows: _Whole, more: Sequence[tuple[int, ...]]) -> _Whole:
    if not more:
        return rows
    return np.concatenate([rows, np.array(more, dtype=np.int64).T], axis=1)
