"""Why each counted as it did: numbers worked out by hand, and words that stay text."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from fractions import Fraction

import plotly.graph_objects as go
import pytest

from anml_fl.run.reading import load_run
from server.report import why as why_module
from server.report.most_and_least import most_and_least
from server.report.page import render, write_report
from server.report.why import ends, last_sentences, over_sentences, over_table, why_of
from server.report.why_figure import why_figure

EVIL = "</script><script>alert(1)</script>"
NAMES = ["a", "b", "c"]
# By round. Weights are q times examples, as a share of the sum.
Q = ((Fraction(1), Fraction(1, 2), Fraction(1, 4)), (Fraction(1), Fraction(1, 2), Fraction(0)))
EXAMPLES = (10, 30, 20)


def shares(weights):
    return [one / sum(weights) for one in weights]


def parts(q):
    """Shapley's value of two factors, from the four shares that there are."""
    both = shares([a * b for a, b in zip(q, EXAMPLES, strict=True)])
    alone, counted = shares(q), shares([Fraction(one) for one in EXAMPLES])
    third = Fraction(1, 3)
    of_q = [((x - third) + (w - e)) / 2 for x, w, e in zip(alone, both, counted, strict=True)]
    return both, of_q, [w - third - x for w, x in zip(both, of_q, strict=True)]


def by_q_and_examples(record):
    if record.strategy != "anml":
        return record
    q = Q[record.round - 1]
    both, _, _ = parts(q)
    people = tuple(
        replace(
            one, q=float(q[i]), v=0.8, r=0.4, s=0.32, T=1.0, examples=float(EXAMPLES[i]),
            weight=float(both[i]), selected=True, reason=None,
        )
        for i, one in enumerate(record.contributors)
    )  # fmt: skip
    return replace(record, contributors=people, branch="krum", rho_c=math.nan, min_s=0.32)


CONFIG = 'name = "demo"\n\n[aggregation]\nfraction = 1.0\n'


@pytest.fixture
def made(recipe, tmp_path):
    def make(**more):
        settings = {
            "names": NAMES, "attackers": 0, "rounds": 2, "config": CONFIG,
            "strategies": {"fedavg": 0.2, "anml": 0.1}, "change": by_q_and_examples,
        }  # fmt: skip
        return recipe(**settings | more).write(tmp_path / "run")

    return make


def column(grid, title):
    return [row[[name for name, _ in grid.columns].index(title)] for row in grid.rows]


def written(share):
    return f"{100 * float(share):+.1f}".replace("-", "−").replace("+0.0", "0.0")


def test_the_table_has_mean_weights_and_parts_that_were_worked_out_by_hand(made):
    run = load_run(made())
    table = over_table(run, why_of(run))
    rounds = [parts(q) for q in Q]
    means = [
        [sum(of) / 2 for of in zip(*kind, strict=True)] for kind in zip(*rounds, strict=True)
    ]
    weight, of_q, of_examples = (dict(zip(NAMES, of, strict=True)) for of in means)
    order = sorted(NAMES, key=lambda name: -weight[name])

    assert column(table, "Contributor") == order == ["b", "a", "c"]
    assert column(table, "Mean weight (%)") == [f"{100 * float(weight[n]):.1f}" for n in order]
    assert column(table, "Q (points)") == [written(of_q[n]) for n in order]
    assert column(table, "Examples (points)") == [written(of_examples[n]) for n in order]
    # With a weight of 0 in the second nothing of c's is in that step.
    assert column(table, "Counted in rounds") == ["2 of 2", "2 of 2", "1 of 2"]
    assert column(table, "Equal share (%)") == ["33.3"] * 3
    assert column(table, "Why")[1:] == [
        "its update lay nearest to the others' (q = 1.00, on average 0.54)",
        "its update lay farthest from the others' (q = 0.12, on average 0.54)",
    ]


