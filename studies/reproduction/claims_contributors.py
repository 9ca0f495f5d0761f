"""Claims about contributor-level attribution, Table 16's."""

from __future__ import annotations

import math

from studies.reproduction.figure_5 import correlation, sweeps
from studies.reproduction.finding import (
    FEW,
    NOT_MEASURED,
    Finding,
    Studies,
    examples,
    excess,
    holds_if,
    points,
    verdict_of,
)
from studies.reproduction.numbers import interval, p_value, plain
from studies.reproduction.significance import LEVEL

_SPREAD = "contributor-curves"


@holds_if(
    "under every mixture of table-16 with 5 trials or more the contributor level improves on "
    "no defence, and has a smaller error than the sample level, both beyond the 95 % interval"
)
def always_greater(studies: Studies) -> Finding:
    """Compare what both levels improve, mixture by mixture.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-16".
    """
    study = studies.get("table-16")
    told, ratios, judged = [], [], []
    for dataset, rest, mixtures in () if study is None else sweeps(study):
        for one in mixtures:
            place = f"{dataset}, {rest or 'as in the paper'}, {one.subtle:g} % subtle"
            told.append((-one.lead.value, f"{place}: by {interval(one.lead, 1)} points"))
            if math.isfinite(one.advantage.value):
                ratios.append(one.advantage.value)
            if one.lead.trials >= FEW:
                judged.append(one.lead.low > 0 and one.contributor.low > 0)
    if not told:
        return NOT_MEASURED
    text = f"better in {sum(judged)} of {len(judged)} mixtures; least: {examples(told)}"
    text += f"; the ratio is defined in {len(ratios)} of {len(told)} mixtures"
    if ratios:
        text += f", from {plain(min(ratios), 1)} to {plain(max(ratios), 1)}"
    return Finding(text, verdict_of(judged))


@holds_if(
    "in every sweep of table-16 over mixtures, each of 5 trials or more, Pearson's "
    "correlation of the ratio and |rho_d| is negative (p < 0.05)"
)
def greater_where_hidden(studies: Studies) -> Finding:
    """Correlate the advantage of the contributor level with detectability.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-16".
    """
    study = studies.get("table-16")
    told, judged = [], []
    for dataset, rest, mixtures in () if study is None else sweeps(study):
        r, p = correlation(mixtures)
        told.append(
            f"{dataset}, {rest or 'as in the paper'}: r = {plain(r, 2)}, p {p_value(p)}"
        )
        if min(one.advantage.trials for one in mixtures) >= FEW and math.isfinite(r):
            judged.append(r < 0 and p < LEVEL)
    return Finding("; ".join(told), verdict_of(judged)) if told else NOT_MEASURED


@holds_if(
    "in contributor-curves, where corruption is spread evenly over all contributors, dropping "
    "contributors by their mean loss is not better than no defence beyond the 95 % interval"
)
def useless_where_even(studies: Studies) -> Finding:
    """Say what the contributor level does where no contributor is worse than another.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "contributor-curves".
    """
    study = studies.get(_SPREAD)
    told, judged = [], []
    for dataset, condition, cells in [] if study is None else study.settings_of("error"):
        if not condition.startswith("spread") or not {"uniform", "loss@contributors"} <= set(
            cells
        ):
            continue
        less = excess(cells["uniform"], cells["loss@contributors"])
        told.append(f"{dataset}, {condition}: better by {points(less)}")
        if less.trials >= FEW:
            judged.append(not less.low > 0)
    return Finding("; ".join(told), verdict_of(judged)) if told else NOT_MEASURED
