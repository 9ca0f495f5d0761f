"""The registry's queries: all of its SQL, for SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from anml_fl.method.provenance import DECAY_RATES, Verification
from anml_fl.registry.tables import (
    attestations,
    contributions,
    contributors,
    issuers,
    metadata,
    reputation,
    revocations,
)

_LARGEST = 2**63 - 1
_AT = sa.bindparam("at", type_=sa.BigInteger)
DOMAINS = tuple(DECAY_RATES)
LEVELS = tuple(Verification)
Rows = Sequence[tuple[Any, ...]]


def insert(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Add a row."""
    connection.execute(table.insert(), row)


def find(connection: sa.Connection, table: sa.Table, **values: object) -> Any:
    """Find the row whose columns have these values; None if there is none."""
    return connection.execute(
        table.select().where(*(table.c[name] == value for name, value in values.items()))
    ).first()


def after(connection: sa.Connection, table: sa.Table, last: int) -> Rows:
    """Read what `Facts` needs of the rows of a table whose number is above `last`."""
    return _fetch(connection, _AFTER[table.name], last=last)


def rows_at(
    connection: sa.Connection, table: sa.Table, at: int, **values: object
) -> list[Any]:
    """List the rows that were recorded by an instant, in the order of their recording."""
    rows = connection.execute(
        table.select()
        .where(table.c.recorded <= at)
        .where(*(table.c[name] == value for name, value in values.items()))
        .order_by(table.c.recorded, table.c.id)
    )
    return list(rows)


def attested(connection: sa.Connection, contributor: int, at: int) -> list[Any]:
    """List a contributor's attestations recorded by an instant, with what they are about."""
    rows = connection.execute(
        sa.select(
            attestations,
            contributions.c.data_hash,
            issuers.c.key_id,
            issuers.c.name.label("issuer_name"),
        )
        .join(contributions, contributions.c.id == attestations.c.contribution)
        .join(issuers, issuers.c.id == attestations.c.issuer)
        .where(contributions.c.contributor == contributor, attestations.c.recorded <= at)
        .order_by(attestations.c.recorded, attestations.c.id)
    )
    return list(rows)


# ── Signals ─────────────────────────────────────────────────────────────────────────────────

# What memory holds of every row: whole numbers alone, but for identities.
_CODED_DOMAIN = sa.case(
    {domain: code for code, domain in enumerate(DOMAINS)}, value=contributors.c.domain
)
_CODED_LEVEL = sa.case(
    {level.name: code for code, level in enumerate(LEVELS)}, value=attestations.c.level
)
_LAST = sa.bindparam("last", type_=sa.BigInteger)
_REPUTATION_COLUMNS = tuple(
    reputation.c[name]
    for name in ("contributor", "recorded", "reputation", "good", "bad", "contributions")
)
_READ: dict[str, tuple[sa.ColumnElement[Any], ...]] = {
    "contributors": (
        contributors.c.id,
        contributors.c.recorded,
        _CODED_DOMAIN,
        contributors.c.identity,
    ),
    "contributions": tuple(
        contributions.c[name] for name in ("id", "recorded", "contributor", "collected")
    ),
    "attestations": (
        *(attestations.c[name] for name in ("id", "recorded", "contribution", "issuer")),
        _CODED_LEVEL,
        attestations.c.issued,
        attestations.c.expires,
    ),
    "reputation": _REPUTATION_COLUMNS,
}
_AFTER = {
    name: sa.select(*columns)
    .where(metadata.tables[name].c.id > _LAST)
    .order_by(metadata.tables[name].c.id)
    for name, columns in _READ.items()
}


def flagged(connection: sa.Connection, at: int) -> list[int]:
    """List the contributions that are flagged, by row number."""
    return [row[0] for row in _fetch(connection, _FLAGGED, at=at)]


def withdrawn(connection: sa.Connection, at: int) -> list[int]:
    """List the attestations that are revoked one by one, by row number."""
    return [row[0] for row in _fetch(connection, _WITHDRAWN, at=at)]


def key_moments(connection: sa.Connection, at: int) -> Rows:
    """List the issuers whose key is revoked, by row number, and from which moment on."""
    return _fetch(connection, _KEY_MOMENTS, at=at)


_FLAGGED = sa.select(revocations.c.contribution).where(
    revocations.c.contribution.is_not(None),
    revocations.c.recorded <= _AT,
    revocations.c.moment <= _AT,
)
_WITHDRAWN = (
    sa.select(attestations.c.id)
    .join(
        revocations,
        sa.and_(
            revocations.c.issuer == attestations.c.issuer,
            revocations.c.token_id == attestations.c.token_id,
        ),
    )
    .where(revocations.c.recorded <= _AT, revocations.c.moment <= _AT)
)
_KEY_MOMENTS = (
    sa.select(revocations.c.issuer, sa.func.min(revocations.c.moment))
    .where(
        revocations.c.issuer.is_not(None),
        revocations.c.token_id.is_(None),
        revocations.c.recorded <= _AT,
    )
    .group_by(revocations.c.issuer)
)


