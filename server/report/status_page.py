"""What a reader sees of a run that has no report yet, and of a folder with several runs."""

from __future__ import annotations

import os
import re
import time
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anml_fl.database.url import located
from anml_fl.method.records import RoundRecord
from anml_fl.page.document import document
from anml_fl.page.grid import Grid
from anml_fl.run.criterion import Criterion
from anml_fl.run.files import CONFIG, ERROR, MODEL, REPORT, ROUNDS, SUMMARY
from anml_fl.run.outcome import outcome
from anml_fl.system.files import read_text
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from pathlib import Path

# What a strategy may be called: its folder's name is made of it.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_REFRESH = 5
_BLOCK = 1 << 16

_PAGE = """\
{%- extends "status" %}
{%- from "parts" import table %}
{%- block header %}
  <p class="result">{{ result }}</p>
  <p class="facts">{{ facts }}</p>
{%- endblock %}
{%- block main %}{{ table(grid, classes=false) }}{% endblock %}
"""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is.

    Parameters
    ----------
    name : str
        As the settings have it.
    result : str
        In a sentence: which round of how many, or how it ended.
    strategies : tuple of (str, str, str, str)
        Name, rounds done of how many, score of the last one and what it came to.
    ago : float or None
        Seconds since the last round ended; None before the first one.
    scored : str
        What the score is called.
    """

    name: str
    result: str
    strategies: tuple[tuple[str, str, str, str], ...] = ()
    ago: float | None = None
    scored: str = "test error"


def runs(folder: Path) -> list[str]:
    """List the runs of a folder, the last one first.

    Returns
    -------
    list of str
        Names of folders that have a `config.toml`; links and hidden ones are left out.
    """
    begun: list[tuple[float, str]] = []
    try:
        for path in folder.iterdir():
            if path.name[0] != "." and path.is_dir() and not path.is_symlink():
                settings = path / CONFIG
                if settings.is_file():
                    begun.append((settings.stat().st_mtime, path.name))
    except OSError:  # not there yet, or a run was removed at this moment
        pass
    return [name for _, name in sorted(begun, reverse=True)]


def may_be_served(folder: Path) -> bool:
    """Tell whether a run's settings hold nothing secret, and so its report neither.

    Older versions let some passwords pass that a database's URL held.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    bool
        Also False if the settings cannot be read.
    """
    try:
        settings: dict[str, Any] = tomllib.loads(read_text(folder / CONFIG))
        located(settings.get("registry", {}).get("database", ""))
    except (OSError, ValueError, TypeError, AttributeError):
        return False
    return True


def as_link(name: str) -> str:
    """Write a folder's name as a part of a link.

    Examples
    --------
    >>> as_link("100% Zürich")
    '100%25%20Z%C3%BCrich'
    """
    return quote(os.fsencode(name), safe="")


def status(folder: Path) -> Status:
    """Read how far a run is.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    Status
        Whatever the folder holds: what cannot be read is said to be so.
    """
    try:
        settings: dict[str, Any] = tomllib.loads(read_text(folder / CONFIG))
        run, total = str(settings["name"]), int(settings["training"]["rounds"])
        names = [name for name in settings["strategies"] if _NAME.fullmatch(name)]
        criterion = Criterion(settings.get("evaluation", {}).get("metric", ""))
        scored = criterion.title
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Status(folder.name, f"{CONFIG} cannot be read: {error}")
    strategies, latest, doing = [], None, ""
    for name in names:
        path = folder / name / ROUNDS
        last = _last(path)
        done = last.round if last else 0
        if last:
            latest = max(latest or 0.0, _changed(path))
        # They run one after the other: what is going on is the first that is not done.
        early = 0 < done < total and (folder / name / MODEL).exists()
        if done < total and not early and not doing:
            doing = f"round {done + 1} of {total} under {name}"
        score = "" if last is None else criterion.digits(criterion.score(last))
        came_to = "" if last is None else outcome(last)
        rounds = f"{done} of {total}{', no better model' if early else ''}"
        strategies.append((name, rounds, score and score + criterion.unit, came_to))
    return Status(
        run,
        _result(folder, doing),
        tuple(strategies),
        None if latest is None else max(0.0, time.time() - latest),
        scored,
    )


def _result(folder: Path, doing: str) -> str:
    if (folder / SUMMARY).exists():
        return "Finished; its report is being written."
    try:
        cause = (folder / ERROR).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"In {doing}." if doing else "All rounds are done; the results are summed up."
    return f"Failed: {cause}" if not doing else f"Failed in {doing}: {cause}"


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _last(path: Path) -> RoundRecord | None:
    """Read the last whole line; from the end, since a file may be large."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            size = _BLOCK
            while True:
                start = max(0, end - size)
                file.seek(start)
                # What follows the last line break is being written.
                *lines, _ = file.read(end - start).split(b"\n")
                if start == 0 or len(lines) > 1:
                    break
                size *= 4
        return RoundRecord.from_json(lines[-1].decode())
    except (OSError, ValueError, IndexError):
        return None


def status_page(folder: Path) -> str:
    """Write the page of a run without a report; it loads itself anew every few seconds.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    str
        HTML.
    """
    now = status(folder)
    facts = "No round has ended yet."
    if now.ago is not None:
        facts = f"The last round ended {now.ago:.0f} s ago."
    return _render(
        title=visible(now.name, 80),
        result=visible(now.result, 500),
        facts=facts,
        grid=Grid(
            ("strategy", "rounds", now.scored, "last round"),
            tuple(tuple(visible(cell, 80) for cell in row) for row in now.strategies),
        ),
    )


def index_page(folder: Path) -> str:
    """Write the page that lists a folder's runs.

    Returns
    -------
    str
        HTML.
    """
    names = runs(folder)
    rows = []
    for name in names:
        done = (folder / name / SUMMARY).exists() and (folder / name / REPORT).exists()
        how = "Finished." if done else status(folder / name).result
        rows.append((visible(name, 80), visible(how, 200)))
    return _render(
        title="Runs",
        result=f"{len(rows)} runs." if len(rows) != 1 else "1 run.",
        facts="The last one stands first.",
        grid=Grid(
            ("run", "state"), tuple(rows), links=tuple(f"{as_link(name)}/" for name in names)
        ),
    )


def _render(**parts: object) -> str:
    return document(_PAGE, {"refresh": _REFRESH, **parts})
