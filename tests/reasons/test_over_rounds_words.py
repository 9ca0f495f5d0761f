"""Reasons over a run in words: each number is the data's, and nothing else is said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from anml_fl.reasons.decided import Alternative, Decided
from anml_fl.reasons.over_rounds import OverRounds
from anml_fl.reasons.over_rounds_words import because_over, sentences_over

SITE = OverRounds(
    contributor="site-a",
    strategy="anml",
    rounds=10,
    new_models=10,
    counted=6,
    left_out=1,
    refused={"no reply in time": 2, "error 3": 1},
    first=2,
    last=9,
    weight=0.061,
    equal=0.125,
    decided_by="q",
    decided={
        "q": Decided(rounds=5, part=-0.08, value=0.31, mean=0.62),
        "credentials": Decided(rounds=2, part=0.01, value=0.4, mean=0.3),
        "refused": Decided(rounds=3, part=-0.1),
    },
    parts={"q": -0.037, "credentials": 0.003, "refused": -0.03},
    under={
        "fedavg": Alternative(rounds=10, weight=0.118, own=0.061),
        "q_only": Alternative(rounds=10, weight=0.061, own=0.061),
        "softmax_blend": Alternative(rounds=4, weight=0.09, own=0.05),
    },
)


def said(over):
    return sentences_over(over).replace("\N{NO-BREAK SPACE}", " ")


def test_all_of_it_is_said():
    assert said(SITE) == (
        "site-a: 6.1 % on average over 10 rounds; equal shares would be 12.5 %."
        " It counted in 6 of 10 rounds (first in round 2, last in 9);"
        " the rule left it out in 1; no valid reply in 3: no reply in time (2); error 3 (1)."
        " Its update lay farther from the others' than on average (q = 0.31, on average 0.62)."
        " That decided in 5 of 10 rounds, credentials in 2."
        " In percentage points from an equal share: q −3.7,"
        " no valid reply −3.0 and credentials +0.3."
        " It would be 11.8 % under fedavg."
        " In 4 of 10 rounds, of which alone it is known, it had 5.0 %, and it would be 9.0 %"
        " under softmax_blend."
    )


def test_each_number_is_in_the_data():
    text = said(SITE)
    numbers = {*map(float, re.findall(r"\d+(?:\.\d+)?", text))}
    shares = [SITE.weight, SITE.equal, *map(abs, SITE.parts.values())]
    shares += [x for one in SITE.under.values() for x in (one.weight, one.own)]
    counts = [SITE.rounds, SITE.counted, SITE.left_out, 3, SITE.first, SITE.last, 4]
    counts += [*SITE.refused.values(), *(one.rounds for one in SITE.decided.values())]
    known = {round(100 * share, 1) for share in shares} | {*map(float, counts), 0.31, 0.62}
    assert numbers <= known


def test_of_one_round_no_average_is_told():
    one = replace(
        SITE, rounds=1, new_models=1, counted=1, left_out=0, refused={}, first=4, last=4,
        decided={"q": Decided(rounds=1, part=-0.08, value=0.31, mean=0.62, at_an_end=-1)},
        parts={"q": -0.064}, under={},
    )  # fmt: skip
    assert said(one) == (
        "site-a: 6.1 % in 1 round; equal shares would be 12.5 %. It counted in its one round."
        " Its update lay farthest from the others' (q = 0.31, on average 0.62)."
    )


def test_whoever_was_refused_each_time_is_told_why_once():
    gone = replace(
        SITE, counted=0, left_out=0, refused={"no reply in time": 10}, first=None, last=None,
        weight=0.0, decided_by="refused", decided={"refused": Decided(rounds=10, part=-0.125)},
        parts={"refused": -0.125}, under={},
    )  # fmt: skip
    assert said(gone) == (
        "site-a: 0.0 % on average over 10 rounds; equal shares would be 12.5 %. It counted in"
        " none of 10 rounds; no valid reply in 10: no reply in time."
    )
    assert because_over(gone) == "no valid reply in all 10 rounds: no reply in time"


def test_the_same_in_plain_words_is_told_once_and_the_rare_ones_counted():
    lost = {f"error 5: Error: node {n} is gone": 1 for n in (1, 2)}
    why = {"a": 3, **lost, "b": 2, "no node is connected": 1, "c": 1}
    assert (
        "no valid reply in 9: a (3); its node was lost in this round: no sign of life came"
        " from it any more (2); b (2); others (2)."
    ) in said(replace(SITE, rounds=16, refused=why))


def test_where_no_round_made_a_model_nothing_decided():
    idle = OverRounds(contributor="a", strategy="anml", rounds=2, new_models=0)
    assert said(idle) == (
        "a: no share of any step. It counted in none of 2 rounds; nobody's update was used in"
        " 2."
    )
    assert because_over(idle) == "nobody's update was used"


def test_rounds_without_a_model_are_told_apart():
    assert said(replace(SITE, new_models=9, under={})).startswith(
        "site-a: 6.1 % on average over 9 rounds that made a new model, of 10; equal"
    )


@pytest.mark.parametrize(
    ("more", "clause"),
    [
        ({"weight": None, "decided_by": None, "decided": {}},
         "no contributor has a share under median"),
        ({"decided_by": None, "decided": {}},
         "hardly anything sets its share apart from an equal one"),
        ({"decided_by": None},
         "on the whole hardly anything sets its share apart from an equal one"),
        ({"decided_by": "rule", "decided": {"rule": Decided(rounds=7)}, "left_out": 7},
         "it was left out by median in 7 of 10 rounds"),
        ({"decided_by": "rule", "decided": {"rule": Decided(rounds=7)}, "left_out": 0},
         "this is what median made of the updates"),
        ({"decided_by": "measure", "decided": {"measure": Decided(
            rounds=7, value=1234.5, mean=7.0, measure="length of its update")}},
         "the length of its update is 1,234, on average 7"),
        ({"decided_by": "company", "decided": {"company": Decided(
            rounds=7, part=-0.1, value=-2.0, mean=0.5)}},
         "with its update the common model does worse on the trusted rows"
         " (company −2.0, on average +0.5)"),
    ],
)  # fmt: skip
def test_a_clause_names_what_decided(more, clause):
    assert because_over(replace(SITE, strategy="median", **more)) == clause


def test_a_strangers_words_are_spelled_out_and_cut():
    odd = replace(SITE, contributor="\x1b[31m\u202e", refused={"x" * 500: 1, "\n\n": 2})
    text = said(odd)
    assert text.isprintable()
    assert r"\x1b[31m\u202e" in text
    assert "x" * 201 not in text


@pytest.mark.parametrize(
    ("n", "weight", "said_of_it"),
    [
        (8, 0.1, "10.0 %"),
        (100, 0.0051, "0.5 %"),
        (1000, 0.00051, "0.05 %"),
        (250_000, 0.0000021, "0.00021 %"),
    ],
)
def test_shares_of_many_are_told_apart(n, weight, said_of_it):
    many = replace(
        SITE, weight=weight, equal=1 / n, under={},
        parts={"q": 0.3 / n, "credentials": -0.2 / n, "examples": -0.0001 / n},
    )  # fmt: skip
    text = said(many)
    assert text.startswith(f"site-a: {said_of_it} on average")
    q, credentials = re.search(
        r"share: q \+([\d.]+) and credentials −([\d.]+)\.", text
    ).groups()
    assert float(q) == pytest.approx(100 * 0.3 / n, rel=0.26)
    assert float(credentials) > 0
