"""What a federation keeps of tables that stay on their nodes: schema, test table, hand-outs.

`table/` holds the schema that all have agreed on, and the server's own tables, to test on or
trusted, if it has any; each node's folder holds what its site needs to join, and `sites.toml`
where the tables of nodes lie that run on this machine. No row of a contributor's is in the
state folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.federation.own_table import rows_beside
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import make_folder, write_whole
from anml_fl.tables.schema import ValueLabel
from anml_fl.tables.schema_file import read_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import Node, State

TABLE, SCHEMA = "table", "schema.toml"

EGRESS = """\
# What may leave this node. It is enforced here, before anything is sent; its hash goes with
# every reply, so that server and ledger know by which rules this site took part. What a reply
# may not hold stops the whole reply, and egress.log says which rule did.

# Trained models. Without them this site contributes nothing.
arrays = true

# Counts and sums over four fifths of the rows, always the same ones.
statistics = true

# Numbers that may go with a model: how many rows it was trained on, and how well a model does
# on rows that were kept for testing (a claim).
metrics = ["num-examples", "value"]

# What this node shows of itself to the registry: text, and nobody here knows what it says.
credentials = false

# What is counted fewer times than this is told as 0. At least 1; the federation itself tells
# nothing below 5.
least_count = 5

# The largest norm of what training may change in a model; a longer update stays here.
# largest_norm = 10.0

# The largest reply, in bytes.
# largest_bytes = 100000000
"""
"""The policy that each site begins with: what it says is what holds without one."""


def refuse_table(config: RunConfig) -> None:
    """Refuse a table that the server would have to have.

    Raises
    ------
    ConfigError
        Saying how nodes come to theirs.
    """
    table = config.table
    if table.data:
        raise ConfigError(
            f"table.data: in a deployment each node has its own table, got {table.data!r}:"
            " `anml up --schema schema.toml --nodes site-a,site-b`, and at each site `anml"
            " join --data FILE`. `anml data describe FILE --label COLUMN` writes a schema;"
            " `anml run --data FILE` learns from one table in this process"
        )
    for setting, what, given in (
        ("test", "a table to test on", table.test),
        ("root_data", "a table of trusted rows", table.root_data),
    ):
        if given and not table.schema_file:
            raise ConfigError(
                f"table.{setting}: {what} goes with --schema, got {given!r} alone"
            )


def found_tables(config: RunConfig) -> dict[str, bytes]:
    """Read what goes into `table/`: the schema, checked, and the server's own tables.

    Parameters
    ----------
    config : RunConfig
        As it was asked for: with paths from here.

    Returns
    -------
    dict
        File name to content; empty if data do not stay on their nodes.

    Raises
    ------
    ConfigError
        If one of the server's own tables is no file.
    ValueError, OSError
        If a file cannot be read, or the schema is none.
    """
    if not config.table.on_nodes:
        return {}
    path = Path(config.table.schema_file)
    schema = read_schema(path)
    found = {SCHEMA: path.read_bytes()}
    for name, given in _server_tables(config):
        path = Path(given)
        if not path.is_file():
            raise ConfigError(
                f"table.{name}: {given!r} is no file; a file is needed, which is copied into"
                " the state folder"
            )
        # What does not fit is told now, by line and column, and not after sites have joined.
        rows_beside(path, schema)
        found[copy_name(name, path)] = path.read_bytes()
    return found


def _server_tables(config: RunConfig) -> list[tuple[str, str]]:
    """Name the tables that the server has itself, and where each lies."""
    table = config.table
    pairs = (("test", table.test), ("root_data", table.root_data))
    return [(name, given) for name, given in pairs if given]


def copy_name(name: str, path: Path) -> str:
    """Name the copy of one of the server's tables: its endings say what it is.

    Examples
    --------
    >>> copy_name("test", Path("/srv/ours.2024.csv.gz"))
    'test.csv.gz'
    """
    ends = path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:]
    return name + "".join(ends)


def in_state(config: RunConfig) -> RunConfig:
    """Name the tables by their places in a state folder; score values by r2, if by nothing."""
    if not config.table.on_nodes:
        return config
    evaluation = config.evaluation
    schema = read_schema(Path(config.table.schema_file))
    if isinstance(schema.label, ValueLabel) and not evaluation.metric:
        evaluation = evaluation.model_copy(update={"metric": "r2"})
    copies = {
        name: f"{TABLE}/{copy_name(name, Path(given))}"
        for name, given in _server_tables(config)
    }
    chosen = config.table.model_copy(
        update={"schema_file": f"{TABLE}/{SCHEMA}", **copies, "digest": ""}
    )
    return config.model_copy(update={"table": chosen, "evaluation": evaluation})


def hand_out(state: State, nodes: Sequence[Node]) -> None:
    """Put into each node's folder what its site needs; its policy is the site's own then."""
    schema = state.table / SCHEMA
    for node in nodes:
        make_folder(node.folder, 0o700)
        for source, copy in ((state.ca, node.ca), (schema, node.schema)):
            content = source.read_bytes()
            if not copy.exists() or copy.read_bytes() != content:
                write_whole(copy, content, mode=0o644)
        if not node.egress.exists():
            write_whole(node.egress, EGRESS.encode(), mode=0o644)
