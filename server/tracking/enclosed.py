"""Files of a run for a tracker that keeps files: none that says where things lie."""

from __future__ import annotations

import re
from pathlib import Path

from anml_fl.run.files import CONFIG, LEDGER, PUBLIC_KEY, REPORT, ROUNDS, SUMMARY

# Folders that are called by a user's name.
_OF_A_USER = re.compile(rb"/home/[\w.-]+/|/Users/[\w.-]+/|/root/|[A-Za-z]:\\+Users\\")


def enclosed(folder: Path, strategy: str, *, pays: bool) -> list[Path]:
    """List what may be given away of a run that has ended.

    Parameters
    ----------
    folder : Path
        The run's.
    strategy : str
    pays : bool
        Whether it is the one that pays: with it go ledger, public key, summary and page.

    Returns
    -------
    list of Path
        Plain files in which no folder of a user is named. The page quotes the settings: where
        these name one, it stays here.
    """
    names = [f"{strategy}/{ROUNDS}"]
    if pays:
        names += [SUMMARY, LEDGER, PUBLIC_KEY, REPORT]
    paths = [folder / name for name in names]
    private = _private(folder)
    quotes = _tells((folder / CONFIG).read_bytes(), private)
    return [
        path
        for path in paths
        if path.is_file()
        and not path.is_symlink()
        and not (quotes if path.name == REPORT else _tells(path.read_bytes(), private))
    ]


def _private(folder: Path) -> list[bytes]:
    # "/" alone would be in every file.
    places = {Path.home(), Path.cwd(), folder.resolve()}
    return [f"{place}/".encode() for place in places if len(place.parts) > 1]


def _tells(text: bytes, private: list[bytes]) -> bool:
    return _OF_A_USER.search(text) is not None or any(place in text for place in private)
