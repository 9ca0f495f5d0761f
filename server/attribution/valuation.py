"""Afterwards: what was settled beside what each contributor's updates were worth."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.federation.run_task import task_of
from anml_fl.method.gtg_shapley import gtg_shapley
from anml_fl.method.shapley import exact_shapley, leave_one_out
from anml_fl.method.threads import one_thread
from anml_fl.run.attribution import Attribution, Contribution, Estimator, save_attribution
from anml_fl.run.files import ATTRIBUTION, CONFIG, LEDGER, ROUNDS, SUMMARY
from anml_fl.run.ledger_audit import audit
from anml_fl.run.manifest import kept_bound
from anml_fl.run.rank_correlation import rank_correlation
from anml_fl.run.reading import load_run
from anml_fl.run.server_seed import kept_seed, refuse_another
from anml_fl.run.updates import load_updates
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_toml
from anml_fl.settings.run import APP
from anml_fl.settings.section import ConfigError
from server.attribution.round_game import quality_on, round_game
from server.orchestration.common_scale import kept_scale, on_scale
from server.orchestration.run_folder import hold
from server.report.page import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from rich.console import Console

    from anml_fl.federation.task import Task
    from anml_fl.method.records import RoundRecord
    from anml_fl.method.shapley import Utility, Valuation
    from anml_fl.run.attribution import EstimatorName
    from anml_fl.run.ledger_audit import Audit
    from anml_fl.run.reading import Run
    from anml_fl.settings.run import RunConfig

    Step = tuple[RoundRecord, EstimatorName]

MOST_EXACT = 10
"""Contributors up to which every coalition is tested: 1,024 models a round."""


def run(folder: Path, console: Console, *, seed: int = 0) -> Attribution:
    """Value a finished run with a progress bar, write `attribution.json` and the report.

    Parameters
    ----------
    folder : Path
        The run's.
    console : rich.console.Console
    seed : int
        As in `attribute`.

    Raises
    ------
    ConfigError, OSError, ValueError
        As `attribute`; also if another process is writing to the folder.
    """
    _finished(folder)  # before `hold`, which would make a folder
    with hold(folder):
        path = folder / ATTRIBUTION
        before = path.read_bytes() if path.exists() else None
        attribution = attribute(
            folder,
            seed=seed,
            progress=lambda steps: track(steps, "valuing", console=console, transient=True),
        )
        save_attribution(folder, attribution)
        if before not in (None, path.read_bytes()):
            console.print(
                f"{ATTRIBUTION} said something else before: by another --seed, or by an edit"
            )
        write_report(folder)
    return attribution


def attribute(
    folder: Path,
    *,
    seed: int = 0,
    progress: Callable[[Sequence[Step]], Iterable[Step]] = iter,
) -> Attribution:
    """Compare settled shares with leave-one-out, GTG-Shapley and exact Shapley values.

    Each round of the settling strategy is a game of its valid updates (`round_game`);
    values are summed over rounds, as in GTG-Shapley. Without a valid update in a round a
    contributor gets 0 for it.

    Parameters
    ----------
    folder : Path
        Of a finished run that recorded its updates.
    seed : int
        Of the sampling in GTG-Shapley, >= 0.
    progress : callable
        Wraps the steps, and may show how far they are.

    Returns
    -------
    Attribution
        The same for the same folder and seed, but for `seconds`.

    Raises
    ------
    ConfigError
        If the folder holds no finished run, one that was altered, or one with other settings.
    OSError
        If a file is missing.
    ValueError
        If a file is damaged, or does not belong to this run.
    """
    _finished(folder)
    # A run without a ledger is valued by its weights, and the result says so.
    audited = audit(folder) if (folder / LEDGER).exists() else None
    if audited is not None and not audited.ok:
        raise ConfigError(f"{folder} does not fit its ledger: {audited.difference}")
    finished = load_run(folder)
    config = _settings(folder, finished)
    people = sorted(finished.summary.contributors)
    place = {name: i for i, name in enumerate(people)}
    names: list[EstimatorName] = ["leave_one_out", "gtg_shapley"]
    if len(people) <= MOST_EXACT:
        names.append("exact_shapley")
    totals = {name: np.zeros(len(people)) for name in names}
    evaluations, seconds = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    game_of = _games(folder, finished.lead.name, config)
    # One thread, as in training: sums differ with the number of threads.
    with one_thread(), threadpool_limits(limits=1):
        steps = [(one, name) for one in finished.lead.records for name in names]
        for record, name in progress(steps):
            valid = [c.contributor for c in record.contributors if c.reason is None]
            if not valid:
                continue
            game = game_of(record, valid)
            started = time.perf_counter()
            found = _estimate(name, game, len(valid), seed, record.round)
            seconds[name] += time.perf_counter() - started
            evaluations[name] += found.evaluations
            totals[name][[place[who] for who in valid]] += found.values
    settled = _settled(finished, audited, place)
    exact = totals.get("exact_shapley")
    return Attribution(
        strategy=finished.lead.name,
        rounds=len(finished.lead.records),
        seed=seed,
        settled_by="weights" if audited is None else "ledger",
        contributors=tuple(
            Contribution(
                contributor=name,
                behaviour=finished.summary.contributors[name],
                settled=None if settled is None else float(settled[i]),
                leave_one_out=float(totals["leave_one_out"][i]),
                gtg_shapley=float(totals["gtg_shapley"][i]),
                exact_shapley=None if exact is None else float(exact[i]),
            )
            for i, name in enumerate(people)
        ),
        estimators=tuple(
            Estimator(
                name,
                rank_correlation(totals[name], settled),
                rank_correlation(totals[name], exact),
                evaluations[name],
                seconds[name],
            )
            for name in names
        ),
    )


def _finished(folder: Path) -> None:
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


def _games(
    out: Path, strategy: str, config: RunConfig
) -> Callable[[RoundRecord, list[str]], Utility]:
    """Make what makes a round's game from its record and its valid contributors."""
    # By another one other rows would be tested on, the trusted ones among them.
    refuse_another(out, config, kept_bound(out))
    seed = kept_seed(out)
    task, folder = task_of(config, seed), out / strategy
    if config.table.on_nodes:
        task = on_scale(task, config, kept_scale(config, out), seed)
    refuse_untested(task, out)
    # Every number of it is overwritten.
    model = task.initial_model()
    quality_of = task.accuracy if isinstance(task, ModuleTask) else quality_on(task.data.test)

    def game_of(record: RoundRecord, valid: list[str]) -> Utility:
        updates = load_updates(folder, record.round)
        if list(updates.contributors) != valid:
            raise ValueError(
                f"{folder}: the updates of round {record.round} are of"
                f" {len(updates.contributors)} contributors, but {ROUNDS} has"
                f" {len(valid)} valid ones, or others: run the federation anew"
            )
        return round_game(model, quality_of, updates)

    return game_of


