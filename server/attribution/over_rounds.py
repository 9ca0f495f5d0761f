"""What each contributor's updates were worth, by an estimator of one's choice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream
from anml_fl.valuation.estimate import added
from anml_fl.valuation.estimators import estimator_of
from server.attribution.opened import games, opened, valid_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anml_fl.valuation.estimate import Estimate
    from anml_fl.valuation.estimators import Estimator


@dataclass(frozen=True, slots=True)
class RunValues:
    """Values of a run's contributors, by round and over the run.

    Parameters
    ----------
    strategy : str
        The run's settling strategy.
    estimator : str
    seed : int
        Of what was sampled.
    rounds : mapping
        Round to the values of those whose update was valid in it; a round without any is left
        out.
    total : Estimate
        All contributors by stable identity, summed over rounds.
    """

    strategy: str
    estimator: str
    seed: int
    rounds: Mapping[int, Estimate]
    total: Estimate


def attribute(
    folder: str | Path, estimator: str | Estimator = "permutation-shapley", *, seed: int = 0
) -> RunValues:
    """Value the updates of a finished run, without training anything anew.

    Each round of the settling strategy is a game of its valid updates: U(S) is the accuracy,
    or R2, on the server's test rows of the model before the round plus the mean of the updates
    of S. A contributor without a valid update in a round gets 0 for it. Standard errors speak
    of sampling and of the test rows; a task of one's own tells no rows, and they speak of
    sampling alone.

    Parameters
    ----------
    folder : str or Path
        Of a finished run that recorded its updates.
    estimator : str or Estimator
        A name, such as "exact-shapley", or one with settings of its own.
    seed : int
        Of what is sampled, >= 0.

    Returns
    -------
    RunValues
        The same for the same folder, estimator and seed on one machine.

    Raises
    ------
    ConfigError
        If the folder holds no finished run, an altered one, or one that cannot be valued.
    OSError
        If a file is missing.
    ValueError
        If there is no such estimator, it cannot take as many contributors, or a file is
        damaged.

    Examples
    --------
    >>> attribute("runs/none", "exact-shapley")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: runs/none holds no finished run: ...
    """
    chosen = estimator_of(estimator)
    run = opened(Path(folder))
    game_of, lead = games(run, by_row=True), run.finished.lead
    # One thread, as in training: sums differ with the number of threads.
    with one_thread(), threadpool_limits(limits=1):
        rounds = {
            one.round: chosen(game_of(one), stream(seed, chosen.name, one.round))
            for one in lead.records
            if valid_in(one)
        }
    people = sorted(run.finished.summary.contributors)
    return RunValues(
        lead.name, chosen.name, seed, rounds, added(list(rounds.values()), people)
    )
