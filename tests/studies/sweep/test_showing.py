"""What a sweep shows: words, tables and plots of results that were made up."""

from __future__ import annotations

import json
import math

import pyarrow.parquet as pq
import pytest
from scipy.stats import t

from studies.sweep.figures import by_seed, by_setting
from studies.sweep.grids import runs_grid, scores_grid
from studies.sweep.page import render
from studies.sweep.score_map import as_map
from studies.sweep.tables import write_tables
from studies.sweep.words import facts, headline, note

FIVE = [0.08, 0.09, 0.07, 0.085, 0.095]


def half(scores, ratio=0.0):
    mean = sum(scores) / len(scores)
    squares = sum((one - mean) ** 2 for one in scores) / (len(scores) - 1)
    error = math.sqrt(squares * (1 / len(scores) + ratio))
    return float(t.ppf(0.975, len(scores) - 1)) * error


def test_the_headline_of_repeats_has_the_interval_and_whom_it_beats(made):
    krum = [one + 0.05 + 0.001 * place for place, one in enumerate(FIVE)]
    fedavg = [0.02, 0.15, 0.03, 0.12, 0.10]
    found = made([], {(): {"fedavg": fedavg, "krum": krum, "calibrated": FIVE}})
    low, high = 8.4 - 100 * half(FIVE), 8.4 + 100 * half(FIVE)
    unit = "\N{NO-BREAK SPACE}%"
    said = headline(found)
    assert said.startswith(
        f"Test error: calibrated 8.4{unit} [{low:.1f}, {high:.1f}] over 5 seeds;"
    )
    assert "not shown to differ from fedavg (" in said
    assert "better than krum (+5.2 points [" in said


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.08], "calibrated 8.0 % over 1 seed, of which an interval takes 3"),
        ([0.08, 0.1], "calibrated 9.0 % over 2 seeds, of which an interval takes 3"),
        ([0.08, 0.08, 0.08], "calibrated 8.0 % each time over 3 seeds"),
        ([None, None, None], "No run has a tested model yet"),
    ],
)  # fmt: skip
def test_the_headline_never_says_more_than_there_is(made, scores, said):
    told = headline(made([], {(): {"calibrated": scores}}))
    assert said in told.replace("\N{NO-BREAK SPACE}", " ")


def test_the_headline_of_a_sweep_names_best_and_worst(made):
    by_alpha = {
        (0.2,): {"anml": [0.10, 0.12, 0.11]},
        (0.5,): {"anml": [0.05, 0.06, 0.07]},
        (0.8,): {"anml": [0.20, 0.22, 0.24]},
    }
    said = headline(made(["alpha=.2,.5,.8"], by_alpha))
    assert said.startswith("Test error of 3 settings: at best anml 6.0")
    assert "(alpha = 0.5), at worst anml 22.0" in said
    assert said.endswith("(alpha = 0.8).")
    # Of a score the highest is the best.
    said = headline(made(["alpha=.2,.5,.8"], by_alpha, metric="accuracy"))
    assert said.startswith("Test accuracy of 3 settings: at best anml 22.0")
    same = {alpha: {"anml": [0.1, 0.2, 0.3]} for alpha in by_alpha}
    said = headline(made(["alpha=.2,.5,.8"], same))
    assert said.startswith(
        "Test error of 3 settings: the same mean under each, such as anml 20.0"
    )
    del by_alpha[0.2,], by_alpha[0.5,]
    said = headline(made(["alpha=.2,.5,.8"], {(0.8,): by_alpha[0.8,]}))
    assert said.startswith("Test error of 1 of 3 settings: anml 22.0")


def test_rows_that_each_seed_splits_anew_widen_the_interval(made):
    found = made([], {(): {"anml": FIVE}}, ratio=0.25)
    wide = 100 * half(FIVE, 0.25)
    assert f"[{8.4 - wide:.1f}, {8.4 + wide:.1f}]" in headline(found)
    assert "Nadeau and Bengio" in note(found)


def test_runs_of_other_code_are_told_and_not_counted(made):
    found = made([], {(): {"anml": FIVE}}, code=lambda seed: "old" if seed == 0 else "new")
    assert "over 4 seeds" in headline(found)
    assert "another version of the code made them: seed-0" in note(found)


def test_no_interval_of_an_error_goes_beyond_what_an_error_can_be(made):
    found = made([], {(): {"anml": [0.0, 0.1, 0.5]}})
    high = 100 * (0.2 + half([0.0, 0.1, 0.5]))
    assert f"[0.0, {high:.1f}]" in headline(found)
    drawn = by_seed(found)
    assert drawn is not None
    bars = drawn.groups["all"][0].data[1]["error_y"]
    assert bars["array"] == [pytest.approx(high - 20, rel=1e-5)]
    assert bars["arrayminus"] == [20.0]


def test_differences_to_the_first_setting_are_paired_by_seed(made):
    first, second = [0.30, 0.20, 0.10], [0.25, 0.16, 0.04]
    found = made(["alpha=.2,.5"], {(0.2,): {"anml": first}, (0.5,): {"anml": second}})
    (ours,) = found.under[1].scores
    gains = [0.05, 0.04, 0.06]
    assert ours.against_first is not None
    assert ours.against_first.mean == pytest.approx(0.05)
    assert ours.against_first.high - 0.05 == pytest.approx(half(gains))
    grid = scores_grid(found)
    assert grid.columns[-1] == ("Better than with the first setting by (points)", "number")
    assert [row[-1] for row in grid.rows] == [
        "—",
        f"+5.0 [+{5 - 100 * half(gains):.1f}, +{5 + 100 * half(gains):.1f}]",
    ]