def latest(connection: sa.Connection) -> int:
    """Find when the last issuer's key or revocation was recorded: memory holds neither."""
    return max(int(_fetch(connection, one)[0][0]) for one in _LATEST)


_LATEST = tuple(
    sa.select(sa.func.coalesce(sa.func.max(table.c.recorded), -_LARGEST - 1))
    for table in (issuers, revocations)
)

# ── Reputation ──────────────────────────────────────────────────────────────────────────────


def last_row(connection: sa.Connection) -> int:
    """Find the number of the latest row of `reputation`; 0 if there is none."""
    return int(connection.execute(sa.select(sa.func.max(reputation.c.id))).scalar() or 0)


def latest_reputation(
    connection: sa.Connection,
    ids: Sequence[int],
    *,
    at: int = _LARGEST,
    before: int = _LARGEST,
) -> Rows:
    """Look up the latest row of `reputation` of contributors.

    Parameters
    ----------
    ids : sequence of int
        Contributors by row number, rising: so it is quickest.
    at, before : int
        Of rows recorded earlier, in microseconds, and of a smaller number.

    Returns
    -------
    rows
        For each contributor with any: its row number, recorded, r, good, bad, contributions.
    """
    if not ids:
        return []
    statement = _LATEST_REPUTATION[connection.dialect.name]
    return _fetch(connection, statement, asked=json.dumps(ids), at=at, before=before)


def insert_reputation(
    connection: sa.Connection, run: str, round_number: int, rows: Rows
) -> None:
    """Add a round's rows, each with the columns that `observed` reads."""
    if not rows:
        return
    columns = ", ".join(("run", "round", *_OBSERVED))
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * (2 + len(_OBSERVED)))
    # By the driver: SQLAlchemy would take as long again to make its parameters.
    connection.exec_driver_sql(
        f"INSERT INTO reputation ({columns}) VALUES ({marks})",  # noqa: S608 - no values
        [(run, round_number, *row) for row in rows],
    )


def observed(connection: sa.Connection, run: str, round_number: int) -> Rows:
    """Read what a round wrote, by contributor: row numbers first, then as it was inserted."""
    return _fetch(connection, _OF_ROUND, run=run, round=round_number)


_OBSERVED = (
    "contributor",
    "reputation",
    "good",
    "bad",
    "contributions",
    "reason",
    "moment",
    "recorded",
)
_OF_ROUND = (
    sa.select(reputation.c.id, *(reputation.c[name] for name in _OBSERVED))
    .where(
        reputation.c.run == sa.bindparam("run"), reputation.c.round == sa.bindparam("round")
    )
    .order_by(reputation.c.contributor)
)


def moment_of(connection: sa.Connection, run: str, round_number: int) -> int | None:
    """Find the instant of a round that was observed."""
    return connection.execute(
        sa.select(reputation.c.moment)
        .where(reputation.c.run == run, reputation.c.round == round_number)
        .limit(1)
    ).scalar()


def _select_latest_reputation(dialect: str) -> sa.Select[Any]:
    asked = sa.bindparam("asked", type_=sa.Text)
    if dialect == "sqlite":
        listed: Any = sa.func.json_each(asked).table_valued("value").alias("asked")
    else:
        each = sa.func.json_array_elements_text(sa.cast(asked, postgresql.JSON))
        listed = each.table_valued("value").render_derived("asked")
    earlier = reputation.alias("earlier")
    last = (
        sa.select(earlier.c.id)
        .where(
            earlier.c.contributor == sa.cast(listed.c.value, sa.BigInteger),
            earlier.c.recorded < sa.bindparam("at", type_=sa.BigInteger),
            earlier.c.id < sa.bindparam("before", type_=sa.BigInteger),
        )
        .order_by(earlier.c.recorded.desc(), earlier.c.id.desc())
        .limit(sa.literal_column("1"))
        .correlate(listed)
        .scalar_subquery()
    )
    return (
        sa.select(*_REPUTATION_COLUMNS)
        .select_from(listed)
        .join(reputation, reputation.c.id == last)
    )


_LATEST_REPUTATION = {
    dialect: _select_latest_reputation(dialect) for dialect in ("sqlite", "postgresql")
}


def _fetch(connection: sa.Connection, statement: Any, **parameters: object) -> Rows:
    """Fetch plain tuples: SQLAlchemy's rows would take as long again as the query."""
    result = connection.execute(statement, parameters)
    rows: Rows = result.cursor.fetchall()
    result.close()
    return rows
