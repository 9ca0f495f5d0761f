"""What Alembic runs: the migrations, inside the transaction that the caller has begun."""

from alembic import context

VERSION_TABLE = "anml_version"
"""Where a database of ours says its version; by it, it is recognised as ours."""


def migrate() -> None:
    """Run what is missing on the connection in the config's attributes."""
    context.configure(
        connection=context.config.attributes["connection"], version_table=VERSION_TABLE
    )
    context.run_migrations()


if __name__ == "env_py":  # Alembic's name for it; others may import it
    migrate()