def test_what_has_not_ended_or_failed_is_counted_and_told(made):
    found = made([], {(): {"anml": FIVE}}, failed={"seed-3": "ValueError: <b>of no use</b>"})
    assert "1 setting, 5 seeds, 5 runs, of which 4 have ended." in facts(found).lower()
    page = render(found, "seeds = []")
    assert "seed-3: ValueError: &lt;b&gt;of no use" in page
    assert not found.whole


def test_strategies_that_are_swept_stand_each_under_its_own_setting(made):
    found = made(
        ["strategies=fedavg;anml,krum"],
        {
            ("fedavg",): {"fedavg": [0.3, 0.3, 0.4]},
            ("anml,krum",): {"anml": [0.1, 0.1, 0.2], "krum": [0.2, 0.2, 0.2]},
        },
    )
    said = headline(found)
    assert "at best anml" in said
    assert "at worst fedavg" in said
    assert [row[1] for row in scores_grid(found).rows] == ["fedavg", "anml", "krum"]
    assert [row[2:] for row in runs_grid(found).rows][::3] == [
        ("30.0", "—", "—"),
        ("—", "10.0", "20.0"),
    ]


def test_curves_and_maps_show_each_mean(made):
    scores = {
        (alpha, rate): {"krum": [alpha * rate] * 3, "anml": [alpha, alpha + rate / 50, alpha]}
        for alpha in (0.1, 0.2, 0.4)
        for rate in (0.01, 1.0)
    }
    found = made(["alpha=.1,.2,.4", "learning-rate=.01,1"], scores)
    curves = by_setting(found)
    assert curves is not None
    assert list(curves.groups) == ["learning-rate = 0.01", "learning-rate = 1.0"]
    krum, anml = curves.groups["learning-rate = 1.0"][0].data
    assert krum["y"] == [10.0, 20.0, 40.0]
    assert anml["y"] == pytest.approx(
        [100 * (a + 0.02 / 3) for a in (0.1, 0.2, 0.4)], rel=1e-5
    )
    assert krum["error_y"]["array"] == [0.0, 0.0, 0.0]
    assert anml["error_y"]["array"][0] == pytest.approx(100 * half([0.1, 0.12, 0.1]), rel=1e-5)
    assert krum["x"] == pytest.approx([0.1, 0.2, 0.4], abs=0.01)
    heat = as_map(found)
    assert heat is not None
    assert list(heat.groups) == ["krum", "anml"]
    assert heat.chosen == "anml"
    drawn = heat.groups["krum"][0].data[0]
    assert drawn["z"] == [
        [pytest.approx(100 * a * r) for a in (0.1, 0.2, 0.4)] for r in (0.01, 1.0)
    ]
    # Equal steps would heap what is far apart; names have no order, and no line.
    by_rate = made(["learning-rate=.01,1"], {(r,): {"krum": [r] * 3} for r in (0.01, 1.0)})
    drawn = by_setting(by_rate)
    assert drawn is not None
    assert drawn.groups[""][0].layout["xaxis"]["type"] == "log"
    names = made(["scenario=moderate;low"], {
        (name,): {"krum": [0.1] * 3} for name in ("moderate", "low")
    })  # fmt: skip
    drawn = by_setting(names)
    assert drawn is not None
    assert drawn.groups[""][0].data[0]["mode"] == "markers"
    assert as_map(names) is None


def test_repeats_alone_show_every_seed(made):
    found = made([], {(): {"krum": [0.2, None, 0.4], "anml": [0.1, 0.2, 0.3]}})
    assert by_setting(found) is None
    drawn = by_seed(found)
    assert drawn is not None
    hollow = [
        one for one in drawn.groups["all"][0].data if one["marker"]["symbol"][-5:] == "-open"
    ]
    assert [one["y"] for one in hollow] == [[20.0, 40.0], [10.0, 20.0, 30.0]]
    assert [one["customdata"] for one in hollow] == [[0, 2], [0, 1, 2]]


def test_columns_have_the_type_of_their_values(made, tmp_path):
    mixed = ["root=auto;5", "rounds=2,3", "example-weighting=true,false"]
    values = [
        (root, rounds, weighed)
        for root in ("auto", "5")
        for rounds in (2, 3)
        for weighed in (True, False)
    ]
    found = made(mixed, {one: {"anml": [0.1]} for one in values})
    write_tables(found, tmp_path)
    table = pq.read_table(tmp_path / "sweep.parquet")
    kinds = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert kinds["aggregation.root"] == "string"
    assert kinds["training.rounds"] == "int64"
    assert kinds["aggregation.example_weighting"] == "bool"
    assert table.num_rows == 8
    told = json.loads((tmp_path / "sweep.json").read_text())
    assert [tuple(one["settings"].values()) for one in told["conditions"]] == values
    head, *lines = (tmp_path / "sweep.csv").read_text().splitlines()
    assert head.startswith('"run","seed","aggregation.root","training.rounds"')
    assert len(lines) == 8
