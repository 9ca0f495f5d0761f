"""A node's own files: its table, the schema that it must fit, what may leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.settings.egress import EgressPolicy, read_policy
from anml_fl.system.files import cause
from anml_fl.tables.description import described
from anml_fl.tables.findings import findings
from anml_fl.tables.one_site import of_one_site
from anml_fl.tables.reading.source import read_columns
from anml_fl.tables.schema_file import read_schema, schema_hash
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from pathlib import Path

_TABLE, _POLICY = "table", "egress"
_DESCRIBE = "mend the file, or see `anml data describe` for what is in it"


@dataclass(frozen=True, slots=True)
class OwnTable:
    """What a node has of its own.

    Parameters
    ----------
    data : str
        As of `read_columns`.
    schema : Path
    egress : Path, optional
        Its policy; the usual one without.
    """

    data: str
    schema: Path
    egress: Path | None = None


def check_table(data: str, schema: Path) -> list[Finding]:
    """Hold a node's table against the schema that all have agreed on."""
    try:
        agreed = read_schema(schema)
    except (ValueError, OSError) as error:
        remedy = "ask for the server's schema.toml, and name it by --schema"
        return [problem("schema", cause(error), remedy)]
    found = [ok("schema", f"{schema}: {schema_hash(agreed)[:12]}, as the server must say too")]
    try:
        columns, alone = of_one_site(read_columns(data), agreed)
        if wrong := findings(columns, alone):
            return [*found, *(problem(_TABLE, one, _DESCRIBE) for one in wrong)]
        notes = described(columns, alone).notes
    except (ValueError, OSError) as error:
        return [*found, problem(_TABLE, cause(error), _DESCRIBE)]
    said = f"{columns.where}: {columns.table.num_rows} rows, which fit the schema"
    odd = [warning(_TABLE, note, "see that it is meant") for note in notes]
    return [*found, ok(_TABLE, said), *odd]


def check_policy(path: Path | None) -> Finding:
    """Read what may leave a node."""
    if path is None:
        usual = EgressPolicy().told
        return ok(_POLICY, f"no file, so the usual policy; what may leave: {usual}")
    try:
        policy = read_policy(path)
    except (ValueError, OSError) as error:
        remedy = "mend the file: until then nothing leaves the node"
        return problem(_POLICY, cause(error), remedy)
    return ok(_POLICY, f"{path}; what may leave: {policy.told}")
