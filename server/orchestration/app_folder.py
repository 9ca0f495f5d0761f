"""The folder in which an app's run is kept: a new one, or that of a run to go on with."""

from __future__ import annotations

import re
from contextlib import contextmanager
from logging import WARNING
from typing import TYPE_CHECKING

from flwr.common.logger import log

from anml_fl.run.files import CONFIG, SUMMARY
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text
from server.orchestration.run_folder import hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anml_fl.settings.run import RunConfig


@contextmanager
def app_folder(
    save: Path, settings: Callable[[str], RunConfig], differing: Callable[[Path], str]
) -> Iterator[tuple[Path, RunConfig]]:
    """Choose and hold a folder: an app that is started again overwrites no run.

    Parameters
    ----------
    save : Path
        The folder that was asked for.
    settings : callable
        From a folder's name to the settings of a run in it.
    differing : callable
        From a folder to what else its run decides by otherwise; "" if nothing.

    Yields
    ------
    tuple
        `save`, or the first of `save`-2, `save`-3, ... that is free or holds an unfinished run
        with these settings; and the settings. No other process writes to it meanwhile.

    Raises
    ------
    ConfigError
        If the folder is none, holds something else, or another process writes to it.
    """
    number, reason = 1, ""
    while True:
        out = save if number == 1 else save.with_name(f"{save.name}-{number}")
        config = settings(out.name)
        _refuse_other(out)
        if (out / SUMMARY).exists():
            number, reason = number + 1, f"{out} holds a finished run"
            continue
        with hold(out):
            kept = out / CONFIG
            if kept.exists() and read_text(kept) != config.to_toml():
                number, reason = number + 1, f"{out} holds a run with other settings"
                continue
            if kept.exists() and (options := differing(out)):
                number, reason = number + 1, f"{out} holds a run with another {options}"
                continue
            if reason:
                log(WARNING, "%s, which stays as it is", reason)
            yield out, config
            return


def run_name(folder: str) -> str:
    """Make a run's name of a folder's.

    Examples
    --------
    >>> run_name("mine-2"), run_name("Über uns"), run_name("...")
    ('mine-2', 'ber-uns', 'app')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder).lstrip("._-")[:64] or "app"


def _refuse_other(out: Path) -> None:
    """Refuse a folder in which somebody else's files are."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"save: {out} is a file, and a run needs a folder: give another one")
    if (out / CONFIG).exists():
        return
    # What begins with a dot is ours, or a file manager's; the rest of a name never given.
    others = [p.name for p in out.iterdir() if p.name[0] != "." and p.suffix != ".partial"]
    if others:
        raise ConfigError(
            f"save: {out} holds other files ({', '.join(sorted(others)[:3])}) and no run: give"
            " a folder that is empty, new, or a run's"
        )
