"""A table of one's own: a group of settings."""

from __future__ import annotations

from pydantic import Field

from anml_fl.settings.section import Section


class TableSettings(Section):
    """Which table is learned from, and what is what in it."""

    data: str = Field(
        "",
        description="A table of your own in place of a data set: CSV, TSV (gzip too), Parquet,"
        " .npz, a folder with one file a site or with pictures, or hf:NAME.",
    )
    label: str = Field("", description="Its column that is to be predicted.")
    by: str = Field(
        "", description="Its column that says whose rows they are (a folder's files say it)."
    )
    test: str = Field(
        "", description="A table to test on (default: a fifth of each contributor's rows)."
    )
    root_data: str = Field(
        "",
        description="A table of the same columns whose rows the server trusts: the root set"
        " (see --root).",
    )
    schema_file: str = Field(
        "",
        alias="schema",
        description="What the table must hold, as `anml data describe` writes it (default:"
        " found out from the table).",
    )
    digest: str = Field(
        "", description="Hash of table and schema, by which a run knows them again."
    )

    @property
    def own(self) -> bool:
        """Whether a run learns from such a table, here or at the contributors' nodes."""
        return bool(self.data or self.schema_file)

    @property
    def on_nodes(self) -> bool:
        """Whether each contributor's node reads a table that nobody else sees."""
        return bool(self.schema_file) and not self.data

    @property
    def claimed(self) -> bool:
        """Whether the nodes test models, since the server has no rows to test on."""
        return self.on_nodes and not self.test
