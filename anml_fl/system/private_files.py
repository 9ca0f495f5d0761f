"""Files that hold a secret: whether anybody but their owner may read or replace them.

One rule for private keys, as whoever uses them asks and as `anml doctor` does. It is that of
ssh, and beyond it looks at the file's owner and at the folder that it lies in.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = 0
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a secret is open to others."""

    what: str
    remedy: str


class ExposedError(ValueError):
    """A secret that others may read or replace: says how, and what to do."""

    def __init__(self, exposure: Exposure) -> None:
        super().__init__(f"{exposure.what}; {exposure.remedy}")
        self.exposure = exposure


def exposure(path: Path) -> Exposure | None:
    """Say how a file that holds a secret is open to others.

    Its owner is this process's user, or root, who hands secrets to containers; for root also
    the owner of the folder, who was given all of it. Nobody else may read it or write to it;
    where root owns it and this process is not root, its group may read it, without which it
    could not be read at all. Nobody else may write to the folder that it lies in, unless that
    keeps each one's files from the others (mode 1777, as /tmp has it).

    Parameters
    ----------
    path : Path
        Of a link, the file that it leads to counts, and the folders of both.

    Returns
    -------
    Exposure or None
        None if it is not.

    Raises
    ------
    OSError
        If it is not there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     key = Path(folder, "a.key")
    ...     key.touch(0o600)
    ...     print(exposure(key))
    ...     key.chmod(0o644)
    ...     exposure(key).what.removeprefix(folder)
    None
    '/a.key has mode 0644: others may read it or write to it'
    """
    file = path.resolve(strict=True)
    status, user = file.stat(), os.geteuid()
    owners = {user, _ROOT} | ({file.parent.stat().st_uid} if user == _ROOT else set())
    if status.st_uid not in owners:
        return Exposure(
            f"{path} belongs to user {status.st_uid}, and this is user {user}",
            f"chown {user} {quote(str(path))}, or run anml as user {status.st_uid}; if you did"
            " not put it there, make another",
        )
    mode = stat.S_IMODE(status.st_mode)
    handed_over = status.st_uid == _ROOT != user
    if mode & (0o037 if handed_over else 0o077):
        return Exposure(
            f"{path} has mode {mode:04o}: others may read it or write to it",
            f"chmod 0600 {quote(str(path))}; if others have accounts here, replace what is in"
            " it",
        )
    for folder in dict.fromkeys((path.absolute().parent, file.parent)):
        if found := open_folder(folder):
            return found
    return None


def open_folder(folder: Path) -> Exposure | None:
    """Say whether others may put another file in the place of one in this folder."""
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    group = mode & stat.S_IWGRP and not _alone(status.st_uid, status.st_gid)
    if mode & stat.S_ISVTX or not (mode & stat.S_IWOTH or group):
        return None
    return Exposure(
        f"{folder} has mode {mode:04o}: others may replace the files in it",
        f"chmod go-w {quote(str(folder))}; and see that the files in it are yours",
    )


def refuse_exposed(path: Path) -> None:
    """Refuse a secret that is open to others.

    Raises
    ------
    ExposedError
        Saying how, and what to do.
    OSError
        If it is not there.
    """
    if found := exposure(path):
        raise ExposedError(found)


def refuse_secret(where: str, named: str) -> None:
    """Refuse what should name a file, and may be the secret that belongs into it.

    Parameters
    ----------
    where : str
        The variable or option.
    named : str
        What it says.

    Raises
    ------
    ValueError
        Which does not show it.

    Examples
    --------
    >>> refuse_secret("ANML_LEDGER_KEY", "/run/secrets/ledger.key")
    >>> refuse_secret("ANML_LEDGER_KEY", "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    Traceback (most recent call last):
    ValueError: ANML_LEDGER_KEY must name a file, and holds what may be the secret itself ...
    """
    suspect = "PRIVATE KEY" in named or not named.isprintable()
    # Base64 or hexadecimal digits; an absolute path may look like the former.
    if not suspect and _ENCODED.fullmatch("".join(named.split())):
        suspect = not Path(named).is_file() and (named[:1] != "/" or named[-1:] == "=")
    if suspect:
        raise ValueError(
            f"{where} must name a file, and holds what may be the secret itself (not shown):"
            " write it into a file that you alone may read, and name that"
        )


def refuse_exposed_option(option: str, arguments: Sequence[str]) -> None:
    """Refuse a secret that a command of Flower's would be given, as `refuse_exposed` does.

    Parameters
    ----------
    option : str
        That names the file, with its dashes.
    arguments : sequence of str
        The command's, without its name.

    Raises
    ------
    ValueError
        As of `refuse_exposed` and `refuse_secret`. A file that is not there is the command's
        affair.
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(option, dest="file", nargs="?")
    if file := parser.parse_known_args(arguments)[0].file:
        refuse_secret(option, file)
        with suppress(FileNotFoundError):
            refuse_exposed(Path(file).expanduser())


def _alone(user: int, group: int) -> bool:
    """Say whether a group is the one that many systems make for each user alone."""
    try:
        owner, members = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return False
    return owner.pw_name == members.gr_name and set(members.gr_mem) <= {owner.pw_name}
