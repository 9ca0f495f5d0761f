"""Two levels of attribution: ratios, their correlation with detectability, and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
import pytest

from studies.reproduction import claims_contributors
from studies.reproduction.contribution_values import contribution_values
from studies.reproduction.contributor_figures import contributor_figure
from studies.reproduction.curves import curves
from studies.reproduction.figure_5 import correlation, figure_5, sweep_table, sweeps
from studies.reproduction.turning_points import turning_points

if TYPE_CHECKING:
    from collections.abc import Callable

NONE = np.array([0.40, 0.44, 0.42, 0.38, 0.40, 0.41])
NOISE = np.array([1.0, -1.0, 2.0, 0.0, -1.0, -1.0]) / 1000


def mixture(
    subtle: float, seen: float, sample: float, contributor: float, rest: str = "", n: int = 6
) -> list[Any]:
    """Rows of a mixture whose levels leave shares of the error without defence."""
    condition = f"subtle={subtle:g}{rest}"
    errors = {
        "uniform": NONE,
        "loss": sample * NONE + NOISE,
        "loss@contributors": contributor * NONE - NOISE,
    }
    rows = [("digits", condition, m, "error", values[:n]) for m, values in errors.items()]
    return [
        *rows,
        ("digits", condition, "loss", "detectability", np.full(n, seen) + NOISE[:n]),
    ]


def test_the_ratio_is_that_of_improvements_over_the_same_error(
    made: Callable[..., Any],
) -> None:
    rows = mixture(100, 0.3, 0.8, 0.2) + mixture(0, 0.8, 0.5, 0.25)
    ((dataset, rest, points),) = sweeps(made(table_16=rows)["table-16"])
    assert (dataset, rest) == ("digits", "")
    assert [point.subtle for point in points] == [0, 100]
    first, last = points
    u, s, c = NONE.mean(), (0.8 * NONE + NOISE).mean(), (0.2 * NONE - NOISE).mean()
    assert last.advantage.value == pytest.approx((u - c) / (u - s))
    assert last.sample.value == pytest.approx(100 * (1 - s / u))
    assert last.contributor.value == pytest.approx(100 * (1 - c / u))
    assert last.detectability.value == pytest.approx(0.3, abs=1e-3)
    assert first.advantage.low < first.advantage.value < first.advantage.high


def test_the_correlation_is_over_mixtures(made: Callable[..., Any]) -> None:
    rows = [row for k in range(5) for row in mixture(25 * k, 0.8 - k / 10, 0.4 + k / 10, 0.2)]
    rows += mixture(0, 0.5, 0.5, 0.5, ";pairs=confusion")
    study = made(table_16=rows)["table-16"]
    found = {rest: points for _, rest, points in sweeps(study)}
    r, p = correlation(found[""])
    ratios = [point.advantage.value for point in found[""]]
    seen = [point.detectability.value for point in found[""]]
    assert r == pytest.approx(np.corrcoef(ratios, seen)[0, 1])
    assert r < -0.9
    assert p < 0.05
    assert np.isnan(correlation(found["pairs=confusion"])).all()
    table = sweep_table(study)
    assert len(table.rows) == 6
    assert [bool(row[-1]) for row in table.rows] == [False] * 4 + [True, True]
    assert claims_contributors.greater_where_hidden({"table-16": study}).holds is True


def test_figure_five_has_the_papers_points_where_they_are_the_papers(
    made: Callable[..., Any],
) -> None:
    rows = mixture(0, 0.8, 0.5, 0.2) + mixture(100, 0.3, 0.8, 0.2)
    rows += mixture(0, 0.8, 0.5, 0.2, ";pairs=confusion")
    drawing = figure_5(made(table_16=rows)["table-16"])
    assert drawing is not None
    data, _ = drawing.views["Improvement: digits, as in the paper"]
    assert {trace["name"]: trace["y"] for trace in data}["sample, paper"] == [57.5, 16.7]
    assert len(drawing.views["Improvement: digits, pairs=confusion"][0]) == 2
    scatter, _ = drawing.views["Advantage: digits, as in the paper"]
    theirs = next(trace for trace in scatter if trace["name"].startswith("paper"))
    assert theirs["y"] == [
        pytest.approx(74.3 / 57.5, rel=1e-5),
        pytest.approx(87.8 / 16.7, rel=1e-5),
    ]
    for data, layout in drawing.views.values():
        go.Figure({"data": data, "layout": layout})
    assert figure_5(None) is None


def test_the_contributor_level_must_be_better_everywhere(made: Callable[..., Any]) -> None:
    better = mixture(0, 0.8, 0.5, 0.2)
    claim = claims_contributors.always_greater
    assert claim(made(table_16=better)).holds is True
    # Where the sample level does harm there is no ratio, and the other is better all the same.
    found = claim(made(table_16=better + mixture(100, 0.3, 1.1, 0.1)))
    assert found.holds is True
    assert "the ratio is defined in 1 of 2 mixtures, from 1.6 to 1.6" in found.text
    found = claim(made(table_16=better + mixture(50, 0.5, 0.3, 0.5)))
    assert found.holds is False
    assert "better in 1 of 2 mixtures" in found.text
    assert "digits, as in the paper, 50 % subtle: by -8" in found.text
    # Harm at both levels is no improvement, though one is worse than the other.
    assert claim(made(table_16=mixture(0, 0.8, 1.5, 1.2))).holds is False
    assert claim(made(table_16=mixture(0, 0.8, 0.5, 0.2, n=4))).holds is None


def test_no_improvement_has_no_multiple(made: Callable[..., Any]) -> None:
    rows = [row for k in range(4) for row in mixture(25 * k, 0.8 - k / 10, 0.4 + k / 10, 0.2)]
    rows += mixture(100, 0.3, 1.0, 0.2)
    study = made(table_16=rows)["table-16"]
    ((_, _, points),) = sweeps(study)
    assert [np.isfinite(one.advantage.value) for one in points] == [True] * 4 + [False]
    kept = [one for one in points if np.isfinite(one.advantage.value)]
    assert correlation(points) == correlation(kept)
    assert sweep_table(study).rows[-1][-1].endswith("over 4 of 5)")
    assert sweep_table(study).rows[-1][-2] == "—"


@pytest.mark.parametrize(("error", "holds"), [(1.0, True), (1.2, True), (0.5, False)])
def test_evenly_spread_corruption_is_nobodys(
    made: Callable[..., Any], error: float, holds: bool
) -> None:
    rows = [
        ("digits", "spread=0.4", "uniform", "error", NONE),
        ("digits", "spread=0.4", "loss@contributors", "error", error * NONE + NOISE),
        ("digits", "contributors=5", "uniform", "error", NONE),
        ("digits", "contributors=5", "loss@contributors", "error", 0.1 * NONE),
    ]
    assert claims_contributors.useless_where_even(made(contributor_curves=rows)).holds is holds


def test_curves_are_drawn_over_the_number_that_conditions_name(
    made: Callable[..., Any],
) -> None:
    rows = [
        ("digits", f"alpha={alpha};attackers=3", "anml", "error", NONE * k)
        for k, alpha in enumerate(("inf", "1", "0.1"), start=1)
    ]
    rows.append(("digits", "other=1", "anml", "error", NONE))
    study = made(contributor_skew=rows)["contributor-skew"]
    (figure,) = curves(study, "alpha", "alpha").values()
    assert figure is not None
    (trace,) = figure[0]
    assert trace["name"] == "anml, attackers=3"
    assert trace["x"] == [0.1, 1.0, np.inf]
    drawn = contributor_figure(study)
    assert drawn is not None
    ((data, layout),) = drawn.views.values()
    assert data[0]["x"] == ["0.1", "1", "even"]
    assert layout["xaxis"]["type"] == "category"
    go.Figure({"data": data, "layout": layout})
    assert contributor_figure(made(overhead=rows)["overhead"]) is None


def test_a_rule_turns_where_it_is_worse_from_there_on_down(made: Callable[..., Any]) -> None:
    worse, level, better = 0.1 + NOISE, 10 * NOISE - 0.001, -0.1 + NOISE
    curves_of = {
        "anml": (better, worse, worse),
        "median": (worse, level, worse),
        "krum": (worse, worse, worse),
        "oracle": (better, better, better),
    }
    rows = [
        ("digits", f"alpha={alpha};attackers=3", rule, "error_above_fedavg", values)
        for rule, each in curves_of.items()
        for alpha, values in zip(("inf", "1", "0.1"), each, strict=True)
    ]
    table = turning_points(made(contributor_skew=rows)["contributor-skew"])
    assert table is not None
    assert {row[1]: row[2] for row in table.rows} == {
        "anml": "1",
        "median": "0.1",
        "krum": "even data",
        "oracle": "nowhere",
    }
    assert {row[1]: row[3][:4] for row in table.rows}["anml"] == "10.0"
    other = [("digits", "beta=1", "anml", "error", NONE)]
    assert turning_points(made(overhead=other)["overhead"]) is None


def test_weights_stand_beside_what_contributors_are_worth(made: Callable[..., Any]) -> None:
    rows = []
    for name, worth, weight in (("a", 0.01, 0.7), ("b", 0.03, 0.2), ("c", 0.02, 0.1)):
        rows += [
            ("hearts", "fraction=1", "leave_one_out", f"worth_{name}", worth + NOISE),
            ("hearts", "fraction=1", "anml", f"weight_{name}", weight + NOISE),
            ("hearts", "leave_out=c", "anml", f"weight_{name}", 0.5 + NOISE),
        ]
    table = contribution_values(made(hospitals=rows)["hospitals"])
    assert table is not None
    assert [row[0] for row in table.rows] == ["b", "c", "a"]
    assert [row[1][:3] for row in table.rows] == ["3.0", "2.0", "1.0"]
    assert [row[2].split()[0] for row in table.rows] == ["20", "10", "70"]
    assert [title for title, _ in table.columns][2:] == ["Weight (%), anml, fraction=1"]
    assert contribution_values(made(overhead=rows[1:3])["overhead"]) is None
