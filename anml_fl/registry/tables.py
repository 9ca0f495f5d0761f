"""The registry's tables, as the migrations in `anml_fl.database` make them: a test compares.

Times are whole microseconds since 1970; `recorded` is when the registry learned of a row.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Table(
        name,
        metadata,
        sa.Column("id", number, sa.Identity(always=True), primary_key=True),
        *columns,
        _time("recorded"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _of(name: str, table: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{table}.id"), nullable=nullable)


contributors = _table(
    "contributors",
    _text("identity"),
    _text("name"),
    _text("domain"),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    _time("since"),
)
contributions = _table(
    "contributions",
    _of("contributor", "contributors"),
    _text("data_hash"),
    sa.Column("size", sa.BigInteger, nullable=False),
    _time("collected"),
)
issuers = _table(
    "issuers",
    _text("key_id"),
    _text("name"),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    _text("levels"),
    _time("since"),
    _time("until"),
)
attestations = _table(
    "attestations",
    _of("contribution", "contributions"),
    _of("issuer", "issuers"),
    _text("token_id"),
    _text("level"),
    _time("issued"),
    _time("expires"),
    _text("token"),
)
reputation = _table(
    "reputation",
    _of("contributor", "contributors"),
    _text("run"),
    sa.Column("round", sa.Integer, nullable=False),
    _time("moment"),
    sa.Column("reputation", sa.Double, nullable=False),
    sa.Column("good", sa.Double, nullable=False),
    sa.Column("bad", sa.Double, nullable=False),
    sa.Column("contributions", sa.BigInteger, nullable=False),
    _text("reason"),
)
revocations = _table(
    "revocations",
    _text("kind"),
    _text("target"),
    _time("moment"),
    _text("reason"),
    _of("issuer", "issuers", nullable=True),
    sa.Column("token_id", sa.Text),
    _of("contribution", "contributions", nullable=True),
)
