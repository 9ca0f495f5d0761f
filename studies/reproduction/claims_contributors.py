"""Claims about contributor-level attribution, Table 16's."""

from __future__ import annotations

import math

from studies.reproduction.claim import Outcome, Studies, Tally, claim, pairs, points
from studies.reproduction.figure_5 import correlation, sweeps
from studies.reproduction.numbers import interval, p_value, plain
from studies.reproduction.significance import LEVEL


@claim(
    "Contributor level improves 1.3 to 5.3 times as much as sample level",
    "5.11",
    holds_if="under every mixture of table-16 with 5 trials or more the contributor "
    "level improves on no defence, and has a smaller error than the sample level, both "
    "beyond the 95 % interval",
)
def always_greater(studies: Studies) -> Outcome:
    """Compare what both levels improve, mixture by mixture of table-16."""
    tally, ratios = Tally(), []
    study = studies.get("table-16")
    for dataset, rest, mixtures in () if study is None else sweeps(study):
        for one in mixtures:
            place = f"{dataset}, {rest or 'as in the paper'}, {one.subtle:g} % subtle"
            tally.add(
                -one.lead.value,
                f"{place}: by {interval(one.lead, 1)} points",
                one.lead.low > 0 and one.contributor.low > 0,
                one.lead.trials,
            )
            if math.isfinite(one.advantage.value):
                ratios.append(one.advantage.value)
    text = f"better in {sum(tally.judged)} of {len(tally.judged)} mixtures; least: "
    text += (
        f"{tally.worst}; the ratio is defined in {len(ratios)} of {len(tally.said)} mixtures"
    )
    if ratios:
        text += f", from {plain(min(ratios), 1)} to {plain(max(ratios), 1)}"
    return tally.outcome(text)


@claim(
    "The less detectable the corruption, the greater the contributor level's advantage",
    "5.11",
    holds_if="in every sweep of table-16 over mixtures, each of 5 trials or more, "
    "Pearson's correlation of the ratio and |rho_d| is negative (p < 0.05)",
)
def greater_where_hidden(studies: Studies) -> Outcome:
    """Correlate the advantage of the contributor level in table-16 with detectability."""
    tally, study = Tally(), studies.get("table-16")
    for dataset, rest, mixtures in () if study is None else sweeps(study):
        r, p = correlation(mixtures)
        tally.add(
            0.0,
            f"{dataset}, {rest or 'as in the paper'}: r = {plain(r, 2)}, p {p_value(p)}",
            r < 0 and p < LEVEL,
            min(one.advantage.trials for one in mixtures) if math.isfinite(r) else 0,
        )
    return tally.outcome()


@claim(
    "Where corruption is spread evenly over contributors, contributor level cannot help "
    "(ours, not the paper's)",
    "5.11",
    holds_if="in contributor-curves, where corruption is spread evenly over all "
    "contributors, dropping contributors by their mean loss is not better than no defence "
    "beyond the 95 % interval",
)
def useless_where_even(studies: Studies) -> Outcome:
    """Say what the contributor level does where no contributor is worse than another."""
    tally = Tally()
    for pair in pairs(studies.get("contributor-curves"), "uniform", "loss@contributors"):
        if pair.condition.startswith("spread"):
            less = pair.excess
            said = f"{pair.place}: better by {points(less)}"
            tally.add(0.0, said, not less.low > 0, less.trials)
    return tally.outcome()
