"""What changes where a Transformer or a CNN takes the place of the MLP, level by level."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from studies.reproduction.conditions import without
from studies.reproduction.document import Grid, Heading, Text
from studies.reproduction.intervals import mean
from studies.reproduction.network_findings import (
    approximations_said,
    federation_said,
    lessons_said,
    people_said,
    samples_said,
)
from studies.reproduction.numbers import interval
from studies.reproduction.tables import metric_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from studies.reproduction.document import Block
    from studies.reproduction.results import Cell, Study

    Said = Callable[[Study], list[str]]

_COLUMNS = (
    ("uniform", "error", "No defence: error (%)"),
    ("krum", "error", "krum"),
    ("softmax_blend", "error", "softmax_blend"),
    ("two_stage", "error", "two_stage"),
    ("oracle", "error", "oracle"),
    ("krum", "selected_clean", "krum: clean of the selected (%)"),
)
_LEVELS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("sample", "By sample: Table 7's methods", ("error", "selected_clean", "rho_c")),
    ("approximations", "Exact q and its approximations", ("spearman", "seconds", "auc")),
    (
        "annotators",
        "203 people, by their single answers",
        ("spearman", "spearman_unchecked", "right", "error"),
    ),
    (
        "federation",
        "203 people as a federation",
        ("error", "spearman_q", "spearman_weight", "attackers_weight", "attackers_kept"),
    ),
)


def network_blocks(study: Study) -> tuple[Block, ...]:
    """Say what changes against MLPs, and then show it level by level.

    Parameters
    ----------
    study : Study
        `transformer`: its conditions begin with `level=`.

    Returns
    -------
    tuple of Block
        Sentences that follow the figures, and a table of models side by side; then for each
        level its main tables. Empty where there is no such level.
    """
    levels = {name: level_of(study, name) for name, _, _ in _LEVELS}
    found = {name: one for name, one in levels.items() if one.cells}
    said = [text for name, one in found.items() for tell in _SAID[name] for text in tell(one)]
    blocks: list[Block] = [Text(text) for text in said]
    if "sample" in found:
        blocks.append(models_table(found["sample"]))
    for name, title, metrics in _LEVELS:
        if name in found:
            blocks.append(Heading(title))
            wanted = [metric for metric in metrics if metric in found[name].metrics]
            blocks += [metric_table(found[name], metric) for metric in wanted]
    return tuple(blocks)


def level_of(study: Study, level: str) -> Study:
    """Take the conditions of a level alone, without the part that names it."""
    cells = {
        key._replace(condition=without(key.condition, "level") or level): cell
        for key, cell in study.cells.items()
        if f"level={level}" in key.condition.split(";")
    }
    return replace(study, cells=cells)


def models_table(sample: Study) -> Grid:
    """Set models that learn from the same samples side by side.

    Parameters
    ----------
    sample : Study
        The level of samples.

    Returns
    -------
    Grid
        One row a data set and model.
    """
    auc = {
        (dataset, condition): cells.get("krum")
        for dataset, condition, cells in sample.settings_of("auc")
    }
    by_metric: dict[str, Mapping[tuple[str, str], Mapping[str, Cell]]] = {
        metric: {(d, c): cells for d, c, cells in sample.settings_of(metric)}
        for metric in {metric for _, metric, _ in _COLUMNS}
    }
    rows = []
    for (dataset, condition), area in auc.items():
        shown = [
            interval(mean(cells[method].values).times(100), 1)
            if method in (cells := by_metric[metric].get((dataset, condition), {}))
            else "—"
            for method, metric, _ in _COLUMNS
        ]
        told = "—" if area is None else interval(mean(area.values), 3)
        rows.append((dataset, condition, *shown, told))
    heads = ("Data set", "Model", *(f"{head}*" for *_, head in _COLUMNS), "q: area under ROC*")
    return Grid(heads, tuple(rows))


_SAID: dict[str, tuple[Said, ...]] = {
    "sample": (samples_said,),
    "approximations": (approximations_said,),
    "annotators": (people_said, lessons_said),
    "federation": (federation_said,),
}
