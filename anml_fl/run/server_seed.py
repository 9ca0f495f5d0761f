"""The seed of the server's own draws, which nobody beside it may know.

Nodes are told a run's seed, by which they draw their own. Whoever could foresee by it who is
asked, who shares its bucket or which rows are trusted could act on it: a deployment's server
draws another one. In a simulation all follows from the run's seed, so that runs repeat; or
from that of a deployment, whose file lies in its folder.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from anml_fl.run.files import SEED
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.settings.run import RunConfig

_BITS = 128
_WRITTEN = re.compile(r"[0-9a-f]{1,32}\n?", re.ASCII)


def make_seed(out: Path, config: RunConfig, *, begun: bool) -> None:
    """Draw the server's seed for a deployment that has none yet, and keep it.

    Parameters
    ----------
    out : Path
        The run's folder; the file in it is its owner's alone.
    config : RunConfig
    begun : bool
        Whether rounds were decided already.

    Raises
    ------
    ConfigError
        If rounds were, and by a seed that is no longer there.
    """
    path = out / SEED
    if config.engine != "deployment" or path.exists():
        return
    if begun:
        raise ConfigError(
            f"{path} is missing, by which the rounds of this run were drawn: put it back, or"
            " give another --out or --name"
        )
    keep_seed(out, secrets.randbits(_BITS))


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
