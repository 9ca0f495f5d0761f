"""A folder of runs: which there are, each at a glance. No odd one keeps the others away."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from anml_fl.run.files import CONFIG, REPORT, SWEEP
from server.page.glimpse import Glimpse, glimpse, is_run, state_of_files
from server.page.opening import is_plain, there

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        within, slash, last = name.partition("/")
        if slash:
            # A run of a sweep, which is a folder among the runs.
            sweep = self.folder(within)
            return _below(sweep, last) if sweep is not None and is_sweep(sweep) else None
        return _below(self.root, name)

    def names(self) -> list[str]:
        """Name the runs, the last one first."""
        if self.is_one:
            return [self.own_name]
        begun = list(_begun(self.root))
        for name in self.sweeps():
            begun += [(at, f"{name}/{run}") for at, run in _begun(self.root / name)]
        return [name for _, name in sorted(begun, reverse=True)][:MOST_RUNS]

    def sweeps(self) -> list[str]:
        """Name the folders of sweeps among the runs, whose runs are listed too."""
        return sorted(
            entry.name for entry in _folders(self.root) if is_sweep(Path(entry.path))
        )

    def sweep(self, name: str) -> Path | None:
        """Find a sweep's folder by name, "" for the one that is served; None if it is none."""
        folder = self.folder(name) if name else self.root
        return folder if folder is not None and is_sweep(folder) else None

    def pages(self) -> list[tuple[str, str]]:
        """List the sweeps that have a page of all their runs: name, and where the page is."""
        own = [(self.own_name, REPORT)] if is_sweep(self.root) else []
        inner = [(name, f"{as_link(name)}/{REPORT}") for name in self.sweeps()]
        found = [(self.root, *one) for one in own]
        found += [(self.root / name, name, link) for name, link in inner]
        return [(name, link) for folder, name, link in found if there(folder, REPORT)]

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
        found = replace(glimpse(folder), folder=name)
        if state[1] is not None:
            self._known[name] = (state, found)
        return found


def is_sweep(folder: Path) -> bool:
    """Tell whether a folder holds the runs of a sweep."""
    return there(folder, SWEEP) is not None


def _below(folder: Path, name: str) -> Path | None:
    """Find a folder in one, which may come; None if it cannot be a run's."""
    if not is_plain(name) or name.startswith("."):
        return None
    below = folder / name
    return None if below.is_symlink() or (below.exists() and not below.is_dir()) else below


def _folders(root: Path) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(root))
    except OSError:  # not there yet
        return
    for entry in entries:
        with suppress(OSError):  # it was removed at this moment
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                yield entry


def _begun(root: Path) -> Iterator[tuple[float, str]]:
    """Name the runs in a folder, with when each began."""
    for entry in _folders(root):
        with suppress(OSError):
            folder = root / entry.name
            if is_run(folder):
                settings = there(folder, CONFIG)
                at = settings.changed / 1e9 if settings else entry.stat().st_mtime
                yield at, entry.name


def as_link(name: str) -> str:
    """Write a folder's name as a part of a link.

    Examples
    --------
    >>> as_link("100% Zürich")
    '100%25%20Z%C3%BCrich'
    """
    return quote(os.fsencode(name), safe="")
