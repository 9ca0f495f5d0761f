"""A run of a sweep that came to its end, read and checked against its ledger."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from anml_fl.run.files import CONFIG, SUMMARY
from anml_fl.run.parsing import parsed_once
from anml_fl.run.schema import StrategySummary
from anml_fl.run.verification import verify_run
from anml_fl.system.files import read_text
from server.page.finished_run import finished_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.run.repeats import FinishedRun
    from studies.sweep.plan import Cell

MEASURES = tuple(
    one.name for one in fields(StrategySummary) if one.name not in ("seconds", "branches")
)
"""Of each strategy, in a run's summary and in the table: the same for the same seed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of a sweep that came to its end.

    Parameters
    ----------
    cell : Cell
    run : FinishedRun
    measures : mapping
        Strategy to measure to number, None where there is none.
    warning : str
        Why it cannot be relied on; "" if it fits its ledger.
    """

    cell: Cell
    run: FinishedRun
    measures: Mapping[str, Mapping[str, float | None]]
    warning: str


def finished(out: Path, cell: Cell) -> bool:
    """Whether a run of a sweep, and no other one in its folder, came to its end.

    Parameters
    ----------
    out : Path
        The sweep's folder.
    cell : Cell
    """
    folder = out / cell.folder
    return (folder / SUMMARY).exists() and (
        (folder / CONFIG).exists() and read_text(folder / CONFIG) == cell.config.to_toml()
    )


def read_ended(cell: Cell, out: Path) -> Ended | None:
    """Read a run; None if it has not come to its end.

    Raises
    ------
    ValueError
        If it has, and a file does not say what it should.
    """
    folder = out / cell.folder
    if not finished(out, cell):
        return None
    if (run := finished_run(folder)) is None:
        raise _unreadable(folder)
    warning = verify_run(folder, parsed_once()).warning
    said: Mapping[str, Any] = json.loads(read_text(folder / SUMMARY))["strategies"]
    measures = {
        name: {measure: said[name].get(measure) for measure in MEASURES} for name in run.scores
    }
    numbers = [value for of in measures.values() for value in of.values()]
    if not all(value is None or _is_number(value) for value in numbers):
        raise _unreadable(folder)
    return Ended(cell, run, measures, warning)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _unreadable(folder: Path) -> ValueError:
    return ValueError(
        f"{folder} has a {SUMMARY}, and cannot be read as a run: remove the folder, and the"
        " same command works it out anew"
    )
