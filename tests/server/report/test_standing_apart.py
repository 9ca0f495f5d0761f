"""Which site stands apart is computed: one that does is named, and chance names nobody."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.run.reading import load_run
from server.report.own_data import stands_apart
from server.report.page import write_report
from server.report.standing_apart import apart, erring_apart, evidence_words, own_error_words

SITES = tuple("abcdefgh")
VALUES = st.lists(st.floats(-100, 100), min_size=4, max_size=12)


def holding(folder, errors, samples=160):
    """Give a run's sites own errors, each under every strategy."""
    path = folder / "summary.json"
    fields = json.loads(path.read_text())
    fields["holdings"] = {
        name: {"samples": samples, "errors": dict.fromkeys(fields["strategies"], error)}
        for name, error in errors.items()
    }
    path.write_text(json.dumps(fields))
    return folder


@pytest.fixture
def four(recipe, tmp_path):
    made = {"names": ["a", "b", "c", "d"], "attackers": 0, "rounds": 2}
    return recipe(**made, strategies={"fedavg": 0.1}).write(tmp_path / "four")


def test_the_site_whose_own_error_stands_apart_is_named_first(four):
    errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    run = load_run(holding(four, errors))
    weights = [one.weight for r in run.lead.records for one in r.contributors[3:]]
    said = stands_apart(run).replace("\xa0", " ")
    assert said.startswith("d stands apart: the final model errs in 31.0 % of its own")
    assert "(the middle site: 12.5 %)" in said
    assert f"mean weight was {100 * sum(weights) / 2:.1f} %" in said
    assert "its share of the data 25.0 %" in said
    page = write_report(four).read_text(encoding="utf-8")
    assert page.index("d stands apart") < page.index("<h2>The run</h2>")


@pytest.mark.parametrize(
    "errors",
    [
        {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.16},
        {"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.1},
        {"a": 0.1, "b": 0.9},
        {},
    ],
)
def test_nobody_is_named_who_does_not_stand_apart(four, errors):
    run = load_run(holding(four, errors))
    assert stands_apart(run) == ""
    assert "stands apart" not in write_report(four).read_text(encoding="utf-8")


@pytest.mark.parametrize(("sites", "rows"), [(4, 20), (6, 40), (8, 400)])
def test_chance_alone_seldom_names_anybody(sites, rows):
    draws = np.random.default_rng(3).binomial(rows, 0.15, (2000, sites)) / rows
    samples = dict.fromkeys(SITES[:sites], 4 * rows)
    named = [erring_apart(dict(zip(samples, one, strict=True)), samples) for one in draws]
    assert np.mean([bool(one) for one in named]) < 0.04


def test_as_large_a_difference_in_few_rows_is_left_unsaid():
    errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    for samples, words in ((160, True), (16, False)):
        said = own_error_words(errors, dict.fromkeys("abcd", samples), lambda _: math.nan)
        assert bool(said) is words


def test_several_are_named_together_and_the_rest_counted():
    errors = dict.fromkeys(SITES + tuple("ijkl"), 0.1) | dict.fromkeys("abcde", 0.5)
    said = own_error_words(errors, dict.fromkeys(errors, 400), lambda _: math.nan)
    assert said.startswith(
        "a (50.0\xa0%), b (50.0\xa0%), c (50.0\xa0%) and 2 more stand apart"
    )


@given(VALUES, st.floats(0.1, 10), st.floats(-50, 50))
def test_it_is_the_same_on_any_scale_and_never_most(values, scale, shift):
    values = [round(one, 3) for one in values]
    named = apart({str(i): one for i, one in enumerate(values)})
    assert len(named) < len(values) / 2
    middle = np.median(values)
    spread = np.median(np.abs(np.array(values) - middle)) / 0.6745
    clear = all(abs(one - middle - 3 * spread) > 1e-6 for one in values)
    if clear:
        moved = {str(i): scale * one + shift for i, one in enumerate(values)}
        assert set(apart(moved)) == set(named)


def test_evidence_is_told_of_whom_it_speaks_against_alone():
    sums = {"a": 2.0, "b": 2.4, "c": 1.7, "d": -3.1}
    assert evidence_words(sums, "in round 3").startswith(
        "By the evidence in round 3, d stands"
    )
    # Far below the others', and yet for it.
    assert evidence_words(sums | {"d": 0.3}, "in round 3") == ""
    assert evidence_words({}, "in round 3") == ""
