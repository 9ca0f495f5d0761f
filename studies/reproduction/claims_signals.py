"""Claims about what the signals do: temperature, drift, sampling, exploration, rho_c."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.conditions import value_of, with_part, without
from studies.reproduction.finding import (
    FEW,
    NOT_MEASURED,
    Finding,
    Studies,
    enough,
    examples,
    excess,
    holds_if,
    points,
    share,
    verdict_of,
)
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


@holds_if(
    "at tau = 1 the blend's ranks correlate by less than 0.99 with those of q + s somewhere; "
    "otherwise the softmax does next to nothing"
)
def softmax_compresses(studies: Studies) -> Finding:
    """Compare the ranking of the blend at tau = 1 with that of q + s.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "temperature".
    """
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
    judged = [cell.values.mean() for cell in cells if enough(cell)]
    return Finding(text, bool(min(judged) < _LINEAR) if judged else None)


@holds_if(
    "in each condition with drift, at T's usual rate, the 95 % interval of what T costs "
    "overlaps the range from 0.1 to 1.2 points"
)
def feature_drift(studies: Studies) -> Finding:
    """Say what T costs where features drift and labels do not.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "feature-drift"; the condition without drift is left out, and other rates of T
        are told, not judged.
    """
    study = studies.get("feature-drift")
    found: dict[str, list[tuple[str, Estimate]]] = {}
    judged = []
    for dataset, condition, cells in [] if study is None else study.settings_of("error"):
        with_t, bare = pick(cells, "softmax_T"), pick(cells, "softmax_noT")
        if with_t is None or bare is None or value_of(condition, "feature_drift") == 0:
            continue
        cost = excess(with_t, bare)
        rate = ";".join(condition.split(";")[1:])
        found.setdefault(rate, []).append((f"{dataset}, {condition}", cost))
        if not rate and enough(with_t, bare):
            judged.append(_overlaps(cost))
    if not found:
        return NOT_MEASURED
    said = []
    for rate in sorted(found):
        costs = found[rate]
        inside = sum(_overlaps(cost) for _, cost in costs)
        said.append(
            f"{f'with {rate}' if rate else 'at the usual rate'} T's cost overlaps 0.1 to 1.2 "
            f"points in {inside} of {len(costs)} conditions; most: {_listed(costs)}"
        )
    return Finding(". ".join(said), verdict_of(judged))


def _overlaps(cost: Estimate) -> bool:
    low, high = _DRIFT_COST
    return cost.low <= high + _ROUNDING and cost.high >= low - _ROUNDING


@holds_if(
    "at each beta up to 0.1 the blend's mean error is smaller with sampling than with "
    "selection"
)
def sampling(studies: Studies) -> Finding:
    """Compare weighted sampling with selection where few samples are bad.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "sampling": conditions with a part "sampling", beside those with "selection",
        up to beta = 0.1.
    """
    study = studies.get("sampling")
    settings = {} if study is None else {s[:2]: s[2] for s in study.settings_of("error")}
    found, judged = [], []
    for (dataset, condition), cells in settings.items():
        partner = with_part(condition, "sampling", "selection")
        beta = value_of(condition, "beta")
        if partner is None or beta is None or beta > _FEW_BAD:
            continue
        ours = pick(cells, "softmax")
        other = pick(settings.get((dataset, partner), {}), "softmax")
        if ours is not None and other is not None:
            more = excess(ours, other)
            found.append((f"{dataset}, beta={beta:g}", more))
            if enough(ours, other):
                judged.append(more.value < 0)
    if not found:
        return NOT_MEASURED
    better = sum(e.value < 0 for _, e in found)
    surely = sum(e.high < 0 for _, e in found)
    return Finding(
        f"the blend errs less with sampling in {better} of {len(found)} conditions, in "
        f"{surely} beyond the interval; change, worst first: {_listed(found)}",
        verdict_of(judged),
    )


@holds_if(
    "for the blend the gap in selection between experts and novices is smaller with each "
    "bonus, and the mean errors differ by less than one point"
)
def exploration(studies: Studies) -> Finding:
    """Compare the gap between experts and novices with and without the exploration bonus.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "exploration": conditions with a part "bonus=...", beside "bonus=none".
    """
    study = studies.get("exploration")
    said, judged = [], []
    for condition in () if study is None else study.conditions:
        bonus = next((p for p in condition.split(";") if p.startswith("bonus=")), "")
        partner = with_part(condition, bonus, "bonus=none")
        if study is None or bonus in ("", "bonus=none") or partner is None:
            continue
        gaps = [_gap(study, name) for name in (partner, condition)]
        errors = [
            study.find("wine", name, "softmax", "error") for name in (partner, condition)
        ]
        if gaps[0] is None or gaps[1] is None or errors[0] is None or errors[1] is None:
            continue
        more = excess(errors[1], errors[0])
        words = (
            f"{condition}: gap {100 * gaps[0]:.1f} to {100 * gaps[1]:.1f} points, error "
            f"changed by {points(more)}"
        )
        narrower = gaps[1] < gaps[0]
        said.append((gaps[1] - gaps[0], narrower, words))
        if enough(errors[0], errors[1]):
            judged.append(narrower and abs(more.value) < _SIMILAR)
    if not said:
        return NOT_MEASURED
    text = f"the gap is smaller in {sum(one[1] for one in said)} of {len(said)} conditions; "
    text += examples((wider, words) for wider, _, words in said)
    return Finding(text, verdict_of(judged))


@holds_if("the two differ by less than 0.1 on average over conditions of 5 trials or more")
def product_of_correlations(studies: Studies) -> Finding:
    """Compare rho_c with corr(q, clean) corr(s, clean), trial by trial.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads every study with both "rho_c" and "rho_product".
    """
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
    return Finding(
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


def _listed(found: list[tuple[str, Estimate]]) -> str:
    return examples((e.value, f"{place}: {points(e)}") for place, e in found)
