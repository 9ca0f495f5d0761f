"""What trackers are told of a run: its name, its settings, and how it ended."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from anml_fl.reasons.schemes import Dials
from anml_fl.run.files import CONFIG, LEDGER
from anml_fl.settings.run import settling_of
from anml_fl.system.untrusted_text import visible
from server.page.opening import content, there
from server.page.run_settings import LARGEST, read_settings
from server.tracking.run_mark import run_mark

if TYPE_CHECKING:
    from pathlib import Path

Setting = str | int | float | bool

# A database's URL may name a user, and is nobody's business.
_KEPT_HERE = ("registry.database",)
_SEPARATOR = re.compile(r"[/\\]")
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A run as trackers know it.

    Parameters
    ----------
    folder : Path
    mark : str
        What tells it from every other run, as of `run_mark`.
    name : str
        As its settings have it.
    strategies : tuple of str
        At least one.
    settings : mapping
        Dotted name to value, as of `told_settings`.
    pool : int
        Micro-units that each round of the strategy that pays shares.
    dials : Dials
        What weights depend on.
    began : float
        Seconds since 1970 at which the settings were written.
    """

    folder: Path
    mark: str
    name: str
    strategies: tuple[str, ...]
    settings: dict[str, Setting]
    pool: int
    dials: Dials
    began: float

    @property
    def lead(self) -> str:
        """The strategy that pays."""
        return settling_of(self.strategies)


def read_run(folder: Path) -> TrackedRun:
    """Read what a run's settings say of it.

    Raises
    ------
    FileNotFoundError
        If there are none: the run has not begun.
    OSError, ValueError
        If they cannot be read, saying why.
    """
    known = read_settings(folder)
    tree = tomllib.loads(content(folder, CONFIG, most=LARGEST).decode("utf-8-sig"))
    pool = tree.get("settlement", {}).get("pool", 0)
    return TrackedRun(
        folder=folder,
        mark=run_mark(folder, known.name),
        name=known.name,
        strategies=known.strategies,
        settings=told_settings(tree),
        pool=pool if isinstance(pool, int) else 0,
        dials=known.dials or Dials(),
        began=(folder / CONFIG).stat().st_mtime,
    )


def told_settings(tree: dict[str, Any]) -> dict[str, Setting]:
    """Give settings by dotted names, without where anything lies.

    Parameters
    ----------
    tree : dict
        What `config.toml` holds.

    Returns
    -------
    dict
        Of a path its last part; no database; lists with commas between; texts of at most 500
        letters.

    Examples
    --------
    >>> tree = {"seed": 0, "strategies": ["krum", "anml"], "table": {"data": "/home/me/a.csv"}}
    >>> told_settings(tree)
    {'seed': 0, 'strategies': 'krum,anml', 'table.data': 'a.csv'}
    """
    found: dict[str, Setting] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": one for key, one in told_settings(value).items()}
        elif isinstance(value, list):
            found[name] = _told(",".join(map(str, value)))
        elif isinstance(value, bool | int | float):
            found[name] = value
        else:
            found[name] = _told(str(value))
    return {name: value for name, value in found.items() if name not in _KEPT_HERE}


def _told(text: str) -> str:
    parts = [_SEPARATOR.split(one.rstrip("/\\"))[-1] for one in text.split(",")]
    return visible(",".join(parts), _LONGEST)


def ledger_head(folder: Path) -> str:
    """Give the hash of a ledger's last entry, as the pages do; "" without a ledger."""
    if there(folder, LEDGER) is None:
        return ""
    lines = (folder / LEDGER).read_bytes().split(b"\n")
    return sha256(lines[-2]).hexdigest() if len(lines) > 1 else ""
