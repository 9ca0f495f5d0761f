"""The `.env` beside a compose file: the state folder, and how many nodes there are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from server.deployment.authority import write_once

if TYPE_CHECKING:
    from pathlib import Path

    from server.deployment.state import State

_FIRST = "# Made by `anml up`: what it has to say is replaced, what you add is kept."
_DEFAULTS = {
    "ANML_RUNS": "./runs",
    "ANML_WARM": "0",
    "ANML_PORT": "8000",
    "ANML_PAGE_PORT": "8080",
}


def write_environment(state: State, nodes: int, folder: Path, *, warm: bool = False) -> Path:
    """Write what docker compose reads; a file that somebody else made is left alone.

    Parameters
    ----------
    state : State
    nodes : int
        Their number.
    folder : Path
        Of the compose file.
    warm : bool
        Warm client processes and shorter polls.

    Returns
    -------
    Path
        `.env`, or `compose.env` in the state folder if `.env` is not ours.
    """
    path = folder / ".env"
    before: list[str] = path.read_text().splitlines() if path.exists() else [_FIRST]
    if before[:1] != [_FIRST]:
        path = state.folder / "compose.env"
        before = path.read_text().splitlines() if path.exists() else [_FIRST]
    values = dict(line.split("=", 1) for line in before if "=" in line and line[:1] != "#")
    values = {**_DEFAULTS, **values}
    values |= {
        "ANML_STATE": str(state.folder.resolve()),
        "ANML_UID": str(os.getuid()),
        "ANML_GID": str(os.getgid()),
        "ANML_NODES": str(nodes),
        "COMPOSE_PROFILES": ",".join(f"node-{place}" for place in range(nodes)),
    }
    if warm:
        values["ANML_WARM"] = "1"
    text = "\n".join([_FIRST, *(f"{name}={value}" for name, value in values.items())]) + "\n"
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    write_once(new, text.encode(), 0o600)
    new.replace(path)
    return path
