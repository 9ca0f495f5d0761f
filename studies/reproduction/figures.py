"""The paper's figures drawn anew: its points open, ours filled with 95 % intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.method.combination import pearson
from anml_fl.page import theme
from anml_fl.page.plot import number
from studies.reproduction.comparison import improvement_over_krum
from studies.reproduction.conditions import value_of
from studies.reproduction.curves import curves
from studies.reproduction.document import Drawing
from studies.reproduction.intervals import mean, ratio
from studies.reproduction.numbers import plain
from studies.reproduction.results import paired
from studies.reproduction.traces import categories, clipped, layout_of, traces_of
from studies.reproduction.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from studies.reproduction.comparison import Row
    from studies.reproduction.results import Study
    from studies.reproduction.traces import Figure, Point

_MARKS = "Filled with bars: ours with its 95 % interval. Open: the paper's."
_SHARES = (0.0, 100.0)  # per cent
_GAINS = (-150.0, 100.0)  # per cent
_RATIOS = (0.0, math.inf)


def combination_methods(
    compared: Mapping[str, Sequence[Row]], studies: Mapping[str, Study]
) -> Drawing | None:
    """Draw Figure 1 from Tables 5 and 11."""
    lines = _points(compared["5"], "rho")
    study = studies.get("table-5")
    for method, marks in lines.items():
        # The paper's figure has correlations that its table leaves out, and so have we.
        drawn = {x for x, _, _ in marks}
        for condition in () if study is None else study.conditions:
            x = value_of(condition, "rho")
            if study is None or x is None or x in drawn or len(condition.split(";")) != 2:
                continue
            ours = improvement_over_krum(study, "wine", condition, method)
            if ours is not None:
                marks.append((x, None, ours))
        marks.sort(key=lambda mark: mark[0])
    views = {
        "Improvement over Krum (Table 5)": _curves(
            lines, "Correlation of the signal", "Improvement over Krum (%)", _GAINS
        ),
        "Error of the product (Table 11)": _curves(
            _points(compared["11"], "rho"), "Correlation of the signal", "Test error (%)"
        ),
    }
    caption = (
        f"The paper's Figure 1: combinations by the correlation of the signal. {_MARKS} "
        f"Improvements below {_GAINS[0]:g} % are not shown."
    )
    return _drawing("figure-1", "Figure 1: combination methods", caption, views)


def data_efficiency(compared: Mapping[str, Sequence[Row]]) -> Drawing | None:
    """Draw Figure 2 from Tables 12 and 13."""
    views = {
        "Learning curves (Table 12)": _curves(
            _points(compared["12"], "fraction"), "Fraction of training data", "Test error (%)"
        ),
        "Attack resilience (Table 13)": _curves(
            _points(compared["13"], "beta"), "Share of bad data", "Test error (%)"
        ),
    }
    caption = f"The paper's Figure 2: error by amount of data and share of bad data. {_MARKS}"
    return _drawing("figure-2", "Figure 2: data efficiency and resilience", caption, views)


def dataset_scales(
    compared: Mapping[str, Sequence[Row]], studies: Mapping[str, Study]
) -> Drawing | None:
    """Draw Figure 3: the errors of Tables 7 and 14, and ours of Table 8's setting."""
    small = [row for row in compared["7"] if row.target.metric == "error_pct"]
    traces = _by_category(small, lambda row: "wine (Table 7)")
    study = studies.get("table-8")
    for dataset, condition, cells in [] if study is None else study.settings_of("error"):
        if condition == "moderate":
            for method, cell in cells.items():
                ours = mean(cell.values).times(100)
                traces.setdefault(method, []).append((f"{dataset} (Table 8)", None, ours))
    views = {
        "Small data sets": _marks(traces, "Data set", "Test error (%)"),
        "Large data sets (Table 14)": _marks(
            _by_category(compared["14"], lambda row: row.target.dataset),
            "Data set",
            "Test error (%)",
        ),
    }
    caption = f"The paper's Figure 3: error across data sets. {_MARKS}"
    return _drawing("figure-3", "Figure 3: data sets of all sizes", caption, views)


