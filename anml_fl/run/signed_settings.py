"""A run's settings as its ledger signed them, and the folders that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.ledger.hashes import sha256_of
from anml_fl.run.difference import DifferenceError, check_hash, content_of
from anml_fl.run.files import CONFIG

if TYPE_CHECKING:
    from anml_fl.ledger.entry import Fields


def signed_settings(run: Path, opened: Fields) -> str:
    """Read a run's settings, and compare them with the open entry.

    Returns
    -------
    str
        The text of `config.toml`.

    Raises
    ------
    DifferenceError
        If they are missing, or others than were signed.
    OSError
        If they cannot be read.
    """
    content = content_of(run, CONFIG)
    found = sha256_of(content)
    if "settings" in opened:
        check_hash(CONFIG, content, opened["settings"])
    # The run's name ends with the beginning of the same hash, in older ledgers too.
    elif not opened["run"].endswith(f"-{found[7:23]}"):
        raise DifferenceError(
            f"{CONFIG} was altered: its SHA-256 begins with {found[7:23]}, but the run was"
            f" signed as {opened['run']}"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DifferenceError(f"{CONFIG}: {error}") from error


def folder_name(strategy: object) -> str:
    """Give a strategy's name as that of its folder.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> folder_name("../other")
    Traceback (most recent call last):
    ValueError: no strategy
    """
    # It names a folder: "../other" would read a file of somebody else.
    if not isinstance(strategy, str) or strategy in ("", ".", "..") or "\0" in strategy:
        raise ValueError("no strategy")
    if Path(strategy).name != strategy:
        raise ValueError("no strategy")
    return strategy
