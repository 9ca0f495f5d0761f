"""Running studies: cells on several processes, resumable, with progress."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from anml_fl.method.threads import one_thread
from studies import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from studies.study import Cell, Study

    Progress = Callable[[float, str], None]

# How long a trial takes on each data set, in any unit.
_COSTS = {
    "wine": 1,
    "diabetes": 2,
    "breast_cancer": 4,
    "digits": 20,
    "covertype": 250,
    "adult": 600,
}


def run_studies(
    plan: Sequence[tuple[Study, Sequence[Cell]]],
    out: Path,
    *,
    jobs: int | None = None,
    asked: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Work out every cell that is not finished, and write the studies' tables.

    Parameters
    ----------
    plan : sequence of (Study, sequence of Cell)
        The studies in order, each with its cells.
    out : Path
        Folder of the results, made if missing.
    jobs : int, optional
        Processes, each on one thread; by default one a core. The results do not depend
        on it.
    asked : mapping, optional
        What the user asked for, kept beside the tables.
    progress : callable, optional
        Told the share that is done, in [0, 1], and in words.

    Returns
    -------
    list of Path
        The tables, in the order of the plan.

    Raises
    ------
    ValueError
        If `jobs` is not positive, or a study refuses its settings.
    OSError
        If the folder cannot be written to, or data cannot be had.
    """
    jobs = _cores() if jobs is None else jobs
    if jobs < 1:
        raise ValueError(f"jobs must be >= 1, got {jobs}")
    out.mkdir(parents=True, exist_ok=True)
    say = progress or (lambda share, last: None)
    pending = [
        (study, cell)
        for study, cells in plan
        for cell in cells
        if not store.finished(out, study, cell)
    ]
    total = sum(_cost(study, cell) for study, cells in plan for cell in cells)
    left = sum(_cost(study, cell) for study, cell in pending)
    waiting = {study.name: {c.key for s, c in pending if s is study} for study, _ in plan}
    tables = {}
    for study, cells in plan:
        if not waiting[study.name]:
            tables[study.name] = store.gather(out, study, cells, asked or {})
    done = sum(len(cells) for _, cells in plan) - len(pending)
    everything = done + len(pending)
    say(1 - left / total, f"{done} of {everything} cells")
    planned = {study.name: (study, cells) for study, cells in plan}
    # The longest first, so that no core waits for the last of them.
    pending.sort(key=lambda pair: -_cost(*pair))
    for cell in _worked_out(pending, out, jobs):
        left -= _cost(planned[cell.study][0], cell)
        waiting[cell.study].discard(cell.key)
        if not waiting[cell.study]:
            study, cells = planned[cell.study]
            tables[cell.study] = store.gather(out, study, cells, asked or {})
        done += 1
        say(
            1 - left / total, f"{done} of {everything} cells, last {cell.study} {cell.dataset}"
        )
    return [tables[study.name] for study, _ in plan]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cost(study: Study, cell: Cell) -> float:
    different = {v.recipe.data_key() for v in cell.variants}
    methods = sum(len(v.methods) for v in cell.variants)
    each = study.cost * _COSTS.get(cell.dataset, 1)
    return each * len(cell.trials) * (len(different) + 0.5 * methods)


def _worked_out(pending: Sequence[tuple[Study, Cell]], out: Path, jobs: int) -> Iterator[Cell]:
    if jobs == 1 or len(pending) <= 1:
        for study, cell in pending:
            yield work_out(study, cell, out)
        return
    # Started afresh: a fork would share torch's threads.
    pool = ProcessPoolExecutor(
        min(jobs, len(pending)), multiprocessing.get_context("spawn"), _bound_to_the_parent
    )
    try:
        futures = [pool.submit(work_out, study, cell, out) for study, cell in pending]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a process was killed from outside, perhaps for want of memory; the same command"
            " goes on with what is left, with --jobs 1 in less memory"
        ) from error
    except BaseException:
        # A cell that is under way is lost, and so is no finished one.
        for process in multiprocessing.active_children():
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _bound_to_the_parent() -> None:
    # Ctrl-C reaches every process of the terminal: the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def work_out(study: Study, cell: Cell, out: Path) -> Cell:
    """Work one cell out on one thread, and keep its rows.

    Parameters
    ----------
    study : Study
        The cell's.
    cell : Cell
    out : Path
        Folder of the results.

    Returns
    -------
    Cell
        The same.
    """
    # Before the work: what is edited meanwhile did not make these rows.
    store.code_hash(study)
    with one_thread(), threadpool_limits(1):
        rows = study.run(cell)
    store.save_cell(rows, out, study, cell)
    return cell
