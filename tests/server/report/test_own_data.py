"""What contributors hold beside what weight they get."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl.run.reading import load_run
from server.report.own_data import mean_weights, own_data_figure, own_data_table
from server.report.page import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def held(recipe: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Write a run whose contributors gathered data of their own."""

    def write(holdings: dict[str, Any], **fields: Any) -> Any:
        folder = recipe(**fields).write(tmp_path / "run")
        path = folder / "summary.json"
        summary = json.loads(path.read_text())
        path.write_text(json.dumps(summary | {"holdings": holdings}))
        return load_run(folder)

    return write


def shares(names: list[str]) -> dict[str, Any]:
    return {
        name: {"samples": 10 * (i + 1), "errors": {"anml": 0.01 * i, "fedavg": 0.5}}
        for i, name in enumerate(names)
    }


def test_each_of_few_has_a_line_of_its_own(held: Callable[..., Any]) -> None:
    names = ["basel", "zurich", "bern", "chur"]
    run = held(shares(names), names=names, attackers=1, rounds=3)
    table = own_data_table(run)
    titles = [title for title, _ in table.columns]
    assert titles[:3] == ["Contributor", "Samples", "Mean q, anml"]
    assert "Weight, anml (%)" in titles
    assert [row[0] for row in table.rows] == ["◆ basel", "zurich", "bern", "chur"]
    assert [row[1] for row in table.rows] == ["10", "20", "30", "40"]
    column = titles.index("Its error, anml (%)")
    assert [row[column] for row in table.rows] == ["0.0", "1.0", "2.0", "3.0"]
    weights = mean_weights(run.lead)
    column = titles.index("Weight, anml (%)")
    assert [float(row[column]) for row in table.rows] == [
        pytest.approx(100 * weights[name], abs=0.051) for name in names
    ]


def test_many_are_grouped_by_how_their_names_begin(held: Callable[..., Any]) -> None:
    names = [f"student-{i:02d}" for i in range(15)] + [f"employee-{i:02d}" for i in range(15)]
    run = held(shares(names), names=names, attackers=0, rounds=2)
    table = own_data_table(run)
    assert [row[:3] for row in table.rows] == [
        ("student", "15", str(sum(10 * i for i in range(1, 16)))),
        ("employee", "15", str(sum(10 * i for i in range(16, 31)))),
    ]
    drawn = own_data_figure(run).groups["anml"][0].data
    assert drawn[0]["mode"] == "markers"  # thirty names would hide each other


def test_many_of_one_kind_have_lines_of_their_own(held: Callable[..., Any]) -> None:
    names = [f"annotator-{i:02d}" for i in range(25)]
    table = own_data_table(held(shares(names), names=names, attackers=0, rounds=2))
    assert [row[0] for row in table.rows] == names
    q = table.columns.index(("Mean q, anml", "number"))
    assert all(0 <= float(row[q]) <= 1 for row in table.rows)


def test_marks_stand_at_share_and_weight(held: Callable[..., Any]) -> None:
    names = ["a", "b", "c", "d"]
    run = held(shares(names), names=names, attackers=2, rounds=4)
    honest, attackers, line = own_data_figure(run).groups["anml"][0].data
    assert attackers["text"] == ["a", "b"]
    assert honest["x"] == [30.0, 40.0]
    weights = mean_weights(run.lead)
    assert honest["y"] == [pytest.approx(100 * weights[n], rel=1e-5) for n in ("c", "d")]
    assert line["x"] == line["y"]


def test_rules_without_weights_are_left_out(held: Callable[..., Any]) -> None:
    names = ["a", "b", "c", "d"]
    run = held(shares(names), names=names, rounds=2, weightless=("fedavg",))
    assert "fedavg" not in own_data_figure(run).groups
    assert "Weight, fedavg (%)" not in dict(own_data_table(run).columns)
    assert all(math.isnan(w) for w in mean_weights(run.strategies[0]).values())


def test_the_page_has_the_section_only_where_data_are_somebodys(
    held: Callable[..., Any], recipe: Callable[..., Any], tmp_path: Path
) -> None:
    names = ["a", "b", "c", "d"]
    assert "Who gathered what" in render(held(shares(names), names=names, rounds=2))
    assert "Who gathered what" not in render(load_run(recipe().write(tmp_path / "other")))


def test_holdings_of_strangers_are_refused(held: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="holdings name 'x', who is no contributor"):
        held(shares(["x"]), rounds=2)


def test_holdings_of_another_kind_are_refused(held: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"holdings\.a\.samples"):
        held({"a": {"samples": "many"}}, names=["a", "b"], rounds=2)


def test_the_page_says_who_was_left_out(recipe: Callable[..., Any], tmp_path: Path) -> None:
    config = 'name = "demo"\n\n[federation]\nleave_out = "va"\n'
    assert "by the settings: va." in render(
        load_run(recipe(config=config).write(tmp_path / "a"))
    )
    assert "by the settings: va" not in render(load_run(recipe().write(tmp_path / "b")))
