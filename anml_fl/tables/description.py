"""What a table is like, by site, and what to look at before it is used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from anml_fl.tables.description_notes import notes_on
from anml_fl.tables.schema import ClassLabel
from anml_fl.tables.site_description import SiteDescription, site_descriptions

if TYPE_CHECKING:
    from anml_fl.tables.columns import Columns
    from anml_fl.tables.schema import TableSchema


@dataclass(frozen=True, slots=True)
class Description:
    """A table, by site.

    Parameters
    ----------
    where : str
        What it was read from.
    rows : int
    label : str
    classes : tuple of str
        What each is called; empty where the label is a number.
    sites : tuple of SiteDescription
        In the order of their first rows.
    notes : tuple of str
        What to look at. No cell of a row stands in them, but names of columns and sites,
        and values that a schema lists.
    """

    where: str
    rows: int
    label: str
    classes: tuple[str, ...]
    sites: tuple[SiteDescription, ...]
    notes: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Give it as what JSON holds."""
        return asdict(self)

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(self.facts(), indent=2)


def described(columns: Columns, schema: TableSchema) -> Description:
    """Describe a table, held against a schema; of columns that it lacks only that is said.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from anml_fl.tables.columns import Columns
    >>> from anml_fl.tables.inference import inferred
    >>> table = pa.table({"at": ["a", "b", "a"], "x": ["1", "5", "?"], "y": ["u", "v", "u"]})
    >>> columns = Columns("a.csv", table, str)
    >>> found = described(columns, inferred(columns, "y", "at"))
    >>> [(one.site, one.rows, one.classes, one.missing) for one in found.sites]
    [('a', 2, (2, 0), 0.5), ('b', 1, (0, 1), 0.0)]
    """
    columns = _named_as(columns, schema)
    label = schema.label
    there = label.name in columns.table.column_names
    classes = label.classes if there and isinstance(label, ClassLabel) else ()
    sites = site_descriptions(columns, schema)
    return Description(
        where=columns.where,
        rows=columns.table.num_rows,
        label=label.name,
        classes=tuple(one[0] for one in classes),
        sites=sites,
        notes=tuple(notes_on(columns, schema, sites)),
    )


def _named_as(columns: Columns, schema: TableSchema) -> Columns:
    """Call columns as the schema does, where the table writes them in another case."""
    there = set(columns.table.column_names)
    wanted = [column.name for column in schema.columns] + [schema.label.name, schema.site]
    lacking = {name.strip().casefold(): name for name in wanted if name not in there}
    known = set(wanted)
    names = [
        name if name in known else lacking.pop(name.casefold(), name)
        for name in columns.table.column_names
    ]
    return replace(columns, table=columns.table.rename_columns(names))
