"""Whether joining is worth it, on the page."""

from __future__ import annotations

import plotly.graph_objects as go

from anml_fl.run.worth import LeftOut, Scores, Worth, site_worth
from server.report.worth_figure import worth_figure, worth_notes, worth_table


def worth(people: int = 3, *, share: bool = True) -> Worth:
    sites = []
    for i in range(people):
        alone = (0.1 * i, 0.1 * i + 0.02, 0.1 * i + 0.01)
        joined = (0.2, 0.21, 0.205)
        models = tuple(Scores(one, one, one) for one in (alone, alone, joined))
        behaviour = "label_flip" if i == 1 else "honest"
        sites.append(site_worth(f"site-{i:03d}", behaviour, models, better="lower"))
    return Worth("anml", "error", "lower", share, 3, tuple(sites), (LeftOut(1, "<b>few</b>"),))


def test_marks_stand_at_the_gains_with_half_an_interval_each_side() -> None:
    plot = worth_figure(worth())
    view = plot.groups["anml"][0]
    go.Figure(data=view.data, layout=view.layout)  # plotly's own schema
    gains = view.data[0]
    # Alone less joined: .01 - .205, .11 - .205, .21 - .205.
    assert gains["x"] == [-19.5, -9.5, 0.5]
    # Differences of 0 and +-.005 about their mean: s = .005, half = 4.3027 s / sqrt 3.
    assert all(abs(half - 1.2421) < 1e-3 for half in gains["error_x"]["array"])
    assert view.layout["yaxis"]["ticktext"] == ["site-000", "◆ site-001", "site-002"]


def test_the_table_has_scores_gains_and_the_verdict() -> None:
    grid = worth_table(worth())
    row = dict(zip(grid.titles, grid.rows[0], strict=True))
    assert row["Contributor"] == "site-000"
    assert row["Alone: error (%)*"] == "1.0"
    assert row["Joined*"] == "20.5"
    assert row["Gain*"] == "−19.5 ± 1.2"
    assert row["Verdict"] == "joining costs"


def test_a_metric_of_its_own_unit_is_no_percentage() -> None:
    view = worth_figure(worth(share=False)).groups["anml"][0]
    assert view.data[0]["x"] == [-0.195, -0.095, 0.005]
    assert worth_table(worth(share=False)).rows[0][1] == "0.010"


def test_of_many_those_who_lose_and_gain_the_most_are_shown() -> None:
    grid = worth_table(worth(100))
    assert (len(grid.rows), grid.total) == (60, 100)
    assert grid.rows[0][0] == "site-000"
    assert grid.rows[-1][0] == "site-099"


def test_a_repeat_that_was_left_out_is_told() -> None:
    assert worth_notes(worth()) == ("Repeat 1 was left out: <b>few</b>",)
