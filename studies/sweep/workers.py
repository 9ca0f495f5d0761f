"""Runs on several processes, each given one after the other; who dies is replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flwr.common.logger import console_handler
from threadpoolctl import threadpool_limits

from anml_fl.method.threads import one_thread
from anml_fl.settings.reading import from_toml
from anml_fl.system.files import cause

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from anml_fl.settings.run import RunConfig

    Execute = Callable[[RunConfig, Path], None]

_PATIENCE = 10.0  # seconds for a run that is told to stop


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is handed to a process, as text alone.

    Parameters
    ----------
    folder : Path
        Where it is kept.
    settings : str
        As `config.toml` has them.
    """

    folder: Path
    settings: str


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None


def worked_off(
    jobs: Sequence[Job], execute: Execute, processes: int
) -> Iterator[tuple[Job, str]]:
    """Carry runs out, each in one of some processes.

    Parameters
    ----------
    jobs : sequence of Job
    execute : callable
        Carries a run out, from settings and folder; a function of a module, which each process
        imports.
    processes : int
        At most, >= 1.

    Yields
    ------
    (Job, str)
        As they end: why it could not be carried out, "" if it was.
    """
    waiting = deque(jobs)
    workers = [_started(execute) for _ in range(min(processes, len(jobs)))]
    try:
        for worker in workers:
            _hand(worker, waiting.popleft())
        while busy := {worker.pipe: worker for worker in workers if worker.job is not None}:
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index] # what was waited for
                job, why = worker.job, _answer(worker)
                worker.job = None
                if not worker.process.is_alive():
                    workers.remove(worker)
                    worker = _started(execute) if waiting else worker
                    workers.append(worker)
                if waiting:
                    _hand(worker, waiting.popleft())
                if job is not None:
                    yield job, why
    finally:
        _end(workers)


def _started(execute: Execute) -> _Worker:
    # Started afresh: a fork would share torch's threads.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(execute, theirs))
    process.start()
    # The last end that is open is the process' own: its death is seen.
    theirs.close()
    return _Worker(process, ours)


def _hand(worker: _Worker, job: Job) -> None:
    worker.job = job
    # One that has just died is seen when its answer is waited for.
    with suppress(BrokenPipeError):
        worker.pipe.send((str(job.folder), job.settings))


def _answer(worker: _Worker) -> str:
    try:
        return str(worker.pipe.recv())
    except (EOFError, OSError):
        worker.process.join()
        code = worker.process.exitcode or 0
        how = f"by signal {-code}" if code < 0 else f"with exit status {code}"
        return (
            f"its process ended {how}, perhaps for want of memory: the same command goes on"
            " with it, with --jobs 1 in less memory"
        )


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        if worker.job is not None:
            worker.process.terminate()
        worker.pipe.close()
    for worker in workers:
        worker.process.join(_PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _work(execute: Execute, pipe: Connection) -> None:
    # Ctrl-C reaches every process of the terminal: the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupted)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    console_handler.addFilter(_first_time())
    try:
        with one_thread(), threadpool_limits(1):
            while True:
                folder, settings = pipe.recv()
                pipe.send(_outcome(execute, settings, Path(folder)))
    except (EOFError, OSError, KeyboardInterrupt):
        # There is nothing more to do, or nobody who waits for it: it ends without a word.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _first_time() -> Callable[[logging.LogRecord], bool]:
    """Make a filter that lets each message through once: runs of a sweep say the same."""
    said: set[str] = set()

    def first(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        new = message not in said
        said.add(message)
        return new

    return first


def _outcome(execute: Execute, settings: str, folder: Path) -> str:
    try:
        execute(from_toml(settings), folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other runs go on
        return f"{type(error).__name__}: {' '.join(cause(error).split())}"
    return ""


def _interrupted(number: int, frame: Any) -> None:
    # As Ctrl-C ends a run that is alone: what it started is stopped too.
    raise KeyboardInterrupt


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(_PATIENCE)
        os._exit(1)
