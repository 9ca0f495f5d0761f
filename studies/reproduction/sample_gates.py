"""What the study of gates for samples says: over all conditions, and where each gate loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.reproduction.claim import excess, points
from studies.reproduction.document import Grid, Heading, Text
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import interval, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.reproduction.document import Block
    from studies.reproduction.results import Cell, Study

    ByCondition = Mapping[str, Mapping[str, Cell]]

NAME = "gate-samples"
_GATE = "calibrated"
_REFERENCES = ("uniform", "krum", "v*r", "softmax_blend", "two_stage", "evidence", "oracle")
_HOSTILE = "hostile"
_NOTES = (
    "calibrated takes its evidence from models that have not seen a sample (confident "
    "learning's margin, three folds, five fits, each believing samples as far as the last "
    "one did), and learns what v and r are worth from the evidence of the 25 samples "
    "whose credentials rank alike. It needs neither beta nor a share to keep. Credentials "
    "multiply the odds by 30 at most: with evidence l and c = log 30, l <= -c is never "
    "kept and l > c always is, whatever anybody shows. That holds for the evidence of the "
    "last fit; what was believed in the fits before it depends on credentials as well.",
    "bought and steered are the attacks of gate-stage1 and gate-rho. hostile conditions "
    "are ours: credentials that tell nothing (uninformative) or are best for attackers "
    "(inverted), and wrong labels that agree, each class taken for the next (pairs) or a "
    "share of the first class for the second (one_class). honest_kept and attackers_kept "
    "are shares of the good and the bad samples that a method trains on, attackers_share "
    "the bad ones' part of these, and worth_share how much of what credentials seemed to "
    "tell the evidence bore out.",
)
# Points above the oracle from which on a gate is said to fail.
_FAILS = 0.05


def sample_gate_blocks(study: Study) -> tuple[Block, ...]:
    """Say which gate errs how much, where `calibrated` loses, and what follows.

    Parameters
    ----------
    study : Study
        Any: of another name there are no blocks.

    Returns
    -------
    tuple of Block
        Sentences and tables that follow from the figures.
    """
    by_dataset: dict[str, dict[str, dict[str, Cell]]] = {}
    for dataset, condition, cells in study.settings_of("error"):
        if study.name == NAME and _GATE in cells:
            by_dataset.setdefault(dataset, {})[condition] = cells
    if not by_dataset:
        return ()
    blocks: list[Block] = [
        *map(Text, _NOTES),
        Heading("Over the paper's scenarios, and the attacks on its gate"),
        overview(by_dataset),
    ]
    for dataset, found in by_dataset.items():
        blocks.append(Text(loses(dataset, found)))
        hostile = fails(dataset, found)
        blocks += [Text(hostile)] if hostile else []
    blocks.append(Text(which(by_dataset)))
    return (*blocks, Heading("Paired differences"), differences_table(by_dataset))


def overview(by_dataset: Mapping[str, ByCondition]) -> Grid:
    """Set the methods side by side: mean and worst error over conditions that are not hostile.

    Returns
    -------
    Grid
        One row a data set and method; per cent.
    """
    rows = []
    for dataset, found in by_dataset.items():
        usual = _usual(found)
        for method in _methods(found):
            errors = _errors(usual, method)
            worst = max(errors, key=lambda name: errors[name])
            rows.append(
                (
                    dataset,
                    method,
                    plain(100 * float(np.mean(list(errors.values()))), 1),
                    plain(100 * errors[worst], 1),
                    worst,
                )
            )
    heads = ("Data set", "Method", "Error, mean (%)*", "Error, worst (%)*", "Worst in")
    return Grid(heads, tuple(rows))


def loses(dataset: str, found: ByCondition) -> str:
    """Name the conditions in which `calibrated` is surely worse than something else."""
    said = []
    for reference in _REFERENCES[:-1]:
        gaps = {
            name: excess(cells[_GATE], cells[reference])
            for name, cells in found.items()
            if reference in cells
        }
        if not gaps:
            continue
        sure = [f"{name} (by {points(gap)})" for name, gap in gaps.items() if gap.low > 0]
        better = sum(gap.high < 0 for gap in gaps.values())
        lost = f"surely loses in {', '.join(sure)}" if sure else "surely loses in none"
        said.append(
            f"against {reference}, it surely wins in {better} of {len(gaps)} conditions and"
            f" {lost}"
        )
    return f"calibrated on {dataset}: {'; '.join(said)}."


def fails(dataset: str, found: ByCondition) -> str:
    """Name the conditions in which `calibrated` errs far more than the oracle.

    Returns
    -------
    str
        Empty where there are none.
    """
    gaps = {
        name: excess(cells[_GATE], cells["oracle"])
        for name, cells in found.items()
        if "oracle" in cells
    }
    bad = [f"{name} (by {points(gap)})" for name, gap in gaps.items() if gap.value > _FAILS]
    if not bad:
        return ""
    return (
        f"It fails on {dataset}, by more than {100 * _FAILS:g} points above what good samples"
        f" alone allow, in {', '.join(bad)}."
    )


def which(by_dataset: Mapping[str, ByCondition]) -> str:
    """Say which gate to choose: of those that can be had, the one of least worst error."""
    said = []
    for dataset, found in by_dataset.items():
        usual = _usual(found)
        worst = {
            method: max(_errors(usual, method).values())
            for method in _methods(found)
            if method != "oracle"
        }
        best = min(worst, key=lambda method: worst[method])
        said.append(f"{best} on {dataset} ({plain(100 * worst[best], 1)} %)")
    return f"Which gate should I choose? The one of least worst error: {', '.join(said)}."


def differences_table(by_dataset: Mapping[str, ByCondition]) -> Grid:
    """List what `calibrated` errs more than others, paired by trial, in points."""
    rows = [
        (
            dataset,
            condition,
            interval(mean(cells[_GATE].values).times(100), 1),
            *(
                interval(excess(cells[_GATE], cells[one]).times(100), 1)
                if one in cells
                else "—"
                for one in _REFERENCES
            ),
        )
        for dataset, found in by_dataset.items()
        for condition, cells in found.items()
    ]
    heads = (
        "Data set",
        "Condition",
        "calibrated, error (%)*",
        *(f"less {one}'s*" for one in _REFERENCES),
    )
    return Grid(heads, tuple(rows))


def _usual(found: ByCondition) -> ByCondition:
    return {name: cells for name, cells in found.items() if name.partition(";")[0] != _HOSTILE}


def _methods(found: ByCondition) -> list[str]:
    return list(dict.fromkeys(method for cells in _usual(found).values() for method in cells))


def _errors(found: ByCondition, method: str) -> dict[str, float]:
    return {
        name: mean(cells[method].values).value
        for name, cells in found.items()
        if method in cells
    }
