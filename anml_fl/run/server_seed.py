"""The seed of the server's own draws, which nobody beside it may know.

Nodes are told a run's seed, by which they draw their own. Whoever could foresee by it who is
asked, who shares its bucket or which rows are trusted could act on it: a deployment's server
draws another one. In a simulation all follows from the run's seed, so that runs repeat; or
from that of a deployment, whose file lies in its folder.
"""

from __future__ import annotations

import logging
import re
import secrets
import stat
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from anml_fl.run.files import SEED
from anml_fl.settings.run import APP
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.settings.run import RunConfig

_BITS = 128
_WRITTEN = re.compile(r"[0-9a-fA-F]{1,32}(\r?\n)?", re.ASCII)
_DOMAIN = "anml-fl server seed"
_log = logging.getLogger("flwr")


class Bound(NamedTuple):
    """By what the rounds of a run were drawn, as its manifest says.

    Parameters
    ----------
    commitment : str
        To the server's seed; "" where it had none, or an earlier version began the run.
    given : bool
        Whether an app gave the seed itself, which the manifest then has.
    """

    commitment: str = ""
    given: bool = False


def commitment(seed: int) -> str:
    """Bind a run to its server's seed, without telling it: SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> commitment(0xFF)[:16], commitment(0xFF) == commitment(0xFE)
    ('298d9b7b376ff41c', False)
    """
    return sha256(f"{_DOMAIN}\n{seed:032x}\n".encode()).hexdigest()


def make_seed(out: Path, config: RunConfig, *, begun: bool, bound: Bound | None) -> None:
    """Draw the server's seed for a deployment that has none yet, and keep it.

    A file that others can read is made its owner's alone, with a warning.

    Parameters
    ----------
    out : Path
        The run's folder; the file in it is its owner's alone.
    config : RunConfig
    begun : bool
        Whether rounds were decided already.
    bound : Bound or None
        By what they were drawn; None if nothing says so.

    Raises
    ------
    ConfigError
        If rounds were decided by a seed that is no longer there, by another one, or without
        one; or if others can read the file, and this process cannot change that.
    """
    if (out / SEED).exists():
        _close_to_others(out / SEED)
    if begun:
        refuse_another(out, config, bound)
    elif config.engine == "deployment" and not (out / SEED).exists():
        keep_seed(out, secrets.randbits(_BITS))


def missing(out: Path) -> ConfigError:
    """Say that a run's seed is gone, and what to do."""
    return ConfigError(
        f"{out / SEED} is missing, by which the rounds of this run were drawn: put it back, or"
        " begin another run in another folder (--out or --name; save= of an app)"
    )


def refuse_another(out: Path, config: RunConfig, bound: Bound | None) -> None:
    """Refuse a run whose rounds were drawn by another seed than the one that is there.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    bound : Bound or None
        By what they were drawn; None if nothing says so.

    Raises
    ------
    ConfigError
        If it is gone, another, or was laid there later.
    """
    seed, said = kept_seed(out), bound or Bound()
    app = config.engine == APP and bound is not None and not said.given
    drawn = app or config.engine == "deployment"
    if seed is None:
        if said.commitment or drawn:
            raise missing(out)
    elif said.commitment:
        if commitment(seed) != said.commitment:
            raise ConfigError(
                f"{out / SEED} is another than the one by which the rounds of this run were"
                " drawn: put that one back, or begin another run in another folder"
            )
    elif bound is not None and not drawn:
        raise ConfigError(
            f"{out / SEED} was laid there after rounds of this run were drawn without it: take"
            " it away, or begin another run in another folder"
        )


def _close_to_others(path: Path) -> None:
    """Let nobody but its owner read a seed, as ssh wants it of a key."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return
    try:
        path.chmod(0o600)
    except OSError as error:
        raise ConfigError(
            f"{path} can be read by others (mode {mode:04o}), and this process cannot change"
            f" that ({error.strerror}): chmod 600 it as its owner"
        ) from error
    _log.warning(
        "%s could be read by others (mode %04o): it is its owner's alone now; whoever read it"
        " can foresee what is drawn",
        path,
        mode,
    )


def keep_seed(out: Path, seed: int) -> None:
    """Keep a seed that the server drew, in a file that its owner alone can read.

    Raises
    ------
    FileExistsError
        If one is there.
    OSError
        If it cannot be written.
    """
    write_whole(out / SEED, f"{seed:032x}\n".encode(), mode=0o600, new=True)


def kept_seed(out: Path) -> int | None:
    """Read the server's seed of a run; None where it drew none, and the run's is the one.

    Raises
    ------
    ConfigError
        If the file holds no such number, which is not shown.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, SEED).write_text("ff")
    ...     kept_seed(Path(folder)), kept_seed(Path(folder, "other"))
    (255, None)
    """
    path = out / SEED
    if not path.exists():
        return None
    text = read_text(path)
    if not _WRITTEN.fullmatch(text):
        raise ConfigError(f"{path} must hold one number of up to 32 hexadecimal digits")
    return int(text, 16)
