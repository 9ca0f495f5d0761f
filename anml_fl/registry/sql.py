"""The durable registry: facts in a database, and the signals that follow at any instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.database.engine import reading, writing
from anml_fl.method.provenance import Reputation, Verification
from anml_fl.method.reputation import ReputationRule, conduct
from anml_fl.registry import queries, recording, tables
from anml_fl.registry.attestation import check
from anml_fl.registry.clock import date, microseconds, now, years
from anml_fl.registry.facts import Facts
from anml_fl.registry.instants import after
from anml_fl.registry.interface import Signals
from anml_fl.registry.jws import AttestationError
from anml_fl.registry.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from anml_fl.method.records import RoundRecord
    from anml_fl.registry.clock import Instant
    from anml_fl.registry.context import Context
    from anml_fl.registry.domain import (
        Contribution,
        Contributor,
        Issuer,
        ReputationEntry,
        Revocation,
    )


class SqlRegistry:
    """Contributors in a database: a registry, with credentials and earned reputation.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `open_database`. Several registries, threads and processes may share it. What
        is in it is read at once, so that the first round is as quick as the next.
    rule : ReputationRule, optional
        How reputation moves.
    context : Context, optional
        Without one, T is the decay of the contribution's own domain.
    clock : callable, optional
        The clock of a registry in use. No fact is recorded earlier than by it, nor than the
        last one: a round that is repeated asks at its old instant, and what came since must
        not get there; nor where a clock that was set back says.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from anml_fl.database.engine import open_database
    >>> from anml_fl.registry.domain import Contributor
    >>> day = datetime(2026, 1, 1, tzinfo=UTC)
    >>> with TemporaryDirectory() as folder:
    ...     engine = open_database(Path(folder, "anml.db"))
    ...     registry = SqlRegistry(engine)
    ...     registry.add_contributor(Contributor("a", "Ann", "news", b"key", day), at=day)
    ...     print(registry.signals(["a", "nobody"], at=day).s)
    ...     engine.dispose()
    [0.1 0.1]
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rule: ReputationRule | None = None,
        context: Context | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._engine = engine
        self._rule = rule or ReputationRule()
        self._context = context
        self._clock = clock
        self._facts = Facts()
        self._signatures = Signatures()
        with reading(engine) as connection:
            self._newer(connection)

    # ── Facts are added ─────────────────────────────────────────────────────────────────────

    def add_contributor(self, contributor: Contributor, at: Instant) -> None:
        """Add somebody.

        Parameters
        ----------
        at : datetime or float
            When the registry learns of it, here and below.

        Raises
        ------
        ValueError
            If its identity or key is there already, or a field is bad.
        """
        self._record(recording.add_contributor, contributor, at)

    def add_contribution(self, contribution: Contribution, at: Instant) -> None:
        """Add a data set, from now on its contributor's current one.

        Raises
        ------
        ValueError
            If its contributor is unknown, it is there already, or a field is bad.
        """
        self._record(recording.add_contribution, contribution, at)

    def add_issuer(self, issuer: Issuer, at: Instant) -> None:
        """Add an issuer's key.

        Raises
        ------
        ValueError
            If the key is there already, or a field is bad.
        """
        self._record(recording.add_issuer, issuer, at)

    def revoke(self, revocation: Revocation, at: Instant) -> None:
        """Take an issuer's key, an attestation or a contribution back.

        An attestation may be revoked before anybody has shown it, if its key is there.

        Raises
        ------
        ValueError
            If the target is unknown, or the same was said before.
        """
        self._record(recording.revoke, revocation, at)

    def present(
        self, contributor: str, tokens: Sequence[str], *, at: Instant
    ) -> tuple[str, ...]:
        """Check attestations, and keep those that hold; see `CredentialRegistry.present`."""
        refused, new = [], []
        with reading(self._engine) as connection:
            moment = self._recording(connection, microseconds(at))
            if self._newer(connection).places([contributor], moment)[0] < 0:
                return tuple(f"contributor {contributor!r} is unknown" for _ in tokens)
            owner = queries.find(connection, tables.contributors, identity=contributor)
            data = queries.rows_at(
                connection, tables.contributions, moment, contributor=owner.id
            )
            hashes = {row.data_hash: row.id for row in data}
            keys = {
                row.key_id: row for row in queries.rows_at(connection, tables.issuers, moment)
            }
            issuers = [recording.issuer(row) for row in keys.values()]
            for token in tokens:
                try:
                    word = check(
                        token,
                        issuers=issuers,
                        subject=owner.public_key,
                        data_hashes=hashes,
                        at=date(moment),
                        signatures=self._signatures,
                    )
                    place = (keys[word.key_id].id, hashes[word.data_hash])
                    if not recording.is_held(connection, word, place[0], moment):
                        new.append((word, *place))
                except AttestationError as error:
                    refused.append(str(error))
        if new:
            with writing(self._engine) as connection:
                moment = self._recording(connection, moment)
                for word, issuer, contribution in new:
                    try:
                        recording.keep(connection, word, issuer, contribution, moment)
                    except AttestationError as error:
                        refused.append(str(error))
        return tuple(refused)

    # ── What follows from them ──────────────────────────────────────────────────────────────

    def signals(self, contributors: Sequence[str], *, at: Instant) -> Signals:
        """Look contributors up, by what was recorded by then; see `Registry.signals`."""
        moment = microseconds(at)
        v = np.full(len(contributors), Verification.SELF_ATTESTED.middle)
        r = np.full(len(contributors), Reputation.NEW.middle)
        T = np.ones(len(contributors))
        with reading(self._engine) as connection:
            facts = self._newer(connection)
            places = facts.places(contributors, moment)
            asked = np.unique(places[places >= 0])
            if not asked.size:
                return Signals(v, r, T)
            reputation = facts.reputation(connection, asked, moment)
            current = facts.current(moment)
            verification = facts.verification(connection, current, moment)
        found = places >= 0
        where = np.searchsorted(asked, places[found])
        v[found] = verification[places[found]]
        r[found] = reputation[where]
        T[found] = facts.freshness(asked, current[asked], moment, self._context)[where]
        return Signals(v, r, T)

    def observe(self, run: str, record: RoundRecord) -> None:
        """Let reputation move by a round; see `ReputationRegistry.observe`.

        Raises
        ------
        ValueError
            If the round was observed before, and otherwise; or lists somebody twice.
        """
        moment = microseconds(record.at)
        names = [one.contributor for one in record.contributors]
        if len(set(names)) < len(names):
            raise ValueError(f"round {record.round} of {run!r} lists a contributor twice")
        outcomes, reasons = conduct(record)
        valid = [
            one.reason is None and bool(np.isfinite(one.q)) for one in record.contributors
        ]
        with writing(self._engine) as connection:
            facts = self._newer(connection)
            places = facts.places(names, moment)
            # By row number: rows of one contributor lie together in the index.
            who = np.argsort(places, kind="stable")[np.count_nonzero(places < 0) :]
            ids = facts.contributors[0, places[who]].tolist()
            before = queries.observed(connection, recording.text("run", run), record.round)
            recorded, earlier = facts.evidence(connection, places[who], before)
            later = self._rule.after(earlier, outcomes[who], np.array(valid, dtype=bool)[who])
            columns = (
                ids,
                self._rule.reputation(later).tolist(),
                later.good.tolist(),
                later.bad.tolist(),
                later.contributions.tolist(),
                [reasons[i] for i in who],
                [moment] * len(ids),
                # Rounds of two runs may overlap: what is learned later is never put before.
                np.maximum(recorded, self._recording(connection, moment)).tolist(),
            )
            rows = list(zip(*columns, strict=True))
            if not before:
                queries.insert_reputation(connection, run, record.round, rows)
            elif [row[:-1] for row in rows] != [tuple(row[1:-1]) for row in before]:
                raise ValueError(
                    f"round {record.round} of {run!r} was observed before, and otherwise: a"
                    " round is observed once; give another run another name"
                )

    def observed_at(self, run: str, round_number: int) -> float | None:
        """Say at which instant a round of a run was observed, in years; None if it was not.

        Returns
        -------
        float, optional
            The `at` of the record, to the microsecond.
        """
        with reading(self._engine) as connection:
            moment = queries.moment_of(connection, run, round_number)
        return None if moment is None else years(date(moment))

    def now(self) -> datetime:
        """Read the clock: never before the registry's last fact, which it knows by then."""
        with reading(self._engine) as connection:
            latest = self._latest(connection)
        return date(after(latest, microseconds((self._clock or now)())))

    # ── What it holds, for people ───────────────────────────────────────────────────────────

    def contributors(self, at: Instant) -> tuple[Contributor, ...]:
        """List who was recorded by an instant, as they came."""
        return tuple(map(recording.contributor, self._rows(tables.contributors, at)))

    def issuers(self, at: Instant) -> tuple[Issuer, ...]:
        """List the issuers' keys that were recorded by an instant, as they came."""
        return tuple(map(recording.issuer, self._rows(tables.issuers, at)))

    def revocations(self, at: Instant) -> tuple[Revocation, ...]:
        """List the revocations that were recorded by an instant, as they came."""
        return tuple(map(recording.revocation, self._rows(tables.revocations, at)))

    def contributions(self, identity: str, at: Instant) -> tuple[Contribution, ...]:
        """List a contributor's contributions; the last one is its current one.

        Raises
        ------
        ValueError
            If the contributor is unknown; so below.
        """
        rows = self._rows(tables.contributions, at, identity)
        return tuple(recording.contribution(identity, row) for row in rows)

    def history(
        self, identity: str, at: Instant
    ) -> tuple[tuple[datetime, ReputationEntry], ...]:
        """List how a contributor's reputation moved, each entry with its instant."""
        rows = self._rows(tables.reputation, at, identity)
        return tuple((date(row.recorded), recording.entry(identity, row)) for row in rows)

    def attestations(self, identity: str, at: Instant) -> tuple[recording.Held, ...]:
        """List a contributor's attestations, and why one has no effect at an instant."""
        moment = microseconds(at)
        with reading(self._engine) as connection:
            owner = recording.owner(connection, identity)
            facts = self._newer(connection)
            current = facts.current(moment)[facts.index[identity]]
            lost = {
                "not for the current contribution": facts.attestations[2]
                != np.append(facts.contributions[0], -1)[current],
                **facts.without_effect(connection, moment),
            }
            rows = queries.attested(connection, owner.id, moment)
        places = np.searchsorted(facts.attestations[0], [row.id for row in rows])
        return tuple(
            recording.Held(
                recording.attestation(row, owner.public_key),
                date(row.recorded),
                next((reason for reason, mask in lost.items() if mask[place]), None),
            )
            for place, row in zip(places, rows, strict=True)
        )

    def _record(
        self, add: Callable[[sa.Connection, Any, int], None], fact: object, at: Instant
    ) -> None:
        with writing(self._engine) as connection:
            add(connection, fact, self._recording(connection, microseconds(at)))

    def _rows(self, table: sa.Table, at: Instant, identity: str | None = None) -> list[Any]:
        with reading(self._engine) as connection:
            whose = {}
            if identity is not None:
                whose["contributor"] = recording.owner(connection, identity).id
            return queries.rows_at(connection, table, microseconds(at), **whose)

    def _recording(self, connection: sa.Connection, moment: int) -> int:
        """Say at which instant a fact is recorded that is said to be of an instant."""
        if self._clock is None:
            return moment
        return max(moment, microseconds(self._clock()), self._latest(connection))

    def _latest(self, connection: sa.Connection) -> int:
        """Find when the last fact was recorded; before all time if there is none."""
        return max(self._newer(connection).latest, queries.latest(connection))

    def _newer(self, connection: sa.Connection) -> Facts:
        """Bring what memory holds up to date; two threads may both do so, to the same end."""
        facts = self._facts = self._facts.newer(connection)
        return facts
