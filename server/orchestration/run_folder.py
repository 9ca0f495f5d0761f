"""A run's folder: what is written while it runs, and what is read when it goes on."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from anml_fl.ledger.hashes import summary_text
from anml_fl.method.records import RoundRecord
from anml_fl.run.best_round import Stopping
from anml_fl.run.files import (
    ATTRIBUTION,
    CONFIG,
    ERROR,
    LOCK,
    MANIFEST,
    MODEL,
    REPORT,
    SEED,
    SUMMARY,
    SWEEP,
    WORTH,
    WORTH_PARTIAL,
)
from anml_fl.run.manifest import kept_bound
from anml_fl.run.schema import OwnData, StrategySummary, Summary
from anml_fl.run.server_seed import make_seed
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.reading import from_toml
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import cause, make_folder, read_text, write_whole
from anml_fl.system.untrusted_text import visible
from server.orchestration.integrity import check_unaltered
from server.orchestration.measured import Measured
from server.orchestration.settlement import check_ledger, set_aside, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anml_fl.run.parsing import Parse
    from anml_fl.settings.run import RunConfig
    from server.orchestration.settlement import Settlement

# Letters of a value, and settings, that a message names.
_LETTERS, _NAMED = 40, 3


def default_folder(config: RunConfig) -> Path:
    """Choose a folder by the run's name: a run with other settings is never overwritten.

    Returns
    -------
    Path
        `runs/NAME`, or the first `runs/NAME-2`, `runs/NAME-3`, ... that is free or holds
        a run with these settings.
    """
    number = 1
    while True:
        folder = Path("runs") / (config.name if number == 1 else f"{config.name}-{number}")
        settings = folder / CONFIG
        free = not settings.exists() and not (folder / SWEEP).exists()
        if free or (settings.exists() and read_text(settings) == config.to_toml()):
            return folder
        number += 1


def check_settings(out: Path, config: RunConfig) -> None:
    """Refuse a folder that holds a run with other settings, or the runs of a sweep.

    Raises
    ------
    ConfigError
    """
    path = out / CONFIG
    if path.exists() and (text := read_text(path)) != config.to_toml():
        raise ConfigError(
            f"{out} holds a run with other settings{_differing(text, config)}: give another"
            f" --out or --name; `anml resume {quote(str(out))}` goes on with the one that is"
            " there"
        )
    if (out / SWEEP).exists():
        raise ConfigError(
            f"{out} holds the runs of a sweep, each in a folder of its own: give another --out"
            " or --name"
        )


def _differing(text: str, config: RunConfig) -> str:
    """Name settings that differ from those of a file, where it can be read."""
    try:
        there, now = from_toml(text).to_flat(), config.to_flat()
    except ConfigError:
        return ""
    found = [
        f"{name} {visible(str(there.get(name)), _LETTERS)} there,"
        f" {visible(str(now[name]), _LETTERS)} now"
        for name in now
        if there.get(name) != now[name]
    ]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f" ({'; '.join(found[:_NAMED])}{more})" if found else ""


def open_run(out: Path, config: RunConfig) -> None:
    """Prepare a run's folder: anew, or to go on with an interrupted run.

    Parameters
    ----------
    out : Path
        Made if it does not exist.
    config : RunConfig

    Raises
    ------
    ConfigError
        If the folder holds a run with other settings, or one that was altered after its end,
        or one whose server's seed was taken away, or is another.
    LedgerError
        If it holds a run that was altered before.
    """
    make_folder(out)
    check_settings(out, config)
    path = out / CONFIG
    taken = [name for name in config.strategies if (out / name).exists()]
    if taken and not path.exists():
        raise ConfigError(
            f"{out} has no {CONFIG}, but holds {', '.join(taken)}: give another --out"
        )
    anew = (out / SUMMARY).exists()
    if anew:
        check_unaltered(out)
        # Before its ledger goes: with an end and no ledger it could never be checked again.
        (out / SUMMARY).unlink()
    else:
        settling = StrategyFolder(out / config.settling)
        stopping = Stopping.of(config)
        check_ledger(out, stopping, ended=settling.finished(stopping))
    write_whole(path, config.to_toml().encode())
    if anew:
        set_aside(out)
        # Gone for good with the manifest that is written next, before anything is settled.
        for name in (MANIFEST, REPORT, WORTH, WORTH_PARTIAL):
            (out / name).unlink(missing_ok=True)
        if config.engine == "deployment":
            # A simulation's was laid there, for this run too.
            (out / SEED).unlink(missing_ok=True)
    folders = [StrategyFolder(out / name) for name in config.strategies]
    # What is finished has no checkpoint any more.
    begun = any(one.begun() or (one.path / MODEL).exists() for one in folders)
    make_seed(out, config, begun=begun and not anew, bound=kept_bound(out))
    for name in config.strategies:
        folder = StrategyFolder(out / name)
        if anew or not (finished(out, config, name) or folder.begun()):
            folder.clear()
            (out / ATTRIBUTION).unlink(missing_ok=True)


def finished(out: Path, config: RunConfig, name: str) -> bool:
    """Whether a strategy ran to its end, and all was settled if it is the one that pays.

    Parameters
    ----------
    out : Path
        The run's folder.
    config : RunConfig
    name : str
        The strategy.
    """
    folder = StrategyFolder(out / name)
    return folder.finished(Stopping.of(config)) and (
        name != config.settling or settled(out) == len(folder.records())
    )


@contextmanager
def failure_noted(out: Path) -> Iterator[None]:
    """Leave in a run's folder why it failed, if it does.

    Whoever follows the run tells by it an error, which would come again, from a crash, after
    which the run goes on.
    """
    (out / ERROR).unlink(missing_ok=True)
    try:
        yield
    except Exception as error:
        why = " ".join(cause(error).split())
        write_whole(out / ERROR, f"{type(error).__name__}: {why}\n".encode())
        raise


@contextmanager
def hold(out: Path, lock: str = LOCK) -> Iterator[None]:
    """Keep every other process from writing to a run's folder meanwhile.

    Parameters
    ----------
    out : Path
        Made if it does not exist.
    lock : str
        Name of the file that is locked.

    Raises
    ------
    ConfigError
        If another process is writing to it.
    """
    make_folder(out)
    with (out / lock).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"another process is writing to {out}: wait for it, or give another folder"
            ) from error
        yield


def close_run(
    out: Path,
    config: RunConfig,
    behaviours: Mapping[str, str],
    settlement: Settlement,
    measured: Measured | None = None,
    parse: Parse = RoundRecord.from_json,
) -> dict[str, Any]:
    """Close the ledger with all that the run came to, and write `summary.json`: the run's end.

    Parameters
    ----------
    out : Path
    config : RunConfig
    behaviours : mapping
        Contributor to behaviour.
    settlement : Settlement
    measured : Measured, optional
        What the server's data say of the final models, where it has some.
    parse : callable
        As in `StrategyFolder`.

    Returns
    -------
    dict
        The summary.
    """
    measured = measured or Measured()
    folders = {name: StrategyFolder(out / name, parse) for name in config.strategies}
    for folder in folders.values():
        folder.tidy()
    strategies: dict[str, StrategySummary] = {
        name: folder.summary(behaviours, Stopping.of(config))
        for name, folder in folders.items()
    }
    summary = Summary(
        name=config.name,
        engine=config.engine,
        dataset=config.data_name,
        seed=config.seed,
        contributors=dict(behaviours),
        strategies=strategies,
        seconds=round(sum(one.seconds or 0.0 for one in strategies.values()), 3),
        holdings={name: OwnData(**own) for name, own in measured.held.items()},
        metric=config.evaluation.metric,
        classes=list(measured.classes),
        tested_on=measured.tested_on,
        class_errors=dict(measured.class_errors),
    ).fields()
    # Of the settling one the ledger has every round.
    others = {name: one.records() for name, one in folders.items() if name != config.settling}
    settlement.close(summary, others)
    write_whole(out / SUMMARY, summary_text(summary).encode())
    (out / WORTH_PARTIAL).unlink(missing_ok=True)
    return summary
