"""Running a sweep: what is finished stays, what is not goes on, what fails is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anml_fl.run.files import REPORT, SWEEP_LOCK
from server.orchestration.federation import check
from server.orchestration.run_folder import hold
from server.report.page import write_report
from studies.sweep.ended import finished
from studies.sweep.page import write_sweep
from studies.sweep.request import check_sweep, open_sweep
from studies.sweep.results import Results, results_of
from studies.sweep.tables import write_tables
from studies.sweep.workers import Job, worked_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from studies.runner import Progress
    from studies.sweep.plan import Cell, Plan
    from studies.sweep.workers import Execute


def run_sweep(
    plan: Plan,
    out: Path,
    execute: Execute,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Results:
    """Carry out every run that is not finished; write the table and the page of all.

    Parameters
    ----------
    plan : Plan
    out : Path
        The sweep's folder, made if missing.
    execute : callable
        As of `worked_off`.
    jobs : int, optional
        Processes, each on one thread; by default one a core, and one for Flower's simulation,
        which has processes of its own. The results do not depend on it.
    progress : callable, optional
        Told the share that is done, in [0, 1], and in words.

    Returns
    -------
    Results
        Of all runs that have ended, and why others could not be carried out.

    Raises
    ------
    ConfigError
        If the folder holds something else, another process writes to it, or settings are
        refused: before anything trains.
    """
    say = progress or (lambda share, words: None)
    cells = plan.cells()
    check_sweep(out, plan)
    todo = [cell for cell in cells if not finished(out, cell)]
    # What the settings alone do not show, once for all seeds.
    for place in dict.fromkeys(cell.condition for cell in todo):
        say(0.0, f"checking settings: {place + 1} of {len(plan.conditions)}")
        check(plan.conditions[place].config)
    failed: dict[str, str] = {}
    with hold(out, SWEEP_LOCK):
        open_sweep(out, plan)
        # Another command may have ended some meanwhile: none is run twice.
        todo = [cell for cell in cells if not finished(out, cell)]
        if there := len(cells) - len(todo):
            say(there / len(cells), f"{there} of {len(cells)} runs were there already")
        try:
            for done, (folder, why) in enumerate(
                _ended(todo, out, execute, jobs or _processes(plan)),
                1 + len(cells) - len(todo),
            ):
                if why:
                    failed[folder] = why
                told = f", {len(failed)} not carried out" if failed else ""
                say(done / len(cells), f"{done} of {len(cells)} runs{told}, last {folder}")
        finally:
            # After Ctrl-C too: what there is can be looked at.
            failed |= _write_missing_pages(cells, out)
            found = results_of(plan, out, failed)
            write_tables(found, out)
            write_sweep(found, out)
    return found


def _ended(
    todo: Sequence[Cell], out: Path, execute: Execute, processes: int
) -> Iterator[tuple[str, str]]:
    work = [Job(out / cell.folder, cell.config.to_toml()) for cell in todo]
    for job, why in worked_off(work, execute, processes):
        yield job.folder.name, why


def _write_missing_pages(cells: Sequence[Cell], out: Path) -> dict[str, str]:
    """Write the page of each run that was killed between its end and it; say which not."""
    failed = {}
    for cell in cells:
        if finished(out, cell) and not (out / cell.folder / REPORT).exists():
            try:
                write_report(out / cell.folder)
            except (OSError, ValueError) as error:
                failed[cell.folder] = str(error)
    return failed


def _processes(plan: Plan) -> int:
    if any(one.config.engine == "simulation" for one in plan.conditions):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