def quality_groups(
    compared: Mapping[str, Sequence[Row]], studies: Mapping[str, Study]
) -> Drawing | None:
    """Draw Figure 4 from Table 15: shares selected, errors, and experts over novices."""
    rows = compared["15"]
    shares = [row for row in rows if row.target.metric == "selected_pct"]
    errors = [row for row in rows if row.target.metric == "error_pct"]
    views = {
        "Selected by group": _marks(
            _by_category(shares, lambda row: row.target.condition.rpartition(";")[2]),
            "Group",
            "Selected of the group (%)",
        ),
        "Error": _marks(
            _by_category(errors, lambda row: row.target.method), "Method", "Test error (%)"
        ),
        "Experts over novices": _marks(
            _expert_ratios(shares, studies.get("table-15")),
            "Method",
            "Share of experts over share of novices",
            _RATIOS,
        ),
    }
    caption = f"The paper's Figure 4: who is selected. {_MARKS}"
    return _drawing("figure-4", "Figure 4: groups of contributors", caption, views)


def joint_attack(studies: Mapping[str, Study]) -> Drawing | None:
    """Draw Figure 6: q against s for every sample, under two attacks."""
    study = studies.get("figure-6")
    if study is None:
        return None
    views = {}
    places = dict.fromkeys((key.dataset, key.condition) for key in study.cells)
    for dataset, condition in places:
        traces, seen = [], []
        for who, style in (("honest", theme.HONEST), ("attacker", theme.ATTACKER)):
            q = study.find(dataset, condition, who, "q")
            s = study.find(dataset, condition, who, "s")
            if q is None or s is None:
                continue
            consistency, signal = paired(q, s)
            seen.append(np.stack([consistency, signal]))
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": who,
                    "x": [number(x) for x in signal],
                    "y": [number(y) for y in consistency],
                    "marker": {"color": style[0], "symbol": style[1], "size": 8},
                    "hovertemplate": "q %{y:.3f}, s %{x:.3f}<extra></extra>",
                }
            )
        if traces:
            rho_c = pearson(*np.hstack(seen))
            label = f"{condition}, {dataset}: rho_c = {plain(rho_c, 3)}"
            views[label] = (traces, layout_of("External signal s = v r", "Consistency q"))
    caption = "The paper's Figure 6: each mark is a sample of one trial."
    return _drawing("figure-6", "Figure 6: q against s under attack", caption, views)


def fit_lengths(study: Study) -> Drawing | None:
    """Draw what the fit length before q is taken does, data set by data set."""
    views = curves(study, "fit", "Epochs before q is taken")
    caption = (
        "Means with 95 % intervals. selected_clean of krum is the precision of the top 70 % by"
        " q, auc that of q for clean samples."
    )
    return _drawing("fit-length", "What the fit length does", caption, views)


def _curves(
    lines: Mapping[str, Sequence[Point]],
    x_title: str,
    y_title: str,
    limits: tuple[float, float] = _SHARES,
) -> Figure | None:
    if not lines:
        return None
    return clipped((traces_of(lines, line=True), layout_of(x_title, y_title)), *limits)


def _marks(
    points: Mapping[str, Sequence[Point]],
    x_title: str,
    y_title: str,
    limits: tuple[float, float] = _SHARES,
) -> Figure | None:
    return clipped(categories(points, x_title, y_title), *limits)


def _points(rows: Sequence[Row], variable: str) -> dict[str, list[Point]]:
    lines: dict[str, list[Point]] = {}
    for row in rows:
        x = value_of(row.target.condition, variable)
        if x is not None and row.verdict is not Verdict.NOT_RUN:
            lines.setdefault(row.target.method, []).append((x, row.target.value, row.ours))
    return lines


def _by_category(
    rows: Iterable[Row], category: Callable[[Row], str]
) -> dict[str, list[Point]]:
    traces: dict[str, list[Point]] = {}
    for row in rows:
        if row.verdict is not Verdict.NOT_RUN:
            point = (category(row), row.target.value, row.ours)
            traces.setdefault(row.target.method, []).append(point)
    return traces


def _expert_ratios(rows: Sequence[Row], study: Study | None) -> dict[str, list[Point]]:
    traces: dict[str, list[Point]] = {}
    for method in dict.fromkeys(row.target.method for row in rows):
        paper = {
            row.target.condition.rpartition(";")[2]: row.target.value
            for row in rows
            if row.target.method == method
        }
        cells = [
            None
            if study is None
            else study.find("wine", "spectrum", method, f"selected_{group}")
            for group in ("experts", "novices")
        ]
        if cells[0] is not None and cells[1] is not None:
            theirs = paper["experts"] / paper["novices"]
            ours = ratio(*paired(cells[0], cells[1]))
            traces[method] = [(method, theirs, ours)]
    return traces


def _drawing(
    name: str, title: str, caption: str, views: Mapping[str, Figure | None]
) -> Drawing | None:
    drawn = {label: view for label, view in views.items() if view is not None}
    return Drawing(name, title, caption, drawn) if drawn else None
