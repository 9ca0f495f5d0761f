"""Each figure of the paper beside ours, in the recipe as it stands and in its variants.

A condition of ours may say more than the paper's ("moderate;beta=0.30;fit=0" beside
"moderate;beta=0.30"): what it says more is the variant's name. The plain condition is the
recipe at its defaults, whose variant is "".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.intervals import (
    Estimate,
    average,
    effect_size,
    improvement,
    mean,
)
from studies.reproduction.results import Cell, paired
from studies.reproduction.targets import study_of
from studies.reproduction.verdicts import Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from studies.reproduction.results import Study
    from studies.reproduction.targets import Target

RESTS = {"selected_clean_pct": 70.0, "selected_pct": 70.0}
"""Krum's own reference for shares of what is selected: the fraction that is kept."""

AVERAGED = ("wine", "breast_cancer")
"""Data sets that Table 8's averages are taken over."""

TAU_C = 0.3
"""Reference for rho_c: the gate's threshold."""

_SAME_AS_ZERO = 0.5  # per cent
_SHARES = {
    "error_pct": "error",
    "selected_clean_pct": "selected_clean",
    "abs_rho_d": "detectability",
}
_PLAIN = ("rho_c", "detectability")
_IMPROVEMENTS = (
    "improvement_pct",
    "improvement_vs_krum_pct",
    "worst_case_improvement_pct",
    "best_case_improvement_pct",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the paper and what became of it.

    Parameters
    ----------
    target : Target
    ours : Estimate or None
        In the target's unit; None where it was not run.
    verdict : Verdict
    variant : str
        What our condition says beyond the paper's; "" for the defaults.
    """

    target: Target
    ours: Estimate | None
    verdict: Verdict
    variant: str = ""


def rows(
    table: str, targets: Sequence[Target], studies: Mapping[str, Study], variant: str = ""
) -> tuple[Row, ...]:
    """Compare every figure of a table.

    Parameters
    ----------
    table : str
        As the paper numbers it.
    targets : sequence of Target
        The paper's figures, of any table.
    studies : mapping of str to Study
    variant : str
        Which of our conditions to take.

    Returns
    -------
    tuple of Row
        In the paper's order; for a variant only what was measured in it.
    """
    here = [target for target in targets if target.table == table]
    study = studies.get(study_of(table))
    found = [_row(target, here, study, variant) for target in here]
    return tuple(row for row in found if row.ours is not None or not variant)


def variants(table: str, targets: Sequence[Target], study: Study | None) -> tuple[str, ...]:
    """List what conditions of ours say beyond the paper's, each once.

    Returns
    -------
    tuple of str
        In the order of the file, without the defaults' "".
    """
    if study is None:
        return ()
    bases = dict.fromkeys(_place(target)[0] for target in targets if target.table == table)
    found: dict[str, None] = {}
    for condition in study.conditions:
        for base in bases:
            if not condition.startswith(f"{base};"):
                continue
            parts = condition[len(base) + 1 :].split(";")
            # In A2 the correlation is part of the paper's condition, which it ranges over.
            more = parts[1:] if table == "A2" else parts
            if more:
                found[";".join(more)] = None
    return tuple(found)


def _row(target: Target, table: Sequence[Target], study: Study | None, variant: str) -> Row:
    ours = None if study is None else _ours(target, study, variant)
    if study is None or ours is None:
        return Row(target, None, Verdict.NOT_RUN, variant)
    found = verdict(
        target.value,
        ours,
        half_width=target.half_width,
        references=_references(target, table, study, variant),
        zero=_SAME_AS_ZERO if target.metric in _IMPROVEMENTS else 0.0,
    )
    return Row(target, ours, found, variant)


def _references(
    target: Target, table: Sequence[Target], study: Study, variant: str
) -> tuple[float, float] | None:
    if target.metric in _IMPROVEMENTS or target.metric == "cohens_d_vs_krum":
        return 0.0, 0.0
    if target.metric == "rho_c":
        return TAU_C, TAU_C
    if target.method == "krum" and target.metric in RESTS:
        return RESTS[target.metric], RESTS[target.metric]
    other = _beside(target, table, "uniform" if target.method == "krum" else "krum")
    if other is None:
        return None
    ours = _ours(other, study, variant)
    # What does not depend on the variant is measured under the plain condition only.
    ours = _ours(other, study, "") if ours is None else ours
    return None if ours is None else (other.value, ours.value)


def _beside(target: Target, table: Sequence[Target], method: str) -> Target | None:
    same = (
        other
        for other in table
        if (other.dataset, other.metric, other.method)
        == (target.dataset, target.metric, method)
        and other.condition in (target.condition, "any")
    )
    return next(same, None)


def _ours(target: Target, study: Study, variant: str) -> Estimate | None:
    condition, metric = _place(target)
    if target.metric.endswith("_case_improvement_pct"):
        return _extreme(target, study, variant)
    if variant:
        condition = f"{condition};{variant}"
    if target.metric == "improvement_pct":
        return improvement_over(study, target.dataset, condition, target.method, "uniform")
    if target.metric == "improvement_vs_krum_pct":
        if target.dataset != "average":
            return improvement_over_krum(study, target.dataset, condition, target.method)
        parts = [
            improvement_over_krum(study, name, condition, target.method) for name in AVERAGED
        ]
        measured = [part for part in parts if part is not None]
        return average(measured) if len(measured) == len(parts) else None
    if target.metric == "cohens_d_vs_krum":
        pair = _errors(study, target.dataset, condition, target.method, "krum")
        return None if pair is None else effect_size(pair[1] - pair[0])
    cell = _cell(study, target.dataset, condition, target.method, metric)
    if cell is None:
        return None
    return mean(cell.values).times(1.0 if metric in _PLAIN else 100.0)


def _place(target: Target) -> tuple[str, str]:
    """Say under which condition and metric of ours a figure is found."""
    if target.metric == "selected_pct":
        condition, _, group = target.condition.rpartition(";")
        return condition, f"selected_{group}"
    return target.condition, _SHARES.get(target.metric, target.metric)


def _cell(study: Study, dataset: str, condition: str, method: str, metric: str) -> Cell | None:
    cell = study.find(dataset, condition, method, metric)
    base, _, variant = condition.partition(";")
    if cell is not None or base != "any":
        return cell
    # "any": what is the same under every condition; each trial's mean over all of them.
    cells = [
        found
        for key, found in study.cells.items()
        if (key.dataset, key.method, key.metric) == (dataset, method, metric)
        and key.condition.partition(";")[2] == variant
    ]
    if not cells:
        return None
    trials = np.concatenate([found.trials for found in cells])
    values = np.concatenate([found.values for found in cells])
    each = np.unique(trials)
    return Cell(each, np.array([values[trials == trial].mean() for trial in each]))


def _errors(
    study: Study, dataset: str, condition: str, method: str, other: str
) -> tuple[np.ndarray, np.ndarray] | None:
    ours = study.find(dataset, condition, method, "error")
    theirs = study.find(dataset, condition, other, "error")
    return None if ours is None or theirs is None else paired(ours, theirs)


def improvement_over_krum(
    study: Study, dataset: str, condition: str, method: str
) -> Estimate | None:
    """Estimate a method's improvement over Krum in per cent; None where not measured."""
    return improvement_over(study, dataset, condition, method, "krum")


def improvement_over(
    study: Study, dataset: str, condition: str, method: str, other: str
) -> Estimate | None:
    """Estimate a method's improvement over another in per cent; None where not measured."""
    pair = _errors(study, dataset, condition, method, other)
    return None if pair is None else improvement(*pair)


def _extreme(target: Target, study: Study, variant: str) -> Estimate | None:
    found = []
    for condition in study.conditions:
        base, _, rest = condition.partition(";")
        signal, _, more = rest.partition(";")
        if base == target.condition and signal.startswith("rho=") and more == variant:
            found.append(
                improvement_over_krum(study, target.dataset, condition, target.method)
            )
    measured = [estimate for estimate in found if estimate is not None]
    if not measured:
        return None
    pick = min if target.metric.startswith("worst") else max
    return pick(measured, key=lambda estimate: estimate.value)
