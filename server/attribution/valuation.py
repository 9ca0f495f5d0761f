"""Afterwards: what was settled beside what each contributor's updates were worth."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from anml_fl.method.threads import one_thread
from anml_fl.run.attribution import Attribution, Contribution, Estimator, save_attribution
from anml_fl.run.files import ATTRIBUTION, LEDGER
from anml_fl.run.rank_correlation import rank_correlation
from anml_fl.seeding import stream
from anml_fl.valuation.estimators import ExactShapley, GtgShapley, LeaveOneOut
from server.attribution.opened import games, opened, refuse_unfinished, valid_in
from server.orchestration.run_folder import hold
from server.report.page import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from rich.console import Console

    from anml_fl.method.records import RoundRecord
    from anml_fl.run.attribution import EstimatorName
    from anml_fl.run.ledger_audit import Audit
    from anml_fl.run.reading import Run
    from anml_fl.valuation.estimators import Estimator as Valuing

    Step = tuple[RoundRecord, EstimatorName]

_ESTIMATORS: Mapping[EstimatorName, Valuing] = {
    "leave_one_out": LeaveOneOut(),
    "gtg_shapley": GtgShapley(),
    "exact_shapley": ExactShapley(),
}
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
        As in `compare`.

    Raises
    ------
    ConfigError, OSError, ValueError
        As `compare`; also if another process is writing to the folder.
    """
    refuse_unfinished(folder)  # before `hold`, which would make a folder
    with hold(folder):
        path = folder / ATTRIBUTION
        before = path.read_bytes() if path.exists() else None
        attribution = compare(
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


def compare(
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
    run = opened(folder)
    finished, audited = run.finished, run.audited
    people = sorted(finished.summary.contributors)
    place = {name: i for i, name in enumerate(people)}
    names: list[EstimatorName] = ["leave_one_out", "gtg_shapley"]
    if len(people) <= MOST_EXACT:
        names.append("exact_shapley")
    totals = {name: np.zeros(len(people)) for name in names}
    evaluations, seconds = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    game_of = games(run)
    # One thread, as in training: sums differ with the number of threads.
    with one_thread(), threadpool_limits(limits=1):
        steps = [(one, name) for one in finished.lead.records for name in names]
        for record, name in progress(steps):
            if not (valid := valid_in(record)):
                continue
            game, estimator = game_of(record), _ESTIMATORS[name]
            started = time.perf_counter()
            found = estimator(game, stream(seed, estimator.name, record.round))
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
