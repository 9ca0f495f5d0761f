"""How facts become rows, checked before they are added; and rows facts again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anml_fl.method.checks import count
from anml_fl.method.provenance import DECAY_RATES, Verification
from anml_fl.registry import queries, tables
from anml_fl.registry.attestation import key_id
from anml_fl.registry.clock import date, microseconds
from anml_fl.registry.domain import (
    Attestation,
    Contribution,
    Contributor,
    Issuer,
    ReputationEntry,
    Revocation,
    Withdrawn,
)
from anml_fl.registry.ed25519 import flaw
from anml_fl.registry.jws import LEVELS, AttestationError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_DATA_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Held:
    """An attestation that a registry holds.

    Parameters
    ----------
    lost : str, optional
        Why it has no effect at the instant asked about; None if it has.
    """

    attestation: Attestation
    received: datetime
    lost: str | None


def add_contributor(connection: Connection, one: Contributor, recorded: int) -> None:
    """Add a contributor; see `SqlRegistry.add_contributor`."""
    if one.domain not in DECAY_RATES:
        raise ValueError(
            f"domain of {one.identity!r} must be one of {', '.join(DECAY_RATES)}, got"
            f" {one.domain!r}"
        )
    if not one.public_key:
        raise ValueError(f"public_key of {one.identity!r} is empty: give its node's key")
    row = {
        "identity": text("identity", one.identity),
        "name": text("name", one.name),
        "domain": one.domain,
        "public_key": one.public_key,
        "since": microseconds(one.since),
        "recorded": recorded,
    }
    if queries.find(connection, tables.contributors, identity=one.identity):
        raise ValueError(f"contributor {one.identity!r} is there already")
    if other := queries.find(connection, tables.contributors, public_key=one.public_key):
        raise ValueError(
            f"public_key of {one.identity!r} is that of {other.identity!r}: a node is one"
            " contributor"
        )
    queries.insert(connection, tables.contributors, row)


def add_contribution(connection: Connection, one: Contribution, recorded: int) -> None:
    """Add a contribution; see `SqlRegistry.add_contribution`."""
    if not _DATA_HASH.fullmatch(one.data_hash):
        raise ValueError(
            "data_hash must be 'sha256:' and 64 lower-case hexadecimal digits, got"
            f" {one.data_hash!r}"
        )
    if not 1 <= count("size", one.size) <= _LARGEST:
        raise ValueError(f"size must lie in [1, 2**63 - 1], got {one.size!r}")
    who = owner(connection, one.contributor)
    if queries.find(
        connection, tables.contributions, contributor=who.id, data_hash=one.data_hash
    ):
        # A second time could only give old data a younger date.
        raise ValueError(f"{one.data_hash} of {one.contributor!r} is there already")
    row = {
        "contributor": who.id,
        "data_hash": one.data_hash,
        "size": one.size,
        "collected": microseconds(one.collected),
        "recorded": recorded,
    }
    queries.insert(connection, tables.contributions, row)


def add_issuer(connection: Connection, one: Issuer, recorded: int) -> None:
    """Add an issuer's key; see `SqlRegistry.add_issuer`."""
    since, until = microseconds(one.since), microseconds(one.until)
    if len(one.public_key) != 32:
        raise ValueError(
            f"public_key of {one.name!r} must have the 32 bytes of an Ed25519 key, got"
            f" {len(one.public_key)}"
        )
    if not one.levels or not one.levels <= set(LEVELS.values()):
        names = ", ".join(sorted(level.name for level in one.levels)) or "none"
        can = ", ".join(level.name for level in LEVELS.values())
        raise ValueError(f"levels of {one.name!r} must be some of {can}, got {names}")
    if since >= until:
        raise ValueError(f"until must come after since, got {one.until} and {one.since}")
    if why := flaw(one.public_key):
        raise ValueError(f"public_key of {one.name!r} cannot be trusted: {why}")
    key = key_id(one.public_key)
    if queries.find(connection, tables.issuers, key_id=key):
        raise ValueError(f"the issuers' key {key} is there already")
    row = {
        "key_id": key,
        "name": text("name", one.name),
        "public_key": one.public_key,
        "levels": ",".join(sorted(level.name for level in one.levels)),
        "since": since,
        "until": until,
        "recorded": recorded,
    }
    queries.insert(connection, tables.issuers, row)


def revoke(connection: Connection, one: Revocation, recorded: int) -> None:
    """Add a revocation; see `SqlRegistry.revoke`."""
    row = {
        "kind": one.kind.value,
        "target": text("target", one.target),
        "moment": microseconds(one.moment),
    }
    if queries.find(connection, tables.revocations, **row):
        raise ValueError(f"{one.kind.value} {one.target} is revoked from {one.moment} already")
    rest = {"reason": text("reason", one.reason), "recorded": recorded}
    queries.insert(connection, tables.revocations, row | rest | _target(connection, one))


