"""Registry and ledger: facts that are added and never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# What identifies a row of each table, beside `id`.
_KEYS = {
    "contributors": ["identity", "public_key"],
    "contributions": ["contributor, data_hash"],
    "issuers": ["key_id"],
    "attestations": ["issuer, token_id"],
    "reputation": ["run, round, contributor"],
    "revocations": ["kind, target, moment"],
    "ledger": ["run, number"],
}


def upgrade() -> None:
    """Make the tables, their indexes, and the triggers that keep them append-only."""
    _registry()
    op.create_table(
        "ledger",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run", "number"),
        # Without SQLite's hidden row number, by which a row could be replaced.
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _append_only_postgresql()
    else:
        _append_only_sqlite()


def _table(name: str, *columns: sa.Column[object]) -> None:
    """Make a table with a row number that grows, and the time of each row's recording."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        name,
        sa.Column("id", number, sa.Identity(always=True), primary_key=True),
        *columns,
        sa.Column("recorded", sa.BigInteger, nullable=False),
        *(
            sa.UniqueConstraint(*key.split(", "), name=f"{name}_{key.replace(', ', '_')}")
            for key in _KEYS[name]
        ),
    )


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _of(name: str, table: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _registry() -> None:
    _table(
        "contributors",
        _text("identity"),
        _text("name"),
        _text("domain"),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        _time("since"),
    )
    _table(
        "contributions",
        _of("contributor", "contributors"),
        _text("data_hash"),
        sa.Column("size", sa.BigInteger, nullable=False),
        _time("collected"),
    )
    _table(
        "issuers",
        _text("key_id"),
        _text("name"),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        _text("levels"),
        _time("since"),
        _time("until"),
    )
    _table(
        "attestations",
        _of("contribution", "contributions"),
        _of("issuer", "issuers"),
        _text("token_id"),
        _text("level"),
        _time("issued"),
        _time("expires"),
        _text("token"),
    )
    _table(
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
    _table(
        "revocations",
        _text("kind"),
        _text("target"),
        _time("moment"),
        _text("reason"),
        # The target once more, as rows: the issuer's key, its attestation, the contribution.
        _of("issuer", "issuers", nullable=True),
        sa.Column("token_id", sa.Text),
        _of("contribution", "contributions", nullable=True),
    )
    # r at an instant is one step into this index.
    op.create_index(
        "reputation_latest", "reputation", ["contributor", "recorded", "id", "reputation"]
    )
    op.create_index("attestations_contribution", "attestations", ["contribution"])
    op.create_index("revocations_contribution", "revocations", ["contribution"])
    op.create_index("revocations_token", "revocations", ["issuer", "token_id"])


def _append_only_sqlite() -> None:
    for table, keys in _KEYS.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN"
                f" SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused'); END"
            )
        # INSERT OR REPLACE deletes what stands in its way without asking the trigger above.
        names = [*keys] if table == "ledger" else ["id", *keys]
        for number, key in enumerate(names):
            same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
            op.execute(
                f"CREATE TRIGGER {table}_no_replace_{number} BEFORE INSERT ON {table}"  # noqa: S608 - names of ours
                f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN"
                f" SELECT RAISE(ABORT, '{table} is append-only: the row is there already');"
                " END"
            )


def _append_only_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION anml_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP;"
        " END $$"
    )
    for table in _KEYS:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION anml_append_only()"
        )