def test_bars_are_the_parts_and_the_diamond_is_what_lies_between(made):
    run = load_run(made())
    plot = why_figure(run, why_of(run))
    assert (list(plot.groups), plot.chosen) == (["all rounds", "round 2"], "all rounds")
    (last,) = plot.groups["round 2"]
    both, of_q, of_examples = parts(Q[1])
    drawn = {trace["name"]: trace["x"] for trace in last.data}
    rows = ["b", "a", "c"]  # by mean weight over the rounds
    assert last.layout["yaxis"]["ticktext"] == rows
    for name, values in (
        ("q", of_q),
        ("examples", of_examples),
        ("all together", [w - Fraction(1, 3) for w in both]),
    ):
        expected = [100 * float(values[NAMES.index(row)]) for row in rows]
        assert drawn[name] == pytest.approx(expected, abs=1e-3), name
    patterns = [trace["marker"]["pattern"]["shape"] for trace in last.data[:-1]]
    assert len(set(patterns)) == len(patterns)
    for views in plot.groups.values():
        go.Figure({"data": views[0].data, "layout": views[0].layout})


def test_who_counted_least_and_most_stands_above_all(made):
    run = load_run(made())
    over, last = (one.replace("\N{NO-BREAK SPACE}", " ") for one in ends(why_of(run)))
    assert over.startswith(
        "c counted least over all 2 rounds (8.3 %): its update lay farthest"
    )
    assert ". b counted most (55.0 %): " in over
    assert last.startswith("c counted least in round 2 (0.0 %): its update lay farthest")
    assert ". b counted most (60.0 %): it counts for the most examples (30, " in last
    # A page escapes it.
    for one in ends(why_of(run)):
        assert one.replace("'", "&#39;") in render(run)


def test_those_of_one_weight_are_named_up_to_three():
    said = most_and_least(
        {**dict.fromkeys("edcba", 0.1), "f": 0.5}, lambda name: f"as {name}", "in round 1"
    ).replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "5 counted least in round 1 (10.0 % each): a: as a; b: as b; c: as c; and 2 more."
        " f counted most (50.0 %): as f."
    )
    alike = most_and_least({"a": 0.5, "b": 0.5}, str, "in round 1")
    assert alike == "All 2 counted the same in round 1: 50.0\N{NO-BREAK SPACE}%."
    assert most_and_least({"a": 1.0, "b": math.nan}, str, "in round 1") == ""


def test_sentences_say_what_would_have_changed_it(made):
    why = why_of(load_run(made()))
    (first, *_) = last_sentences(why).rows
    # Under FedAvg examples alone would have counted: 20 of 60.
    assert first[0] == "c"
    assert "Had q been the same for all: 33.3 %." in first[1]
    assert re.search(r"It would be 33\.3 % under fedavg", first[1])
    told = dict(over_sentences(why).rows)
    assert list(told) == ["c", "a", "b"]
    assert "It counted in 1 of 2 rounds (round 1); the rule left it out in 1." in told["c"]
    assert not any("\N{NO-BREAK SPACE}" in said for said in told.values())


@pytest.mark.parametrize("setting", ["tau = -1.0", 'alpha = "half"', "fraction = 0.0"])
def test_an_odd_setting_takes_no_page_down_but_what_would_have_been(made, setting):
    folder = made(config=CONFIG.replace("fraction = 1.0", setting))
    page = write_report(folder).read_text(encoding="utf-8")
    assert "what would have\nbeen otherwise is not said" in page
    assert "under fedavg" not in page
    why = why_of(load_run(folder))
    assert [row[1][-1] for row in last_sentences(why).rows] == ["."] * 3


def test_records_of_before_examples_were_recorded_claim_nothing(made):
    def change(record):
        record = by_q_and_examples(record)
        people = tuple(replace(one, examples=None) for one in record.contributors)
        return replace(record, contributors=people)

    run = load_run(made(change=change))
    assert column(over_table(run, why_of(run)), "Mean weight (%)") == ["55.0", "36.7", "8.3"]
    told = dict(last_sentences(why_of(run)).rows)
    assert "0.0 %; equal shares would be 33.3 %." in told["c"]
    assert not any("under fedavg" in said or "had q" in said.lower() for said in told.values())


