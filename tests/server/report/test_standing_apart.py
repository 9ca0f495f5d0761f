"""Which site stands apart is computed: one that does is named, and chance names nobody."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.run.claims import ClaimsRecord, append_claims
from anml_fl.run.reading import load_run
from anml_fl.run.schema import OwnData
from server.report.own_data import stands_apart
from server.report.own_test_rows import own_test_rows
from server.report.page import write_report
from server.report.standing_apart import (
    apart,
    claims_words,
    erring_apart,
    evidence_words,
    own_error_words,
)

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
    of = dict.fromkeys(SITES[:sites], rows)
    named = [erring_apart(dict(zip(of, one, strict=True)), of) for one in draws]
    assert np.mean([bool(one) for one in named]) < 0.04


def test_as_large_a_difference_in_few_rows_is_left_unsaid():
    errors = {"a": 0.14, "b": 0.11, "c": 0.07, "d": 0.31}
    for rows, words in ((40, True), (4, False)):
        of = dict.fromkeys("abcd", rows)
        said = own_error_words(errors, of, of, lambda _: math.nan)
        assert bool(said) is words


def test_several_are_named_together_and_the_rest_counted():
    errors = dict.fromkeys(SITES + tuple("ijkl"), 0.1) | dict.fromkeys("abcde", 0.5)
    rows = dict.fromkeys(errors, 100)
    said = own_error_words(errors, rows, rows, lambda _: math.nan)
    assert said.startswith(
        "a (50.0\xa0%), b (50.0\xa0%), c (50.0\xa0%) and 2 more stand apart"
    )


@given(VALUES, st.floats(0.1, 10), st.floats(-50, 50))
def test_it_is_the_same_on_any_scale_and_never_most(values, scale, shift):
    values = [round(one, 3) for one in values]
    named = apart({str(i): one for i, one in enumerate(values)})
    assert len(named) < len(values) / 2
    clear = True
    for some in (values, sorted(values)[:-1]):
        middle = np.median(some)
        spread = np.median(np.abs(np.array(some) - middle)) / 0.6745
        clear &= all(abs(one - middle - 3 * spread) > 1e-6 for one in values)
    if clear:
        moved = {str(i): scale * one + shift for i, one in enumerate(values)}
        assert set(apart(moved)) == set(named)


def test_evidence_is_told_of_whom_it_speaks_against_alone():
    sums = {"a": 2.0, "b": 2.4, "c": 1.7, "d": -3.1}
    assert evidence_words(sums, "in round 3").startswith(
        "By the evidence in round 3, d stands"
    )
    # Odds of less than twenty to one are no finding: so little falls on a clean site, too.
    assert evidence_words(sums | {"d": -0.8}, "in round 3") == ""
    # Far below the others', and yet for it.
    assert evidence_words(sums | {"d": 0.3}, "in round 3") == ""
    assert evidence_words({}, "in round 3") == ""


# What a federation of six sites came to, with 60 % of west's labels flipped in its table.
SAMPLES = {"north": 160, "south": 136, "east": 120, "west": 120, "a": 96, "b": 88}
ERRORS = {
    "north": {"calibrated": 3 / 28, "krum": 5 / 28},
    "south": {"calibrated": 2 / 21, "krum": 2 / 21},
    "east": {"calibrated": 4 / 22, "krum": 3 / 22},
    "west": {"calibrated": 11 / 20, "krum": 11 / 20},
    "a": {"calibrated": 5 / 14, "krum": 4 / 14},
    "b": {"calibrated": 3 / 15, "krum": 2 / 15},
}


def test_a_site_of_flipped_labels_is_named_though_another_one_widens_the_middle():
    held = {name: OwnData(SAMPLES[name], ERRORS[name]) for name in SAMPLES}
    rows = own_test_rows(held)
    assert rows == {"north": 28, "south": 21, "east": 22, "west": 20, "a": 14, "b": 15}
    errors = {name: one["calibrated"] for name, one in ERRORS.items()}
    said = own_error_words(errors, rows, SAMPLES, {"west": 0.311}.get)
    assert said.startswith("west stands apart: the final model errs in 55.0")
    assert erring_apart(errors, rows) == ["west"]


@given(st.integers(20, 400), st.data())
def test_errors_are_wholes_of_the_rows_that_are_found(samples, data):
    rows = data.draw(st.integers(max(1, samples // 8), samples // 4))
    wrong = data.draw(st.lists(st.integers(0, rows), min_size=1, max_size=5))
    errors = {str(i): one / rows for i, one in enumerate(wrong)}
    found = own_test_rows({"a": OwnData(samples, errors)})["a"]
    assert 1 <= found <= samples / 4 + 1.5
    assert all(abs(found * one - round(found * one)) < 1e-6 for one in errors.values())


def test_where_the_server_tests_nothing_the_claims_name_the_same_site_and_no_clean_one(
    recipe, tmp_path
):
    claims = {"north": 0.075, "south": 4 / 34, "east": 4 / 30, "west": 16 / 30, "b": 5 / 22}
    rows = {"north": 40, "south": 34, "east": 30, "west": 30, "b": 22}
    said = claims_words(claims, rows, "in round 18")
    assert said.startswith(
        "By the sites' own claims in round 18, west stands apart: the model"
    )
    assert "53.3 % of its 30 test rows (the middle site: 13.3 %)" in said
    assert claims_words({k: v for k, v in claims.items() if k != "west"}, rows, "then") == ""

    made = {"names": [*claims], "attackers": 0, "rounds": 2, "strategies": {"fedavg": 0.1}}
    folder = recipe(**made).write(tmp_path / "claimed")
    assert stands_apart(load_run(folder)) == ""
    for number in (1, 2):
        append_claims(folder / "fedavg", ClaimsRecord(number, claims, rows, {}))
    said = stands_apart(load_run(folder))
    assert said == claims_words(claims, rows, "in round 2") != ""
    page = write_report(folder).read_text(encoding="utf-8")
    assert page.index("west stands apart") < page.index("<h2>The run</h2>")
