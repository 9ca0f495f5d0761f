"""A folder of runs: which there are, each at a glance. No odd one keeps the others away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from anml_fl.run.files import CONFIG
from server.page.glimpse import Glimpse, glimpse, is_run, state_of_files
from server.page.opening import is_plain, there

if TYPE_CHECKING:
    from pathlib import Path

MOST_RUNS = 2000
"""That are listed, the last ones."""


class Listing:
    """The runs of a folder; or the one run that the folder is.

    Parameters
    ----------
    root : Path
        May not be there yet.
    """

    def __init__(self, root: Path) -> None:
        # Whoever started the server may name a link; nothing below it is one.
        self.root = root.resolve()
        self.own_name = self.root.name
        self._known: dict[str, tuple[object, Glimpse]] = {}

    @property
    def is_one(self) -> bool:
        """Whether the folder is a run itself."""
        return there(self.root, CONFIG) is not None

    def folder(self, name: str) -> Path | None:
        """Find a run's folder by name; None if it is none. One that is not there may come."""
        if self.is_one:
            return self.root if name == self.own_name else None
        if not is_plain(name) or name.startswith("."):
            return None
        folder = self.root / name
        return (
            None
            if folder.is_symlink() or (folder.exists() and not folder.is_dir())
            else folder
        )

    def names(self) -> list[str]:
        """Name the runs, the last one first."""
        if self.is_one:
            return [self.own_name]
        begun: list[tuple[float, str]] = []
        try:
            entries = list(os.scandir(self.root))
        except OSError:  # not there yet
            entries = []
        for entry in entries:
            try:
                if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                    continue
                folder = self.root / entry.name
                if is_run(folder):
                    settings = there(folder, CONFIG)
                    at = settings.changed / 1e9 if settings else entry.stat().st_mtime
                    begun.append((at, entry.name))
            except OSError:  # it was removed at this moment
                continue
        return [name for _, name in sorted(begun, reverse=True)][:MOST_RUNS]

    def rows(self) -> list[Glimpse]:
        """Look at each run."""
        names = self.names()
        self._known = {name: self._known[name] for name in names if name in self._known}
        return [self.row(name) for name in names]

    def row(self, name: str) -> Glimpse:
        """Look at a run: at one that is finished once, unless its files change."""
        folder = self.root if self.is_one else self.root / name
        state = state_of_files(folder)
        if name in self._known and self._known[name][0] == state:
            return self._known[name][1]
        found = glimpse(folder)
        if state[1] is not None:
            self._known[name] = (state, found)
        return found


def as_link(name: str) -> str:
    """Write a folder's name as a part of a link.

    Examples
    --------
    >>> as_link("100% Zürich")
    '100%25%20Z%C3%BCrich'
    """
    return quote(os.fsencode(name), safe="")
