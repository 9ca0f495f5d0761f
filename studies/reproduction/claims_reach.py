"""Claims about where the method stands: label skew, the paper's tests, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.claim import (
    FEW,
    NOT_MEASURED,
    Outcome,
    Studies,
    Tally,
    claim,
    examples,
    fewest,
    pairs,
    share,
)
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import interval, plain
from studies.reproduction.significance import LEVEL, comparisons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studies.reproduction.results import Cell, Study

_BUDGET = 2.0  # ms
_OVERHEAD = (0.3, 0.5)
_LARGEST = "adult"
_CHANCE = 0.5


@claim(
    "What holds for samples is directly applicable to federated settings (Krum tells good "
    "from bad there)",
    "3.2.1",
    holds_if="everywhere in label-skew q ranks the honest above the attackers (area "
    "under the ROC curve of at least 0.5) and Krum is not worse than FedAvg beyond the 95 "
    "% interval",
)
def krum_under_skew(studies: Studies) -> Outcome:
    """Say what q is worth where honest contributors differ in their labels."""
    study = studies.get("label-skew")
    areas = list(_cells(study, "auc"))
    if not areas and (study is None or "error" not in study.metrics):
        return NOT_MEASURED
    ranked, errors = Tally(), Tally()
    for dataset, condition, _, cell in areas:
        if len(cell.values):
            area = float(cell.values.mean())
            said = f"{dataset}, {condition}: area {plain(area, 2)}"
            ranked.add(-area, said, area >= _CHANCE, fewest(cell))
    for pair in pairs(study, "krum", "fedavg"):
        more = pair.excess
        each = ", ".join(f"{name} {share(cell)}" for name, cell in pair.cells.items())
        said = f"{pair.place}: error {each}"
        errors.add(more.value, said, not more.low > 0, fewest(pair.one, pair.other))
    return Outcome(
        f"area under the ROC curve of q: {ranked.worst}; {errors.worst}",
        Tally(judged=ranked.judged + errors.judged).holds,
    )


@claim(
    "p > 0.05 (normality) for all distributions",
    "B",
    holds_if="p > 0.05 for every distribution of paired differences with 5 trials or more",
)
def normality(studies: Studies) -> Outcome:
    """Count the paired differences that Shapiro and Wilk's test takes for not normal."""
    found = {
        name: [one for one in comparisons(study) if one.difference.trials >= FEW]
        for name, study in studies.items()
    }
    tested = [one for each in found.values() for one in each if one.normal is not None]
    if not tested:
        return NOT_MEASURED
    failed = sum(one.normal is False for one in tested)
    text = (
        f"p < {LEVEL:g} for {failed} of {len(tested)} distributions of paired differences "
        f"(chance alone: about {LEVEL * len(tested):.0f})"
    )
    main = [one for one in found.get("table-7", ()) if one.normal is not None]
    if main:
        text += f"; in Table 7, {sum(one.normal is False for one in main)} of {len(main)}"
    constant = sum(one.normal is None for each in found.values() for one in each)
    text += f"; {constant} more are constant" if constant else ""
    return Outcome(text, failed == 0)


@claim(
    "Combination takes under 2 ms at n = 32,000",
    "7.1",
    holds_if="it takes less than 2 ms on average over all measurements, which are 5 or "
    "more, with Adult among the data sets",
)
def combination_time(studies: Studies) -> Outcome:
    """Say how long the combination of the signals takes."""
    found = _cells(studies.get("overhead"), "milliseconds")
    cells = [one for one in found if one[2] == "combination" and len(one[3].values)]
    if not cells:
        return NOT_MEASURED
    under = sum(bool(x.values.mean() < _BUDGET) for *_, x in cells)
    pooled = mean(np.concatenate([x.values for *_, x in cells]))
    text = f"{interval(pooled, 2)} ms over {pooled.trials} measurements; on average under "
    text += f"2 ms in {under} of {len(cells)} conditions; slowest: " + examples(
        (x.values.mean(), f"{d}, {c}: {interval(mean(x.values), 2)} ms")
        for d, c, _, x in cells
    )
    if pooled.trials < FEW or all(d != _LARGEST for d, *_ in cells):
        return Outcome(text, None)
    return Outcome(text, pooled.value < _BUDGET)


@claim(
    "The overhead is 30 to 50 %",
    "7.1",
    holds_if="it is 30 to 50 % on average in every condition of Adult, over 5 trials or more",
)
def overhead(studies: Studies) -> Outcome:
    """Say how much longer training takes with the method than without."""
    found = _cells(studies.get("overhead"), "overhead")
    cells = [one for one in found if len(one[3].values)]
    if not cells:
        return NOT_MEASURED
    low, high = _OVERHEAD
    inside = sum(bool(low <= x.values.mean() <= high) for *_, x in cells)
    text = f"30 to 50 % in {inside} of {len(cells)} conditions; most: " + examples(
        (x.values.mean(), f"{d}, {c}, {m}: {share(x)}") for d, c, m, x in cells
    )
    large = [x for d, _, _, x in cells if d == _LARGEST and fewest(x) >= FEW]
    judged = [bool(low <= x.values.mean() <= high) for x in large]
    return Outcome(text, Tally(judged=judged).holds)


def _cells(study: Study | None, metric: str) -> Iterator[tuple[str, str, str, Cell]]:
    if study is not None:
        for key, cell in study.cells.items():
            if key.metric == metric:
                yield key.dataset, key.condition, key.method, cell
