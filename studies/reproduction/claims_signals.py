"""Claims about what the signals do: temperature, drift, sampling, exploration, rho_c."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.conditions import value_of, with_part, without
from studies.reproduction.finding import (
    NOT_MEASURED,
    Finding,
    Studies,
    excess,
    points,
    share,
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


def softmax_compresses(studies: Studies) -> Finding:
    """Compare the ranking of the blend at tau = 1 with that of q + s.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "temperature".

    Returns
    -------
    Finding
        Fails if the rank correlation is 0.99 or more on average everywhere: then the softmax
        does next to nothing.
    """
    study = studies.get("temperature")
    if study is None:
        return NOT_MEASURED
    ranks = [
        float(cell.values.mean())
        for key, cell in study.cells.items()
        if key.metric == "spearman"
        and value_of(key.condition, "tau") == 1
        and len(cell.values)
    ]
    if not ranks:
        return NOT_MEASURED
    text = f"Spearman's correlation with q + s at tau = 1 is at least {min(ranks):.4f}"
    errors: dict[str, dict[float, Cell]] = {}
    for key, cell in study.cells.items():
        tau = value_of(key.condition, "tau")
        if key.metric == "error" and key.method in SPELLINGS["softmax"] and tau is not None:
            rest = without(key.condition, "tau")
            errors.setdefault(f"{key.dataset}, {rest}".rstrip(", "), {})[tau] = cell
    for place, by_tau in errors.items():
        best = min(by_tau, key=lambda tau: float(by_tau[tau].values.mean()))
        if 1.0 in by_tau:
            text += f"; {place}: error {share(by_tau[1.0])} at tau = 1"
            text += (
                f", least at {best:g} with {share(by_tau[best])}"
                if best != 1
                else ", the least"
            )
    return Finding(text, min(ranks) < _LINEAR)


def feature_drift(studies: Studies) -> Finding:
    """Say what T costs where features drift and labels do not.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "feature-drift"; the condition without drift is left out.

    Returns
    -------
    Finding
        Holds if T makes the blend's mean error greater in every condition.
    """
    study = studies.get("feature-drift")
    found = []
    for dataset, condition, cells in [] if study is None else study.settings_of("error"):
        with_t, bare = pick(cells, "softmax_T"), pick(cells, "softmax_noT")
        if with_t is None or bare is None or value_of(condition, "feature_drift") == 0:
            continue
        found.append((f"{dataset}, {condition}", excess(with_t, bare)))
    if not found:
        return NOT_MEASURED
    return Finding(
        f"T changes the error by {_listed(found)}", all(e.value > 0 for _, e in found)
    )


def sampling(studies: Studies) -> Finding:
    """Compare weighted sampling with selection where few samples are bad.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "sampling": conditions with a part "sampling", beside those with "selection",
        up to beta = 0.1.

    Returns
    -------
    Finding
        Holds if sampling has the smaller mean error for the blend in every condition.
    """
    study = studies.get("sampling")
    settings = {} if study is None else {s[:2]: s[2] for s in study.settings_of("error")}
    found = []
    for (dataset, condition), cells in settings.items():
        partner = with_part(condition, "sampling", "selection")
        beta = value_of(condition, "beta")
        if partner is None or beta is None or beta > _FEW_BAD:
            continue
        ours = pick(cells, "softmax")
        other = pick(settings.get((dataset, partner), {}), "softmax")
        if ours is not None and other is not None:
            found.append((f"{dataset}, beta={beta:g}", excess(ours, other)))
    if not found:
        return NOT_MEASURED
    return Finding(
        f"sampling changes the blend's error by {_listed(found)}",
        all(e.value < 0 for _, e in found),
    )


def exploration(studies: Studies) -> Finding:
    """Compare the gap between experts and novices with and without the exploration bonus.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "exploration": conditions with a part "bonus=...", beside "bonus=none".

    Returns
    -------
    Finding
        Holds if for the blend the gap is smaller with each bonus, and the mean errors differ
        by less than one point.
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
        said.append(
            f"{condition}: gap {100 * gaps[0]:.1f} to {100 * gaps[1]:.1f} points, error "
            f"changed by {points(more)}"
        )
        judged.append(gaps[1] < gaps[0] and abs(more.value) < _SIMILAR)
    return Finding("; ".join(said), all(judged)) if judged else NOT_MEASURED


def product_of_correlations(studies: Studies) -> Finding:
    """Compare rho_c with corr(q, clean) corr(s, clean), trial by trial.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads every study with both "rho_c" and "rho_product".

    Returns
    -------
    Finding
        Holds if the two differ by less than 0.1 on average.
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
    typical = float(pooled.mean())
    return Finding(
        f"they differ by {typical:.3f} on average and {pooled.max():.3f} at most over "
        f"{pooled.size:,} trials",
        typical < _CLOSE,
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
    return "; ".join(f"{place}: {points(estimate)}" for place, estimate in found)
