"""A finished run that can be valued: checked, and each of its rounds as a game."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.run_task import task_of
from anml_fl.run.files import CONFIG, LEDGER, ROUNDS, SUMMARY
from anml_fl.run.ledger_audit import audit
from anml_fl.run.manifest import kept_bound
from anml_fl.run.reading import load_run
from anml_fl.run.server_seed import kept_seed, refuse_another
from anml_fl.run.updates import load_updates
from anml_fl.settings.reading import from_toml
from anml_fl.settings.run import APP
from anml_fl.settings.section import ConfigError
from anml_fl.valuation.game import Game
from server.orchestration.common_scale import kept_scale, on_scale
from server.orchestration.round_game import (
    quality_on,
    refuse_untested,
    round_game,
    rows_on,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.ledger_audit import Audit
    from anml_fl.run.reading import Run
    from anml_fl.settings.run import RunConfig
    from server.orchestration.round_game import Quality


@dataclass(frozen=True, slots=True)
class Opened:
    """A finished run, as it was read and audited.

    Parameters
    ----------
    folder : Path
    finished : Run
    config : RunConfig
        Its settings.
    audited : Audit, optional
        What its ledger adds up to; None for a run without one.
    """

    folder: Path
    finished: Run
    config: RunConfig
    audited: Audit | None


def opened(folder: Path) -> Opened:
    """Read a run to value it.

    Raises
    ------
    ConfigError
        If the folder holds no finished run, one that was altered, or one with other settings.
    OSError
        If a file is missing.
    ValueError
        If a file is damaged, or does not belong to this run.
    """
    refuse_unfinished(folder)
    # A run without a ledger is valued by its weights, and the result says so.
    audited = audit(folder) if (folder / LEDGER).exists() else None
    if audited is not None and not audited.ok:
        raise ConfigError(f"{folder} does not fit its ledger: {audited.difference}")
    finished = load_run(folder)
    return Opened(folder, finished, _settings(folder, finished), audited)


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder without a finished run.

    Raises
    ------
    ConfigError
    """
    if not (folder / SUMMARY).is_file():
        raise ConfigError(
            f"{folder} holds no finished run: it has no {SUMMARY}. An interrupted run goes"
            " on with the same `anml run` command"
        )


def _settings(folder: Path, finished: Run) -> RunConfig:
    """Read the settings, which must be those that the results came from."""
    config, summary = from_toml(finished.config), finished.summary
    if config.engine == APP:
        raise ConfigError(
            f"{folder} is a Flower app's run: its updates are kept, but there are neither data"
            " nor a model here to test them by. With a test of your own,"
            " anml_fl.load_updates reads a round's updates and"
            " anml_fl.exact_shapley values them"
        )
    data = "table.data" if config.table.own else "federation.dataset"
    if config.training.task:
        data = "training.task"
    for name, said, found in (
        ("seed", config.seed, summary.seed),
        (data, config.data_name, summary.dataset),
        ("federation.contributors", config.federation.contributors, len(summary.contributors)),
        (
            "training.rounds",
            config.training.rounds,
            # With patience fewer rounds may have done: `anml verify` looks at how many.
            config.training.rounds
            if config.evaluation.patience
            else len(finished.lead.records),
        ),
    ):
        if said != found:
            raise ConfigError(
                f"{folder} holds the results of other settings than its {CONFIG} says:"
                f" {name} is {said!r} there, but {found!r} in the results"
            )
    return config


def games(run: Opened, *, by_row: bool = False) -> Callable[[RoundRecord], Game]:
    """Make what makes the game of a round's valid updates; see `round_game`.

    Parameters
    ----------
    run : Opened
    by_row : bool
        Whether the worth is told on each test row, where rows are at the server.

    Returns
    -------
    callable
        From the record of a round with a valid update.

    Raises
    ------
    ConfigError
        If no model can be told from another.
    """
    out, config, strategy = run.folder, run.config, run.finished.lead.name
    # By another one other rows would be tested on, the trusted ones among them.
    refuse_another(out, config, kept_bound(out))
    seed = kept_seed(out)
    task, folder = task_of(config, seed), out / strategy
    if config.table.on_nodes:
        task = on_scale(task, config, kept_scale(config, out), seed)
    refuse_untested(task, out)
    # Every number of it is overwritten.
    model = task.initial_model()
    quality_of: Callable[[nn.Module], Quality]
    if isinstance(task, ModuleTask):
        quality_of = task.accuracy
    else:
        quality_of = rows_on(task.data.test) if by_row else quality_on(task.data.test)

    def game_of(record: RoundRecord) -> Game:
        valid = valid_in(record)
        updates = load_updates(folder, record.round)
        if list(updates.contributors) != valid:
            raise ValueError(
                f"{folder}: the updates of round {record.round} are of"
                f" {len(updates.contributors)} contributors, but {ROUNDS} has"
                f" {len(valid)} valid ones, or others: run the federation anew"
            )
        return Game(valid, round_game(model, quality_of, updates))

    return game_of


def valid_in(record: RoundRecord) -> list[str]:
    """List the contributors whose update of a round was valid."""
    return [one.contributor for one in record.contributors if one.reason is None]
