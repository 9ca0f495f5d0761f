"""The paper's Figure 5: detectability, and what each level of attribution improves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from anml_fl.page import theme
from anml_fl.page.plot import number
from studies.reproduction.comparison import improvement_over
from studies.reproduction.conditions import value_of
from studies.reproduction.document import Drawing, Grid
from studies.reproduction.intervals import Estimate, mean, ratio
from studies.reproduction.numbers import interval, p_value, plain
from studies.reproduction.results import paired
from studies.reproduction.targets import load_targets
from studies.reproduction.traces import clipped, layout_of, traces_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from studies.reproduction.results import Study
    from studies.reproduction.traces import Figure, Point

_SAMPLE, _CONTRIBUTOR, _NONE = "loss", "loss@contributors", "uniform"


@dataclass(frozen=True, slots=True)
class Sweep:
    """One mixture: how detectable it is, and what either level improves.

    Parameters
    ----------
    subtle : float
        Share of the corruption that is subtle, in per cent.
    detectability : Estimate
        |rho_d|.
    sample, contributor : Estimate
        Improvement over no defence, in per cent.
    advantage : Estimate
        Contributor level's improvement over sample level's; undefined where the latter's
        interval does not lie above 0, since nothing can be a multiple of no improvement.
    lead : Estimate
        Error at sample level less that at contributor level, in points.
    """

    subtle: float
    detectability: Estimate
    sample: Estimate
    contributor: Estimate
    advantage: Estimate
    lead: Estimate


def sweeps(study: Study) -> Iterator[tuple[str, str, list[Sweep]]]:
    """Go through the sweeps over mixtures of obvious and subtle corruption.

    Parameters
    ----------
    study : Study
        Table 16's.

    Yields
    ------
    tuple of str, str and list
        Data set, what sets the sweep apart ("" for the paper's), and its points by rising
        share of subtle corruption.
    """
    found: dict[tuple[str, str], list[Sweep]] = {}
    for dataset, condition, cells in study.settings_of("error"):
        subtle = value_of(condition, "subtle")
        detectability = study.find(dataset, condition, _SAMPLE, "detectability")
        if (
            subtle is None
            or detectability is None
            or not {_SAMPLE, _CONTRIBUTOR, _NONE} <= set(cells)
        ):
            continue
        none, sample = paired(cells[_NONE], cells[_SAMPLE])
        _, contributor = paired(cells[_NONE], cells[_CONTRIBUTOR])
        rest = ";".join(p for p in condition.split(";") if not p.startswith("subtle="))
        gains = [
            improvement_over(study, dataset, condition, method, _NONE)
            for method in (_SAMPLE, _CONTRIBUTOR)
        ]
        if gains[0] is None or gains[1] is None:
            continue
        found.setdefault((dataset, rest), []).append(
            Sweep(
                subtle,
                mean(detectability.values),
                gains[0],
                gains[1],
                _advantage(gains[0], none - contributor, none - sample),
                mean(sample - contributor).times(100),
            )
        )
    for (dataset, rest), points in found.items():
        yield dataset, rest, sorted(points, key=lambda point: point.subtle)


def _advantage(
    gain: Estimate, above: NDArray[np.float64], below: NDArray[np.float64]
) -> Estimate:
    # (u - c) / (u - s): the ratio of two improvements over the same u.
    found = ratio(above, below)
    if gain.low > 0:
        return found
    return Estimate(math.nan, math.nan, math.nan, found.trials)


def correlation(points: Sequence[Sweep]) -> tuple[float, float]:
    """Correlate the ratio of improvements with |rho_d| over mixtures: Pearson's r, and p.

    Returns
    -------
    (float, float)
        Over those where there is a ratio; nan where these are fewer than three, or nothing
        varies.
    """
    x = np.array([point.detectability.value for point in points])
    y = np.array([point.advantage.value for point in points])
    finite = np.isfinite(x) & np.isfinite(y)
    if finite.sum() < 3 or np.ptp(x[finite]) == 0 or np.ptp(y[finite]) == 0:
        return float("nan"), float("nan")
    found = stats.pearsonr(x[finite], y[finite])
    return float(found.statistic), float(found.pvalue)


def sweep_table(study: Study) -> Grid:
    """List every sweep, and how its ratio goes with detectability.

    Returns
    -------
    Grid
        One row a mixture; the last of a sweep has its correlation.
    """
    rows = []
    for dataset, rest, points in sweeps(study):
        r, p = correlation(points)
        for point in points:
            last = point is points[-1]
            rows.append(
                (
                    dataset,
                    rest or "as in the paper",
                    plain(point.subtle, 0),
                    interval(point.detectability, 2),
                    interval(point.sample, 1),
                    interval(point.contributor, 1),
                    interval(point.advantage, 1),
                    f"{plain(r, 2)} (p {p_value(p)}, {_defined(points)})" if last else "",
                )
            )
    heads = (
        "Data set",
        "Version",
        "Subtle (%)*",
        "|rho_d|*",
        "Sample level (%)*",
        "Contributor level (%)*",
        "Ratio*",
        "r of ratio and |rho_d|*",
    )
    return Grid(heads, tuple(rows))


def _defined(points: Sequence[Sweep]) -> str:
    defined = sum(math.isfinite(point.advantage.value) for point in points)
    return f"over {defined} of {len(points)}"


def figure_5(study: Study | None) -> Drawing | None:
    """Draw Figure 5's three panels for every version.

    Parameters
    ----------
    study : Study or None
        Table 16's.
    """
    views: dict[str, Figure | None] = {}
    for dataset, rest, points in () if study is None else sweeps(study):
        name = f"{dataset}, {rest or 'as in the paper'}"
        paper = _paper() if dataset == "digits" and not rest else {}
        levels: dict[str, list[Point]] = {
            level: [
                (point.subtle, paper.get((level, point.subtle)), getattr(point, level))
                for point in points
            ]
            for level in ("detectability", "sample", "contributor")
        }
        views[f"Detectability: {name}"] = clipped(
            (
                traces_of({"|rho_d|": levels.pop("detectability")}, line=True),
                layout_of("Subtle share of the corruption (%)", "|rho_d|"),
            ),
            0.0,
            1.0,
        )
        views[f"Improvement: {name}"] = clipped(
            (
                traces_of(levels, line=True),
                layout_of("Subtle share of the corruption (%)", "Improvement (%)"),
            ),
            -150.0,
            100.0,
        )
        views[f"Advantage: {name}"] = _scatter(points, paper)
    drawn = {label: view for label, view in views.items() if view is not None}
    if not drawn:
        return None
    caption = (
        "The paper's Figure 5. Detectability is the rank correlation of per-sample loss and "
        "corruption; improvements are over no defence; the advantage is the ratio of both; "
        "there is none where the sample level does not help beyond its interval. "
        "Filled with bars: ours with its 95 % interval. Open: the paper's."
    )
    return Drawing("figure-5", "Figure 5: two levels of attribution", caption, drawn)


def _scatter(points: Sequence[Sweep], paper: dict[tuple[str, float], float]) -> Figure | None:
    r, p = correlation(points)
    theirs: list[Point] = [
        (
            paper["detectability", s],
            paper["contributor", s] / paper["sample", s],
            None,
        )
        for s in (point.subtle for point in points)
        if ("detectability", s) in paper
    ]
    ours: list[Point] = [
        (number(one.detectability.value) or 0.0, None, one.advantage)
        for one in points
        if math.isfinite(one.advantage.value)
    ]
    traces = traces_of({f"r = {plain(r, 2)} (p {p_value(p)})": ours}, line=False)
    for trace in traces_of({"": theirs}, line=False):
        marker = {**trace["marker"], "color": theme.GREY}
        traces.append({**trace, "name": "paper, r = -0.93", "marker": marker})
    return clipped((traces, layout_of("|rho_d|", "Ratio of improvements")), -2.0, 12.0)


def _paper() -> dict[tuple[str, float], float]:
    return {
        (target.method, value_of(target.condition, "subtle") or 0.0): target.value
        for target in load_targets()
        if target.table == "16"
    }