def is_held(connection: Connection, one: Attestation, issuer: int, at: int) -> bool:
    """Say whether an attestation that was checked is there already.

    Raises
    ------
    AttestationError
        If it or its key is revoked, or if another one has its id.
    """
    held = queries.find(connection, tables.attestations, issuer=issuer, token_id=one.id)
    received = held.recorded if held else at
    latest = max(received, microseconds(one.issued))
    for row in queries.rows_at(connection, tables.revocations, at, issuer=issuer):
        day = date(row.moment).isoformat()
        if row.token_id is None and latest > row.moment:
            raise AttestationError(f"its key is revoked from {day} on: {row.reason}")
        if row.token_id == one.id and row.moment <= at:
            raise AttestationError(f"it is revoked from {day} on: {row.reason}")
    if held and held.token != one.token:
        raise AttestationError(f"id {one.id!r} is that of another token by the same key")
    return held is not None


def keep(
    connection: Connection, one: Attestation, issuer: int, contribution: int, at: int
) -> None:
    """Add an attestation that was checked, if it is not there; raises as `is_held`."""
    if is_held(connection, one, issuer, at):
        return
    row = {
        "contribution": contribution,
        "issuer": issuer,
        "token_id": one.id,
        "level": one.level.name,
        "issued": microseconds(one.issued),
        "expires": microseconds(one.expires),
        "token": one.token,
        "recorded": at,
    }
    queries.insert(connection, tables.attestations, row)


def owner(connection: Connection, identity: str) -> Any:
    """Find a contributor's row, or raise ValueError."""
    row = queries.find(connection, tables.contributors, identity=text("contributor", identity))
    if row is None:
        raise ValueError(f"contributor {identity!r} is unknown: add it first")
    return row


def text(name: str, value: str) -> str:
    """Return a text after checking that there is one, and that any database can hold it."""
    if not value:
        raise ValueError(f"{name} must be a text that is not empty, got {value!r}")
    if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
        raise ValueError(f"{name} must be Unicode text without the character 0, got {value!r}")
    return value


def contributor(row: Any) -> Contributor:
    """Read a row."""
    key = bytes(row.public_key)
    return Contributor(row.identity, row.name, row.domain, key, date(row.since))


def contribution(identity: str, row: Any) -> Contribution:
    """Read a row."""
    return Contribution(identity, row.data_hash, row.size, date(row.collected))


def issuer(row: Any) -> Issuer:
    """Read a row."""
    levels = frozenset(Verification[name] for name in row.levels.split(","))
    key = bytes(row.public_key)
    return Issuer(row.name, key, levels, date(row.since), date(row.until))


def revocation(row: Any) -> Revocation:
    """Read a row."""
    return Revocation(Withdrawn(row.kind), row.target, date(row.moment), row.reason)


def entry(identity: str, row: Any) -> ReputationEntry:
    """Read a row."""
    return ReputationEntry(
        contributor=identity,
        run=row.run,
        round=row.round,
        reputation=row.reputation,
        good=row.good,
        bad=row.bad,
        contributions=row.contributions,
        reason=row.reason,
    )


def attestation(row: Any, subject: bytes) -> Attestation:
    """Read a row of `queries.attested`."""
    return Attestation(
        id=row.token_id,
        issuer=row.issuer_name,
        key_id=row.key_id,
        subject=bytes(subject),
        level=Verification[row.level],
        data_hash=row.data_hash,
        issued=date(row.issued),
        expires=date(row.expires),
        token=row.token,
    )


def _target(connection: Connection, one: Revocation) -> dict[str, Any]:
    """Find the rows that a revocation is about."""
    if one.kind is Withdrawn.CONTRIBUTION:
        identity, _, data_hash = one.target.rpartition("/")
        who = queries.find(connection, tables.contributors, identity=identity)
        row = who and queries.find(
            connection, tables.contributions, contributor=who.id, data_hash=data_hash
        )
        if row is None:
            raise ValueError(
                f"{one.target!r} is no contribution that is known: a target is"
                " CONTRIBUTOR/sha256:HASH"
            )
        return {"contribution": row.id}
    key, slash, token_id = one.target.partition("/")
    row = queries.find(connection, tables.issuers, key_id=key)
    if row is None:
        raise ValueError(
            f"{key!r} is no issuer's key that is known: see `anml registry list issuers`"
        )
    if one.kind is Withdrawn.ISSUER_KEY and slash:
        raise ValueError(f"the target of an issuer's key is its SHA-256, got {one.target!r}")
    if one.kind is Withdrawn.ATTESTATION and not token_id:
        raise ValueError(f"the target of an attestation is KEY_ID/ID, got {one.target!r}")
    return {"issuer": row.id, "token_id": token_id or None}
