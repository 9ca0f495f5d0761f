"""Claims about what the signals do: temperature, drift, sampling, exploration, rho_c."""

from __future__ import annotations

from collections import Counter
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
    excess,
    fewest,
    pairs,
    points,
    share,
)
from studies.reproduction.conditions import value_of, with_part, without
from studies.reproduction.methods import SPELLINGS, pick
from studies.reproduction.results import paired

if TYPE_CHECKING:
    from studies.reproduction.intervals import Estimate
    from studies.reproduction.results import Cell, Study

_FEW_BAD = 0.1
_SIMILAR = 0.01  # a difference of errors below one point counts as similar
_CLOSE = 0.1  # so does one of correlations
_LINEAR = 0.99
_DRIFT_COST = (0.001, 0.012)  # of T, that the paper says
_ROUNDING = 1e-9


@claim(
    "Softmax at tau = 1 compresses extreme values",
    "4.3",
    holds_if="at tau = 1 the blend's ranks correlate by less than 0.99 with those of q + "
    "s somewhere; otherwise the softmax does next to nothing",
)
def softmax_compresses(studies: Studies) -> Outcome:
    """Compare the ranking of the blend at tau = 1 with that of q + s."""
    study = studies.get("temperature")
    if study is None:
        return NOT_MEASURED
    cells = [
        cell
        for key, cell in study.cells.items()
        if key.metric == "spearman"
        and value_of(key.condition, "tau") == 1
        and len(cell.values)
    ]
    if not cells:
        return NOT_MEASURED
    ranks = [float(cell.values.mean()) for cell in cells]
    text = f"Spearman's correlation with q + s at tau = 1 is at least {min(ranks):.4f}"
    errors: dict[str, dict[float, Cell]] = {}
    for key, cell in study.cells.items():
        tau = value_of(key.condition, "tau")
        if key.metric == "error" and key.method in SPELLINGS["softmax"] and tau is not None:
            rest = without(key.condition, "tau")
            errors.setdefault(f"{key.dataset}, {rest}".rstrip(", "), {})[tau] = cell
    gains = []
    for place, by_tau in errors.items():
        if 1.0 not in by_tau:
            continue
        best = min(by_tau, key=lambda tau: float(by_tau[tau].values.mean()))
        gain = float(by_tau[1.0].values.mean() - by_tau[best].values.mean())
        least = f"least at {best:g} with {share(by_tau[best])}" if gain > 0 else "the least"
        gains.append((gain, f"{place}: error {share(by_tau[1.0])} at tau = 1, {least}"))
    if gains:
        better = sum(gain > 0 for gain, _ in gains)
        text += f"; another tau errs less in {better} of {len(gains)} settings: "
        text += examples(gains)
    judged = [cell.values.mean() for cell in cells if fewest(cell) >= FEW]
    return Outcome(text, bool(min(judged) < _LINEAR) if judged else None)


@claim(
    "Under feature drift T degrades the error by 0.1 to 1.2 points",
    "5.13",
    holds_if="in each condition with drift, at T's usual rate, the 95 % interval of what "
    "T costs overlaps the range from 0.1 to 1.2 points",
)
def feature_drift(studies: Studies) -> Outcome:
    """Say what T costs where features drift and labels do not."""
    inside: Counter[str] = Counter()
    by_rate: dict[str, Tally] = {}
    for pair in pairs(studies.get("feature-drift"), "softmax_T", "softmax_noT"):
        if value_of(pair.condition, "feature_drift") != 0:
            cost, rate = pair.excess, ";".join(pair.condition.split(";")[1:])
            by_rate.setdefault(rate, Tally()).add(
                cost.value,
                f"{pair.place}: {points(cost)}",
                _overlaps(cost),
                fewest(pair.one, pair.other),
            )
            inside[rate] += _overlaps(cost)
    said = [
        f"{f'with {rate}' if rate else 'at the usual rate'} T's cost overlaps 0.1 to 1.2 "
        f"points in {inside[rate]} of {len(tally.said)} conditions; most: {tally.worst}"
        for rate, tally in sorted(by_rate.items())
    ]
    # Other rates of T are reported, not judged.
    return Outcome(". ".join(said), by_rate.get("", Tally()).holds) if said else NOT_MEASURED


