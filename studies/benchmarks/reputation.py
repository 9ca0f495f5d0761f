"""What reputation does to a turncoat, a newcomer and an on-off attacker, over seeds."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from anml_fl.federation.contributors import behaviours_of
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_flat
from studies.benchmarks.harness import federated, markdown, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.settings.run import RunConfig
    from studies.benchmarks.harness import Progress

# The preset "reputation", under the strategy that it is about.
SETTINGS: Mapping[str, str] = {
    "name": "reputation",
    "strategies": "anml",
    "scenario": "high",
    "behaviours": "turncoat=1,on_off=1,newcomer=1",
    "rounds": "36",
    "local-epochs": "3",
    "reputation": "true",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the three in one run.

    Parameters
    ----------
    seed : int
    turncoat_before, turncoat_after : float
        Its mean weight in the five rounds before it turned, and its weight five rounds
        after, each as a multiple of an even share.
    turncoat_rounds : float
        Rounds from its turn until its weight is at most half of that before; inf if never,
        nan if it had none before.
    newcomer_contributions : float
        Contributions after which its reputation is at least 95 % of the established
        honest ones' median; inf if never.
    newcomer_weight, established_weight : float
        Its mean weight in the last five rounds of the exploration window, and what it has
        there as an established contributor, with the same data and the same v: each as a
        multiple of an even share.
    on_off_reputation, honest_reputation : float
        At the end: the on-off attacker's, and the median of the established honest.
    on_off_earned : float
        What the attacker's weights earned in all, as a multiple of the mean of the
        established honest.
    """

    seed: int
    turncoat_before: float
    turncoat_after: float
    turncoat_rounds: float
    newcomer_contributions: float
    newcomer_weight: float
    established_weight: float
    on_off_reputation: float
    honest_reputation: float
    on_off_earned: float


def run(seeds: Sequence[int] = range(5), progress: Progress = silent) -> list[Row]:
    """Train the federation with every seed, on the inline engine.

    Parameters
    ----------
    seeds : sequence of int
    """
    rows = []
    for seed in seeds:
        progress(f"seed {seed}")
        config = from_flat({**SETTINGS, "seed": seed})
        # Nobody else's part changes: the last of those that are dealt out is honest instead.
        behaviours = config.federation.behaviours.copy()
        del behaviours["newcomer"]
        federation = config.federation.model_copy(update={"behaviours": behaviours})
        established = config.model_copy(update={"federation": federation})
        rows.append(measure(config, _records(config), _records(established)))
    return rows


def _records(config: RunConfig) -> list[RoundRecord]:
    return federated(config, lambda folder, _: StrategyFolder(folder / "anml").records())


def measure(
    config: RunConfig, records: Sequence[RoundRecord], established: Sequence[RoundRecord]
) -> Row:
    """Measure one run.

    Parameters
    ----------
    config : RunConfig
    records : sequence of RoundRecord
    established : sequence of RoundRecord
        Of the same run in which the newcomer is established.
    """
    roles = behaviours_of(config)
    weights = {who: [_of(record, who).weight for record in records] for who in roles}
    reputations = {who: [_of(record, who).r for record in records] for who in roles}
    honest = [who for who, role in roles.items() if role == HONEST]
    turncoat, newcomer, on_off = (
        next(who for who, role in roles.items() if role == kind)
        for kind in ("turncoat", "newcomer", "on_off")
    )
    even = 1 / len(roles)
    # Round n stands at place n - 1.
    turn = config.attacks.turn_round - 1
    before = fmean(weights[turncoat][turn - 5 : turn])
    halved = (n for n, w in enumerate(weights[turncoat][turn:], 1) if w <= before / 2)
    usual = [median(reputations[who][i] for who in honest) for i in range(len(records))]
    # Before round n + 1 the newcomer has contributed n times.
    reached = (n for n, r in enumerate(usual) if reputations[newcomer][n] >= 0.95 * r)
    window = slice(config.registry.exploration - 5, config.registry.exploration)
    return Row(
        config.seed,
        before / even,
        weights[turncoat][turn + 4] / even,
        next(halved, math.inf) if before else math.nan,
        next(reached, math.inf),
        fmean(weights[newcomer][window]) / even,
        fmean(_of(record, newcomer).weight for record in established[window]) / even,
        reputations[on_off][-1],
        usual[-1],
        sum(weights[on_off]) / fmean(sum(weights[who]) for who in honest),
    )


def _of(record: RoundRecord, who: str) -> ContributorRecord:
    return next(person for person in record.contributors if person.contributor == who)


def table(rows: Sequence[Row]) -> str:
    """Write rows as Markdown, a line each and the mean.

    Examples
    --------
    >>> row = Row(0, 1.0, 0.0, 3, 4, 1.1, 1.2, 0.5, 0.8, 0.6)
    >>> print(table([row]).splitlines()[2])
    | 0 | 1 | 0 | 3 | 4 | 1.1 | 1.2 | 0.5 | 0.8 | 0.6 |
    """
    heads = [
        "seed",
        "turncoat: weight before",
        "in the fifth round",
        "rounds to half",
        "newcomer: contributions to 95 % of r",
        "its weight",
        "the same, established",
        "on-off: r at the end",
        "honest r",
        "earned / honest",
    ]
    lines = []
    numbers = [astuple(row) for row in rows]
    for seed, *values in numbers:
        lines.append(_line(str(seed), values))
    if len(rows) > 1:
        columns = list(zip(*numbers, strict=True))[1:]
        means = [fmean(x for x in column if not math.isnan(x)) for column in columns]
        lines.append(_line("mean", means))
    return markdown(heads, lines, rule="|" + "---:|" * len(heads))


def _line(name: str, values: Sequence[float]) -> list[str]:
    return [name, *(f"{value:.3g}" for value in values)]