def test_a_rule_without_shares_has_no_figure(made):
    run = load_run(
        made(strategies={"median": 0.1}, weightless=("median",), change=lambda one: one)
    )
    assert why_figure(run, why_of(run)) is None
    assert ends(why_of(run)) == ()
    assert 'id="data-why"' not in render(run)


def test_every_row_of_the_last_round_says_why(made):
    page = write_report(made()).read_text(encoding="utf-8")
    section = page[page.index("<h2>Contributors in round 2 of anml</h2>") :]
    cells = re.findall(r'<td class="words">(.*?)</td>', section[: section.index("</table>")])
    assert len(cells) == 3
    assert all("(" in cell for cell in cells)


def test_of_very_many_those_who_stand_out_are_told_of_and_drawn(made, monkeypatch):
    names = [f"site-{i:03d}" for i in range(70)]
    folder = made(names=names, change=lambda record: record)
    run = load_run(folder)
    why = why_of(run)
    assert len(over_table(run, why).rows) == 70
    plot = why_figure(run, why)
    assert len(plot.groups["all rounds"][0].layout["yaxis"]["ticktext"]) == 60
    assert len(plot.groups["all rounds"][0].layout["shapes"]) == 2
    assert len(over_sentences(why).rows) == 70
    monkeypatch.setattr(why_module, "MOST_TOLD", 69)
    grid = over_sentences(why)
    assert (len(grid.rows), grid.total) == (60, 70)
    assert "60 of 70 are told of here" in render(run)


def test_hostile_names_and_reasons_stay_text(made):
    def change(record):
        record = by_q_and_examples(record)
        first, *rest = record.contributors
        refused = replace(first, q=math.nan, weight=0.0, selected=False, reason=EVIL)
        return replace(record, contributors=(refused, *rest))

    folder = made(names=[EVIL, "b\u202e", "<img src=x>"], change=change)
    page = write_report(folder).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;img src=x&gt; counted least in round 2" in page
    figure = json.loads(re.search(r'id="data-why">(.*?)</script>', page, re.DOTALL)[1])
    assert "<img" not in str(figure)


@pytest.mark.slow
def test_a_thousand_contributors_over_thirty_rounds_take_less_than_eight_megabytes(made):
    def change(record):
        n = len(record.contributors)
        people = tuple(
            replace(
                one, q=(i * 7919 % n + 1) / n, T=1.0, examples=20.0 + i * 104729 % 400,
                selected=True, reason=None,
            )
            for i, one in enumerate(record.contributors)
        )  # fmt: skip
        total = sum(one.q * one.examples for one in people)
        people = tuple(replace(one, weight=one.q * one.examples / total) for one in people)
        return replace(record, contributors=people, branch="krum", rho_c=0.1)

    names = [f"hospital-of-some-town-{i:04d}" for i in range(1000)]
    path = write_report(made(names=names, rounds=30, change=change))
    assert path.stat().st_size < 8_000_000
    assert "hospital-of-some-town-0999" in path.read_text(encoding="utf-8")


def test_the_reasons_of_any_other_round_are_a_command_away(recipe, tmp_path):
    folder = recipe(rounds=3).write(tmp_path / "my run")
    page = write_report(folder).read_text(encoding="utf-8")
    assert "<code>anml explain &#39;my run&#39; --round N</code>" in page
    assert "1 to 3, or the live page: <code>anml page &#39;my run&#39;</code>" in page
    # The page is sent around: where the folder lies is nobody's affair.
    assert str(tmp_path) not in page
    once = recipe(rounds=1).write(tmp_path / "once")
    assert "--round N" not in write_report(once).read_text(encoding="utf-8")
