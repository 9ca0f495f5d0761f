"""supernode.py ARGS...: become a container's SuperNode, on a table of its own if it has one.

/site/table is the site's table, or /dev/null where there is none: then the node has the part
ANML_NODE of ANML_NODES of a data set that all have. ANML_TABLE is the table's name outside.
"""

import os
import sys
from pathlib import Path

from anml_fl.system.node_config import node_config

TABLE, NODE = Path("/site/table"), Path("/state/node")


def named(table: Path, name: str, folder: Path) -> Path:
    """Give a table that is one file its own name, whose ending says what it is."""
    if table.is_dir():
        return table
    link = folder / "site" / (Path(name).name or "table.csv")
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(table)
    return link


def config(table: Path, node: Path, folder: Path) -> str:
    """Write the node's configuration."""
    if not (table.is_file() or table.is_dir()):
        part = {"partition-id": int(os.environ["ANML_NODE"])}
        return node_config({**part, "num-partitions": int(os.environ["ANML_NODES"])})
    own = named(table, os.environ.get("ANML_TABLE", ""), folder)
    files = {"data": own, "schema": node / "schema.toml", "egress": node / "egress.toml"}
    # The folder that was handed out cannot be written to here.
    return node_config(
        {n: str(p) for n, p in files.items()} | {"egress-log": f"{folder}/egress.log"}
    )


if __name__ == "__main__":
    command = [sys.executable, "-m", "clients.supernode", *sys.argv[1:]]
    own_config = config(TABLE, NODE, Path("/tmp"))  # noqa: S108 - the container's own
    os.execv(sys.executable, [*command, f"--node-config={own_config}"])  # noqa: S606
