from __future__ import annotations

import math
from typing import Any

import pytest

from studies.reproduction.comparison import Row
from studies.reproduction.document import Grid
from studies.reproduction.intervals import Estimate
from studies.reproduction.numbers import interval, p_value, plain
from studies.reproduction.results import Study
from studies.reproduction.settings import differences, settings_blocks
from studies.reproduction.tables import (
    comparison_table,
    metric_table,
    overview,
    signed,
    variant_overview,
    variant_table,
)
from studies.reproduction.targets import TABLES, Target, load_targets
from studies.reproduction.verdicts import Verdict

REPRODUCED, SAME, NOT, MISSING = Verdict


def _row(method: str, verdict: Verdict, variant: str = "") -> Row:
    target = Target("12", "wine", "fraction=1.00", method, "error_pct", 10.4, 9.4, 11.4, 30)
    ours = None if verdict is MISSING else Estimate(12.0, 11.0, 13.0, 30)
    return Row(target, ours, verdict, variant)


def test_a_row_has_both_values_with_their_intervals_and_the_difference() -> None:
    table = comparison_table([_row("krum", NOT), _row("anml", MISSING)])
    assert [title for title, _ in table.columns] == [
        "Condition", "Method", "Verdict", "Paper, error (%)", "Ours [95 % interval]",
        "Difference",
    ]  # fmt: skip
    assert table.rows[0] == (
        "fraction=1.00", "krum", "○ not reproduced", "10.4 [9.4, 11.4]",
        "12.0 [11.0, 13.0]", "+1.6",
    )  # fmt: skip
    assert table.rows[1][2:] == ("– not run", "10.4 [9.4, 11.4]", "—", "—")


def test_the_overview_counts_and_adds_up() -> None:
    compared = {"7": [_row("a", REPRODUCED), _row("b", SAME)], "12": [_row("c", NOT)]}
    table = overview(compared, {"7": "main", "12": "data"})
    assert table.rows == (
        ("Table 7", "main", "2", "1", "1", "0", "0"),
        ("Table 12", "data", "1", "0", "0", "1", "0"),
        ("All", "", "3", "1", "1", "1", "0"),
    )
    assert [table.link(row) for row in range(3)] == ["table-7", "table-12", ""]


def test_variants_say_what_they_reproduce_beyond_the_default() -> None:
    default = [_row("krum", REPRODUCED), _row("anml", NOT)]
    others = {
        "fit=0": [_row("krum", NOT, "fit=0"), _row("anml", REPRODUCED, "fit=0")],
        "fit=50": [_row("krum", REPRODUCED, "fit=50")],
    }
    table = variant_table(default, others)
    assert table.rows == (
        ("(default)", "2", "1", "0", "1", ""),
        ("fit=0", "2", "1", "0", "1", "wine fraction=1.00 anml error (%)"),
        ("fit=50", "1", "1", "0", "0", "nothing"),
    )
    summary = variant_overview({"7": [], "12": default}, {"7": {}, "12": others})
    assert [title for title, _ in summary.columns] == ["Table", "(default)", "fit=0", "fit=50"]
    assert summary.rows == (("Table 12", "1 of 2", "1 of 2", "1 of 1"),)


def test_a_metrics_table_has_gaps_where_nothing_was_measured(made: Any) -> None:
    study = made(own=[
        ("wine", "a", "krum", "error", [0.1, 0.1]),
        ("wine", "b", "q*v", "error", [0.25]),
        ("wine", "a", "krum", "seconds", [1234.5]),
    ])["own"]  # fmt: skip
    table = metric_table(study, "error")
    assert table.titles == ("Data set", "error (%) under", "krum*", "q*v*")
    assert [title for title, _ in table.columns][3] == "q*v"
    assert table.rows == (
        ("wine", "a", "10.0 [10.0, 10.0]", "—"),
        ("wine", "b", "—", "25.0"),
    )
    assert metric_table(study, "seconds").rows == (("wine", "a", "1,234"),)


def test_numbers_as_text() -> None:
    assert plain(-0.04, 1) == "0.0"
    assert plain(-0.06, 1) == "-0.1"
    assert interval(Estimate(0.5, math.nan, math.nan, 1), 1) == "0.5"
    assert (signed(0.04, 1), signed(0.06, 1), signed(math.nan, 1)) == ("0.0", "+0.1", "—")
    assert p_value(0.00012) == "0.00012"


def _study(name: str, *recipes: dict[str, Any], **about: Any) -> Study:
    variants = [{"condition": f"c{i}", "recipe": one} for i, one in enumerate(recipes)]
    return Study(name, {}, {**about, "variants": {"wine": variants}})


def test_settings_tell_the_usual_from_what_differs() -> None:
    usual = {"fit": 200, "rho": None}
    studies = {
        "a": _study("a", usual, usual, code="f" * 64, seed=3, command="anml study run a"),
        "b": _study("b", {"fit": 50, "rho": None}, trials={"wine": 30, "adult": 2}),
    }
    found = differences(studies["b"], studies)
    assert found == Grid(("Condition", "Beside the recipe"), (("c0", "fit = 50"),))
    assert differences(Study("c", {}, {}), studies) is None
    blocks = settings_blocks(studies)
    grids = [block for block in blocks if isinstance(block, Grid)]
    runs = next(grid for grid in grids if grid.titles[0] == "Study")
    assert runs.rows == (
        ("a", "—", "—", "3", "f" * 12, "anml study run a"),
        ("b", "—", "wine 30, adult 2", "—", "—", "—"),
    )
    assert grids[-1].rows == (
        ("fit", "200", "Epochs before q is taken."),
        ("rho", "—", "Of `correlated`: how often s is the truth."),
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_figures(table: str) -> None:
    assert any(target.table == table for target in load_targets())


def test_the_papers_figures_are_read_as_they_stand() -> None:
    first = load_targets()[0]
    assert (first.table, first.value, first.low, first.high) == ("7", 26.0, 24.4, 27.5)
    assert first.half_width == pytest.approx(1.55)
    assert load_targets()[5].half_width == 0


def test_many_methods_stand_below_each_other(made: Any) -> None:
    names = [f"m{i}" for i in range(9)]
    rows = [("wine", "a", n, "error", [0.1 * i, 0.1 * i]) for i, n in enumerate(names)]
    rows.append(("wine", "b", "m1", "error", [0.5, 0.5]))
    study = made(annotators=rows)["annotators"]
    table = metric_table(study, "error")
    assert [title for title, _ in table.columns] == ["error (%) under", "wine, a", "wine, b"]
    assert [row[0] for row in table.rows] == names
    assert table.rows[1][1:] == ("10.0 [10.0, 10.0]", "50.0 [50.0, 50.0]")
    assert table.rows[2][2] == "—"
    few = metric_table(made(overhead=rows[:8])["overhead"], "error")
    assert len(few.rows) == 1
