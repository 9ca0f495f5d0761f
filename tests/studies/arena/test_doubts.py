"""What is no result, worked out by hand from results that were made up."""

from __future__ import annotations

import pytest

from studies.arena.doubts import doubts, marks, still, unsent, warnings
from studies.arena.grid import Deal
from studies.arena.results import Place, Results
from studies.arena.sections import sections
from studies.arena.table import Kept
from studies.progress import lines as progress_lines

IID = Deal("digits", "iid", 20)


@pytest.fixture
def doubtful(made_up, lines):
    """Of attack x all is left out under a, of y little; b stands still under y alone."""
    left_out = {
        ("a", "x", 4): (1.0, 1.0),
        ("b", "x", 4): (0.2, 0.4),
        ("a", "y", 4): (0.0, 0.1),
    }
    stood = {("b", "x", 4): (0.0, 0.0), ("b", "y", 4): (0.5, 0.1), ("a", "x", 4): (0.05, 0.05)}
    return [
        *made_up,
        *lines(left_out, metric="attackers_left_out"),
        *lines(stood, metric="rounds_stood"),
    ]


def test_doubtful_is_what_is_much_somewhere(doubtful):
    results = Results.of(doubtful)
    (attack,), (rule,) = unsent(results), still(results)
    assert attack == ("x", pytest.approx(0.65), 1.0, "a under x, digits iid")
    assert rule == ("b", pytest.approx(0.15), pytest.approx(0.3), "b under y, digits iid")
    first, second = warnings(results)
    assert first.startswith("x: 65.0 % of its updates were left out")
    assert second.startswith("b: kept the old model in 15.0 % of its rounds")


def test_marks_are_of_one_rule_on_one_place(doubtful):
    results = Results.of(doubtful)
    found = {(r, a): marks(results, r, Place(IID, a, 4)) for r in "ab" for a in "xy"}
    assert found == {("a", "x"): "†", ("b", "x"): "†", ("a", "y"): "", ("b", "y"): "‡"}


def test_where_nothing_is_doubtful_nothing_is_said(made_up):
    results = Results.of(made_up)
    assert doubts(results, {}) == []
    assert warnings(results) == []


def test_a_rule_that_lacks_a_pairing_is_not_ranked_and_cannot_be_chosen(made_up, tiny):
    about = {"grid": tiny.to_json(), "pairings": {}, "failed": {"b|z": "z|iid|20|4: why"}}
    kept = Kept({(line.rule, line.attack): [] for line in made_up}, about)
    for line in made_up:
        kept.lines[line.rule, line.attack].append(line)
    found = {one.anchor: one for one in sections(kept, {}, lambda rule: False)}
    said = {name: str(found[name].blocks) for name in ("choose", "ranks", "worst", "doubts")}
    assert "'b'" not in said["choose"]
    assert "'b'" not in said["ranks"]
    assert "'b'" in said["worst"]
    assert "z|iid|20|4: why" in said["doubts"]


def test_one_seed_is_said_to_be_one(made_up, tiny):
    about = {"grid": tiny.to_json(), "pairings": {}}

    def chosen(lines):
        kept = Kept({(one.rule, one.attack): [] for one in lines}, about)
        for one in lines:
            kept.lines[one.rule, one.attack].append(one)
        return str(sections(kept, {}, lambda rule: False)[0].blocks)

    assert "one seed alone" not in chosen(made_up)
    assert "one seed alone" in chosen([one for one in made_up if one.seed == 0])


def test_where_nobody_watches_a_line_is_written_now_and_then(capsys):
    now = iter((0.0, 0.0, 0.0, 10.0, 31.0, 31.0))
    say = progress_lines(lambda: next(now))
    for share in (0.0, 0.1, 0.2):
        say(share, "cells")
    assert capsys.readouterr().err == "0 %: cells\n20 %: cells\n"


def test_an_oracle_is_spoken_of_where_one_was_run(made_up, tiny):
    def said(lines):
        kept = Kept(
            {(one.rule, one.attack): [] for one in lines},
            {"grid": tiny.to_json(), "pairings": {}},
        )
        for one in lines:
            kept.lines[one.rule, one.attack].append(one)
        return str([one.blocks for one in sections(kept, {}, lambda rule: False)])

    assert "oracle" not in said(made_up)
    told = said(
        [*made_up, *(one._replace(rule="oracle") for one in made_up if one.rule == "a")]
    )
    assert "oracle is told who is honest" in told
    assert "oracle is not ranked" in told
