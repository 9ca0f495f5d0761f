"""The tables, from one version to the next (Alembic)."""