def refuse_untested(task: Task, out: Path) -> None:
    """Refuse a task in which no model can be told from another.

    Raises
    ------
    ConfigError
        Naming the run's folder.
    """
    if math.isnan(task.error(task.initial_model())):
        raise ConfigError(
            f"{out} cannot be valued: the server has no rows to test models on, or their"
            " labels are all one value, or a task's test gives a loss alone, so that it cannot"
            " tell what an update is worth; a run with --test, or of a task that gives an"
            " accuracy, can be"
        )


def _estimate(
    name: EstimatorName, game: Utility, players: int, seed: int, number: int
) -> Valuation:
    if name == "leave_one_out":
        return leave_one_out(game, players)
    if name == "gtg_shapley":
        return gtg_shapley(game, players, stream(seed, "gtg-shapley", number))
    return exact_shapley(game, players)


def _settled(
    finished: Run, audited: Audit | None, place: dict[str, int]
) -> NDArray[np.float64] | None:
    """Share of what was settled, None if that is nothing."""
    sums = np.zeros(len(place))
    for name, amount in _weights(finished) if audited is None else audited.payouts.items():
        if name not in place:
            raise ValueError(f"{LEDGER}: {name!r} is not among the contributors of the run")
        sums[place[name]] += amount
    total = sums.sum()  # nan under a coordinate-wise rule, which has no weights
    return sums / total if total > 0 else None


def _weights(finished: Run) -> Iterable[tuple[str, float]]:
    for record in finished.lead.records:
        for person in record.contributors:
            yield person.contributor, person.weight
