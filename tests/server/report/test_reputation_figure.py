"""Reputation by round: where it is drawn, for whom, and with which values."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import pytest

from anml_fl.page import theme
from anml_fl.run.reading import load_run
from server.report.page import write_report
from server.report.reputation_figure import MOST_LINES, reputation, weight_curves

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anml_fl import RoundRecord

NAMES = ["on", "turned", "a", "b", "c"]
KINDS = {"on": "on_off", "turned": "turncoat"}
# Honest a, b, c: medians 0.5, 0.6 and, without c, (0.5 + 0.8) / 2.
R = {
    "on": (0.4, 0.3, 0.2),
    "turned": (0.9, 0.8, 0.1),
    "a": (0.5, 0.4, 0.5),
    "b": (0.6, 0.7, 0.8),
    "c": (0.2, 0.6, math.nan),
}
WEIGHT = {"on": 0.1, "turned": 0.3, "a": 0.2, "b": 0.15, "c": 0.25}


def moving(record: RoundRecord) -> RoundRecord:
    people = tuple(
        replace(
            one,
            r=R[one.contributor][record.round - 1],
            weight=WEIGHT[one.contributor],
            reason=None,
        )
        for one in record.contributors
    )
    return replace(record, contributors=people)


def still(record: RoundRecord) -> RoundRecord:
    people = tuple(replace(one, r=0.4) for one in record.contributors)
    return replace(record, contributors=people)


@pytest.fixture
def run(recipe: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Write and load a run of five contributors and three rounds."""

    def make(**more: Any) -> Any:
        settings: dict[str, Any] = {
            "names": NAMES,
            "attackers": 0,
            "kinds": KINDS,
            "rounds": 3,
            "strategies": {"fedavg": 0.2, "anml": 0.1},
            "change": moving,
        }
        return load_run(recipe(**settings | more).write(tmp_path / "run"))

    return make


def lines(plot: Any, group: str = "anml") -> dict[str, Any]:
    ((view),) = plot.groups[group]
    return {trace["name"]: trace for trace in view.data}


def test_a_line_each_for_who_is_not_honest_and_one_for_the_honest(
    run: Callable[..., Any],
) -> None:
    plot = reputation(run())
    drawn = lines(plot)
    assert {name: trace["y"] for name, trace in drawn.items()} == {
        "honest (median of 3)": [0.5, 0.6, 0.65],
        "on_off: on": list(R["on"]),
        "turncoat: turned": list(R["turned"]),
    }
    assert all(trace["x"] == [1, 2, 3] for trace in drawn.values())
    assert plot.chosen == "anml"
    ends = {(t["line"]["color"], t["line"]["dash"]) for t in drawn.values()}
    assert len(ends) == 3
    assert (
        drawn["honest (median of 3)"]["line"]["width"] > drawn["on_off: on"]["line"]["width"]
    )


def test_the_weights_of_the_same_stand_beside_in_percent(run: Callable[..., Any]) -> None:
    loaded = run()
    drawn = lines(weight_curves(loaded))
    assert list(drawn) == list(lines(reputation(loaded)))
    # The median of 20, 15 and 25 %.
    assert {name: trace["y"][0] for name, trace in drawn.items()} == pytest.approx(
        {"honest (median of 3)": 20, "on_off: on": 10, "turncoat: turned": 30}
    )


def test_it_is_drawn_only_where_reputation_moved(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    assert reputation(run(change=still)) is None
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "<h2>Reputation</h2>" not in page
    assert "data-reputation" not in page


def test_a_strategy_in_which_none_moved_has_no_group(run: Callable[..., Any]) -> None:
    plot = reputation(run(change=lambda x: moving(x) if x.strategy == "fedavg" else still(x)))
    assert (list(plot.groups), plot.chosen) == (["fedavg"], "fedavg")


def test_the_page_has_both_curves(run: Callable[..., Any], tmp_path: Path) -> None:
    run()
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "<h2>Reputation</h2>" in page
    assert 'id="data-reputation"' in page
    assert 'id="data-reputation-weights"' in page


def test_of_very_many_there_is_one_of_each_kind_first(run: Callable[..., Any]) -> None:
    kinds = {
        f"{kind}{i:02d}": kind for kind in ("joint", "sybil", "turncoat") for i in range(9)
    }
    kinds = dict(reversed(kinds.items())) | {"z": "late"}

    def change(record: RoundRecord) -> RoundRecord:
        people = (replace(x, r=record.round / 10) for x in record.contributors)
        return replace(record, contributors=tuple(people))

    names = [*kinds, "honest"]
    drawn = lines(reputation(run(names=names, kinds=kinds, change=change)))
    assert len(drawn) == 1 + MOST_LINES
    counts = Counter(name.partition(":")[0] for name in drawn)
    assert counts == {
        "honest (median of 1)": 1,
        "joint": 4,
        "sybil": 4,
        "turncoat": 3,
        "late": 1,
    }
    looks = {(t["line"]["color"], t["line"]["dash"]) for t in drawn.values()}
    assert len(looks) == len(drawn)


def test_without_honest_ones_there_is_no_median(run: Callable[..., Any]) -> None:
    drawn = lines(reputation(run(kinds=dict.fromkeys(NAMES, "joint"))))
    assert sorted(drawn) == [f"joint: {name}" for name in sorted(NAMES)]
    assert drawn["joint: c"]["y"] == [0.2, 0.6, None]


@pytest.mark.parametrize("settings", [{}, {"kinds": {}}, {"kinds": {"on": "</script><b>"}}])
def test_plotly_accepts_the_figures(run: Callable[..., Any], settings: dict[str, Any]) -> None:
    loaded = run(**settings)
    for plot in (reputation(loaded), weight_curves(loaded)):
        for ((view),) in plot.groups.values():
            for side in (theme.LIGHT, theme.DARK):
                # Raises for a property or a value that plotly does not know.
                layout = {**view.layout, "template": theme.template(side)}
                go.Figure({"data": view.data, "layout": layout})
            for axis in ("xaxis", "yaxis"):
                assert view.layout[axis]["title"]["text"]
            assert not any("<" in trace["name"] for trace in view.data)