def _overlaps(cost: Estimate) -> bool:
    low, high = _DRIFT_COST
    return cost.low <= high + _ROUNDING and cost.high >= low - _ROUNDING


@claim(
    "With few attackers weighted sampling is preferable to selection",
    "5.8",
    holds_if="at each beta up to 0.1 the blend's mean error is smaller with sampling "
    "than with selection",
)
def sampling(studies: Studies) -> Outcome:
    """Compare weighted sampling with selection where few samples are bad."""
    study = studies.get("sampling")
    settings = {} if study is None else {s[:2]: s[2] for s in study.settings_of("error")}
    tally, better, surely = Tally(), 0, 0
    for (dataset, condition), cells in settings.items():
        partner = with_part(condition, "sampling", "selection")
        beta = value_of(condition, "beta")
        if partner is None or beta is None or beta > _FEW_BAD:
            continue
        ours = pick(cells, "softmax")
        other = pick(settings.get((dataset, partner), {}), "softmax")
        if ours is not None and other is not None:
            more = excess(ours, other)
            better += more.value < 0
            surely += more.high < 0
            said = f"{dataset}, beta={beta:g}: {points(more)}"
            tally.add(more.value, said, more.value < 0, fewest(ours, other))
    return tally.outcome(
        f"the blend errs less with sampling in {better} of {len(tally.said)} conditions, in "
        f"{surely} beyond the interval; change, worst first: {tally.worst}"
    )


@claim(
    "The exploration bonus makes the gap between experts and novices smaller at a similar "
    "error",
    "7.2",
    holds_if="for the blend the gap in selection between experts and novices is smaller "
    "with each bonus, and the mean errors differ by less than one point",
)
def exploration(studies: Studies) -> Outcome:
    """Compare the gap between experts and novices with and without the exploration bonus."""
    study = studies.get("exploration")
    tally, smaller = Tally(), 0
    for condition in () if study is None else study.conditions:
        bonus = next((p for p in condition.split(";") if p.startswith("bonus=")), "")
        partner = with_part(condition, bonus, "bonus=none")
        if study is None or bonus in ("", "bonus=none") or partner is None:
            continue
        wide, gap = _gap(study, partner), _gap(study, condition)
        without_bonus, error = (
            study.find("wine", name, "softmax", "error") for name in (partner, condition)
        )
        if wide is None or gap is None or without_bonus is None or error is None:
            continue
        more = excess(error, without_bonus)
        smaller += gap < wide
        tally.add(
            gap - wide,
            f"{condition}: gap {100 * wide:.1f} to {100 * gap:.1f} points, error changed by "
            f"{points(more)}",
            gap < wide and abs(more.value) < _SIMILAR,
            fewest(without_bonus, error),
        )
    text = f"the gap is smaller in {smaller} of {len(tally.said)} conditions; {tally.worst}"
    return tally.outcome(text)


@claim(
    "rho_c is about corr(q, clean) x corr(s, clean), so that a weak q closes the gate "
    "(ours, not the paper's)",
    "4.2",
    holds_if="the two differ by less than 0.1 on average over conditions of 5 trials or more",
)
def product_of_correlations(studies: Studies) -> Outcome:
    """Compare rho_c with corr(q, clean) corr(s, clean), trial by trial."""
    gaps = []
    for study in studies.values():
        for key, product in study.cells.items():
            rho = study.find(key.dataset, key.condition, "adaptive", "rho_c")
            if key.metric == "rho_product" and rho is not None:
                one, other = paired(rho, product)
                gaps.append(np.abs(one - other))
    pooled = np.concatenate(gaps) if gaps else np.empty(0)
    if not pooled.size:
        return NOT_MEASURED
    large = [gap for gap in gaps if len(gap) >= FEW]
    return Outcome(
        f"they differ by {pooled.mean():.3f} on average and {pooled.max():.3f} at most over "
        f"{pooled.size:,} trials",
        bool(np.concatenate(large).mean() < _CLOSE) if large else None,
    )


def _gap(study: Study, condition: str) -> float | None:
    experts, novices = (
        study.find("wine", condition, "softmax", f"selected_{group}")
        for group in ("experts", "novices")
    )
    if experts is None or novices is None:
        return None
    return float(experts.values.mean() - novices.values.mean())
