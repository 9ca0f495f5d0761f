"""Afterwards: what was settled beside what each contributor's updates were worth."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from anml_fl.config import ConfigError
from anml_fl.datasets.prepare import deal_of
from anml_fl.ledger.verify import verify_file
from anml_fl.method.gtg_shapley import gtg_shapley
from anml_fl.method.shapley import exact_shapley, leave_one_out
from anml_fl.method.threads import one_thread
from anml_fl.models.architectures import build
from anml_fl.registry.keys import public_key
from anml_fl.report.attribution import (
    ATTRIBUTION,
    Attribution,
    Contribution,
    Estimator,
    save_attribution,
)
from anml_fl.report.page import write_report
from anml_fl.report.run import load_run
from anml_fl.seeding import stream
from anml_fl.settings import from_toml
from server.results import SUMMARY, hold
from server.round_game import round_game
from server.settlement import LEDGER, PUBLIC_KEY
from server.updates import load_updates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from rich.console import Console

    from anml_fl.config import RunConfig
    from anml_fl.method.records import RoundRecord
    from anml_fl.method.shapley import Utility, Valuation
    from anml_fl.report.attribution import EstimatorName
    from anml_fl.report.run import Run

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

    Returns
    -------
    Attribution

    Raises
    ------
    ConfigError, OSError, ValueError
        As `attribute`; also if another process is writing to the folder.
    """
    _finished(folder)  # before `hold`, which would make a folder
    with hold(folder):
        (folder / ATTRIBUTION).unlink(missing_ok=True)
        attribution = attribute(
            folder,
            seed=seed,
            progress=lambda steps: track(steps, "valuing", console=console, transient=True),
        )
        save_attribution(folder, attribution)
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
        If the folder holds no finished run, or one with other settings.
    OSError
        If a file is missing.
    ValueError
        If a file is damaged, or does not belong to this run.
    """
    _finished(folder)
    finished = load_run(folder)
    config = _settings(folder, finished)
    people = sorted(finished.summary.contributors)
    place = {name: i for i, name in enumerate(people)}
    names: list[EstimatorName] = ["leave_one_out", "gtg_shapley"]
    if len(people) <= MOST_EXACT:
        names.append("exact_shapley")
    totals = {name: np.zeros(len(people)) for name in names}
    evaluations, seconds = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    game_of = _games(folder / finished.lead.name, config)
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
    settled, settled_by = _settled(folder, finished, place)
    exact = totals.get("exact_shapley")
    return Attribution(
        strategy=finished.lead.name,
        rounds=len(finished.lead.records),
        seed=seed,
        settled_by="ledger" if settled_by else "weights",
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


def rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64] | None) -> float | None:
    """Spearman's rank correlation; None where it is undefined.

    Parameters
    ----------
    a, b : (n,) float64
        None stands for unknown.

    Returns
    -------
    float or None
        In [-1, 1]; None if either is constant, unknown, or has fewer than two values.

    Examples
    --------
    >>> rank_correlation(np.array([0.0, 0.1, 0.5]), np.array([3.0, 2.0, 1.0]))
    -1.0
    >>> rank_correlation(np.ones(3), np.arange(3.0))
    """
    if b is None:
        return None
    # Sums of equal gains in another order differ in the last bits: they tie.
    a, b = np.round(a, 12), np.round(b, 12)
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return round(float(spearmanr(a, b).statistic), 12)


def _finished(folder: Path) -> None:
    if not (folder / SUMMARY).is_file():
        raise ConfigError(
            f"{folder} holds no finished run: it has no {SUMMARY}. An interrupted run goes"
            " on with the same `anml run` command"
        )


def _settings(folder: Path, finished: Run) -> RunConfig:
    """Read the settings, which must be those that the results came from."""
    config, summary = from_toml(finished.config), finished.summary
    for name, said, found in (
        ("seed", config.seed, summary.seed),
        ("federation.dataset", config.federation.dataset, summary.dataset),
        ("federation.contributors", config.federation.contributors, len(summary.contributors)),
        ("training.rounds", config.training.rounds, len(finished.lead.records)),
    ):
        if said != found:
            raise ConfigError(
                f"{folder} holds the results of other settings than its config.toml says:"
                f" {name} is {said!r} there, but {found!r} in the results"
            )
    return config


def _games(folder: Path, config: RunConfig) -> Callable[[RoundRecord, list[str]], Utility]:
    """Make what makes a round's game from its record and its valid contributors."""
    dealt = deal_of(config)
    # The seed is of no matter: every number is overwritten.
    model = build(
        config.training.model,
        dealt.test.features.shape[1],
        dealt.image,
        dealt.test.classes,
        seed=0,
    )

    def game_of(record: RoundRecord, valid: list[str]) -> Utility:
        updates = load_updates(folder, record.round)
        if list(updates.contributors) != valid:
            raise ValueError(
                f"{folder}: the updates of round {record.round} are of"
                f" {len(updates.contributors)} contributors, but rounds.jsonl has"
                f" {len(valid)} valid ones, or others: run the federation anew"
            )
        return round_game(model, dealt.test, updates)

    return game_of


def _estimate(
    name: EstimatorName, game: Utility, players: int, seed: int, number: int
) -> Valuation:
    if name == "leave_one_out":
        return leave_one_out(game, players)
    if name == "gtg_shapley":
        return gtg_shapley(game, players, stream(seed, "gtg-shapley", number))
    return exact_shapley(game, players)


def _settled(
    folder: Path, finished: Run, place: dict[str, int]
) -> tuple[NDArray[np.float64] | None, bool]:
    """Share of what was settled, None if that is nothing; and whether a ledger says so."""
    sums = np.zeros(len(place))
    path = folder / LEDGER
    if by_ledger := path.is_file():
        verdict = verify_file(path, public_key(folder / PUBLIC_KEY))
        if not verdict.ok:
            raise ConfigError(f"{path} does not verify: {verdict}")
    for name, amount in _payouts(path) if by_ledger else _weights(finished):
        if name not in place:
            raise ValueError(f"{path}: {name!r} is not among the contributors of the run")
        sums[place[name]] += amount
    total = sums.sum()  # nan under a coordinate-wise rule, which has no weights
    return (sums / total if total > 0 else None), by_ledger


def _weights(finished: Run) -> Iterable[tuple[str, float]]:
    for record in finished.lead.records:
        for person in record.contributors:
            yield person.contributor, person.weight


def _payouts(path: Path) -> Iterable[tuple[str, float]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)  # it was verified
            if entry["kind"] == "round":
                for person in entry["contributors"]:
                    yield person["contributor"], person["payout"]
