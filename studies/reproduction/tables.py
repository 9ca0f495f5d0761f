"""The report's tables: rows of text from comparisons, tests and cells."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from studies.reproduction.document import Grid
from studies.reproduction.intervals import mean
from studies.reproduction.numbers import (
    digits_of,
    interval,
    is_share,
    p_value,
    plain,
    unit_of,
)
from studies.reproduction.targets import label_of, study_of
from studies.reproduction.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from studies.reproduction.comparison import Row
    from studies.reproduction.results import Cell, Study
    from studies.reproduction.significance import Comparison

MARKS = {
    Verdict.REPRODUCED: "● reproduced",
    Verdict.SAME_DIRECTION: "◐ same direction",
    Verdict.NOT_REPRODUCED: "○ not reproduced",
    Verdict.NOT_RUN: "– not run",
}
"""A shape before each word, so that no colour is needed."""

_METRICS = {
    "error_pct": "error (%)",
    "abs_rho_d": "|rho_d|",
    "improvement_pct": "improvement over no defence (%)",
    "improvement_vs_krum_pct": "improvement over Krum (%)",
    "cohens_d_vs_krum": "Cohen's d against Krum",
    "selected_clean_pct": "clean among the selected (%)",
    "selected_pct": "selected of the group (%)",
    "rho_c": "rho_c",
    "worst_case_improvement_pct": "worst improvement over Krum (%)",
    "best_case_improvement_pct": "best improvement over Krum (%)",
}


_MANY = 8  # methods, which side by side would be too wide to read


def verdict_counts(rows: Sequence[Row]) -> Counter[Verdict]:
    """Count the verdicts."""
    return Counter(row.verdict for row in rows)


def overview(compared: Mapping[str, Sequence[Row]], titles: Mapping[str, str]) -> Grid:
    """Count the verdicts of each table, and of all.

    Parameters
    ----------
    compared : mapping of str to sequence of Row
        By table.
    titles : mapping of str to str
        What the tables are about.

    Returns
    -------
    Grid
        One row a table, which links to its section, then the sum.
    """
    lines = [
        (label_of(table), titles[table], *_counted(rows)) for table, rows in compared.items()
    ]
    everything = [row for rows in compared.values() for row in rows]
    lines.append(("All", "", *_counted(everything)))
    heads = (
        "Table",
        "About",
        "Figures*",
        *(f"{verdict.capitalize()}*" for verdict in Verdict),
    )
    return Grid(heads, tuple(lines), (*map(study_of, compared), ""))


def comparison_table(rows: Sequence[Row]) -> Grid:
    """Set the paper's figures beside ours.

    Returns
    -------
    Grid
        One row a figure, in the paper's order.
    """
    datasets = len({row.target.dataset for row in rows}) > 1
    metrics = len({row.target.metric for row in rows}) > 1
    lines = []
    for row in rows:
        target, digits = row.target, digits_of(row.target.metric)
        paper = plain(target.value, digits)
        if target.low is not None and target.high is not None:
            paper += f" [{plain(target.low, digits)}, {plain(target.high, digits)}]"
        ours, gap = "—", "—"
        if row.ours is not None:
            ours = interval(row.ours, digits)
            gap = signed(row.ours.value - target.value, digits)
        lines.append(
            (
                *((target.dataset,) if datasets else ()),
                target.condition,
                target.method,
                # Before the figures, or a narrow screen would cut it off.
                MARKS[row.verdict],
                *((_METRICS.get(target.metric, target.metric),) if metrics else ()),
                paper,
                ours,
                gap,
            )
        )
    one = "" if metrics or not rows else f", {_METRICS.get(rows[0].target.metric, '')}"
    heads = (
        *(("Data set",) if datasets else ()),
        "Condition",
        "Method",
        "Verdict",
        *(("Figure",) if metrics else ()),
        f"Paper{one}*",
        "Ours [95 % interval]*",
        "Difference*",
    )
    return Grid(heads, tuple(lines))


def variant_table(default: Sequence[Row], others: Mapping[str, Sequence[Row]]) -> Grid:
    """Say how each variant of the recipe fares, and what it reproduces beyond the default.

    Parameters
    ----------
    default : sequence of Row
    others : mapping of str to sequence of Row
        By variant.

    Returns
    -------
    Grid
        One row a variant, the default first.
    """
    missed = {
        _name(row)
        for row in default
        if row.verdict in (Verdict.SAME_DIRECTION, Verdict.NOT_REPRODUCED)
    }
    lines = [("(default)", *_counted(default)[:4], "")]
    for variant, rows in others.items():
        gained = [
            _name(row)
            for row in rows
            if row.verdict is Verdict.REPRODUCED and _name(row) in missed
        ]
        lines.append((variant, *_counted(rows)[:4], "; ".join(gained) or "nothing"))
    heads = (
        "Variant",
        "Figures*",
        "Reproduced*",
        "Same direction*",
        "Not reproduced*",
        "Reproduces what the default does not",
    )
    return Grid(heads, tuple(lines))


def variant_overview(
    compared: Mapping[str, Sequence[Row]], others: Mapping[str, Mapping[str, Sequence[Row]]]
) -> Grid:
    """Say which table needs which variant of the recipe: reproduced figures of compared ones.

    Parameters
    ----------
    compared : mapping of str to sequence of Row
        At the defaults, by table.
    others : mapping of str to mapping of str to sequence of Row
        By table and variant.

    Returns
    -------
    Grid
        One row a table, one column a variant.
    """
    names = list(dict.fromkeys(name for by_name in others.values() for name in by_name))
    lines = []
    for table, by_name in others.items():
        if not by_name:
            continue
        cells = [
            _share_reproduced(rows)
            for rows in (compared[table], *(by_name.get(name, ()) for name in names))
        ]
        lines.append((label_of(table), *cells))
    heads = ("Table", "(default)*", *(f"{name}*" for name in names))
    links = tuple(study_of(table) for table, by_name in others.items() if by_name)
    return Grid(heads, tuple(lines), links)


def significance_table(found: Sequence[Comparison]) -> Grid:
    """List the tests against Krum.

    Returns
    -------
    Grid
        One row a comparison; differences of errors in percentage points.
    """
    lines = [
        (
            one.dataset,
            one.condition,
            one.method,
            interval(one.difference.times(100 if one.metric == "error" else 1), 2),
            interval(one.d, 2),
            p_value(one.normality),
            one.test,
            p_value(one.p),
            p_value(one.holm),
        )
        for one in found
    ]
    heads = (
        "Data set",
        "Condition",
        "Method",
        "Krum - method [95 % interval]*",
        "Cohen's d [95 % interval]*",
        "Shapiro-Wilk p*",
        "Test",
        "p*",
        "p (Holm)*",
    )
    return Grid(heads, tuple(lines))


def metric_table(study: Study, metric: str) -> Grid:
    """Show a metric of a study: mean and interval, condition by method.

    Returns
    -------
    Grid
        One row a data set and condition, one column a method; of many methods in few
        conditions, one row a method.
    """
    settings = list(study.settings_of(metric))
    methods = list(dict.fromkeys(method for *_, cells in settings for method in cells))
    factor, digits = (100.0 if is_share(metric) else 1.0), digits_of(metric)

    def shown(cells: Mapping[str, Cell], method: str) -> str:
        if method not in cells:
            return "—"
        return interval(mean(cells[method].values).times(factor), digits)

    unit = unit_of(metric)
    title = f"{metric} ({unit})" if unit not in ("", metric) else metric
    if len(methods) > _MANY and len(settings) < len(methods):
        columns = [f"{dataset}, {condition}*" for dataset, condition, _ in settings]
        rows = (
            (method or "—", *(shown(cells, method) for *_, cells in settings))
            for method in methods
        )
        return Grid((f"{title} under", *columns), tuple(rows))
    lines = (
        (dataset, condition or "—", *(shown(cells, method) for method in methods))
        for dataset, condition, cells in settings
    )
    heads = ("Data set", f"{title} under", *(f"{m or '—'}*" for m in methods))
    return Grid(heads, tuple(lines))


def signed(value: float, digits: int | None) -> str:
    """Write a difference with its sign.

    Parameters
    ----------
    value : float
    digits : int or None
        As for `plain`.

    Examples
    --------
    >>> signed(0.25, 1), signed(-0.01, 1)
    ('+0.2', '0.0')
    """
    text = plain(value, digits)
    positive = math.isfinite(value) and value > 0 and any(c in text for c in "123456789")
    return f"+{text}" if positive else text


def _counted(rows: Sequence[Row]) -> tuple[str, ...]:
    counts = verdict_counts(rows)
    return (str(len(rows)), *(str(counts[verdict]) for verdict in Verdict))


def _share_reproduced(rows: Sequence[Row]) -> str:
    run = [row for row in rows if row.verdict is not Verdict.NOT_RUN]
    if not run:
        return "—"
    return f"{verdict_counts(run)[Verdict.REPRODUCED]} of {len(run)}"


def _name(row: Row) -> str:
    target = row.target
    figure = _METRICS.get(target.metric, target.metric)
    return f"{target.dataset} {target.condition} {target.method} {figure}"
