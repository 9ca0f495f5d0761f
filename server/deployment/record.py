"""Beside a run's results: on which federation of this machine it runs."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, TypedDict

from anml_fl.run.files import DEPLOYMENT
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from server.deployment.state import State


class Record(TypedDict):
    """The federation's state folder, and whether its client processes are warm."""

    state: str
    warm: bool


def write_record(out: Path, state: State, *, warm: bool) -> None:
    """Write it into a run's folder."""
    about = Record(state=str(state.folder.resolve()), warm=warm)
    write_whole(out / DEPLOYMENT, f"{json.dumps(about)}\n".encode())


def read_record(path: Path) -> Record:
    """Read on which federation a run goes on.

    Raises
    ------
    ConfigError
        If the file is damaged.
    """
    try:
        found = json.loads(read_text(path))
        return Record(state=str(found["state"]), warm=bool(found["warm"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is damaged ({error}): remove it; `anml up --local --state STATE --out"
            f" {quote(str(path.parent))}` goes on with the run"
        ) from error
