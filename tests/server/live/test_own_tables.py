"""The live page of sites with tables of their own: whose rows vouch, and what is not asked."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.run.claims import ClaimsRecord, append_claims

if TYPE_CHECKING:
    from anml_fl import RoundRecord

pytestmark = pytest.mark.browser

SETTINGS = """
[federation]
scenario = "unknown"

[table]
data = "/home/somebody/files/patients.csv"
"""


@pytest.fixture
def own(growing: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sites of which evidence was weighed by rows of their own."""
    plain = type(growing).record

    def record(self: Any, strategy: str, number: int) -> RoundRecord:
        made = plain(self, strategy, number)
        if strategy != "calibrated":
            return made
        people = tuple(
            replace(one, judgement=None if one.reason else _judged(place))
            for place, one in enumerate(made.contributors)
        )
        root = "53 rows of the server's"
        whole = RoundJudgement(root=root, base_rate=1.4, c=2.2, slopes={}, cap=2.0)
        return replace(made, contributors=people, judgement=whole)

    monkeypatch.setattr(type(growing), "record", record)
    growing.strategies = ("fedavg", "calibrated")
    growing.begin()
    with (growing.folder / "config.toml").open("a") as file:
        file.write(SETTINGS)
    return growing


def _judged(place: int) -> ContributorJudgement:
    # Lengths .5, .6, ... 1: the middle one of the six is .75.
    return ContributorJudgement(
        evidence={"company": 0.5},
        l=0.5,
        worth=0.0,
        posterior=0.9,
        copies=1.0,
        norm=0.5 + 0.1 * place,
        bound=1.5 if place == 2 else 0.75,
    )


def _titles(page: Any, table: str) -> list[str]:
    found = page.locator(f"{table} thead button").all_inner_texts()
    return [one.removesuffix(" ▼").removesuffix(" ▲") for one in found]


def test_whose_rows_vouch_is_said_and_how_far_one_could_have_moved_the_step(
    own: Any, serve: Any, visit: Any
) -> None:
    own.add()
    page, problems = visit(serve(own.folder.parent).url)
    page.locator("#strategy").select_option("calibrated")
    expect(page.locator("#decision")).to_have_text(
        "Round 1: Evidence on each was weighed (by 53 rows held out of the sites' own tables,"
        " whose labels nobody has checked): 6 of 6 updates were kept."
    )
    expect(page.locator("#influence")).to_contain_text(
        "by more than 2.00 times the length of the round's middle update: site-02's most"
    )
    place = _titles(page, "#contributors").index("Part at most")
    cells = page.locator(f"#contributors tbody tr > :nth-child({place + 1})")
    assert sorted(cells.all_inner_texts()) == ["1.00"] * 5 + ["2.00"]
    page.locator("#strategy").select_option("fedavg")
    expect(page.locator("#influence")).to_be_hidden()
    assert problems == []


def test_what_was_asked_of_no_registry_has_no_column(own: Any, serve: Any, visit: Any) -> None:
    own.add()
    page, problems = visit(serve(own.folder.parent).url)
    expect(page.locator("#contributors tbody tr")).to_have_count(6)
    assert not {"v", "r", "s"} & set(_titles(page, "#contributors"))
    expect(page.locator("#gate-view")).to_be_hidden()
    page.get_by_text("What the columns mean").click()
    expect(page.get_by_text("Posterior", exact=True).last).to_be_visible()
    expect(page.get_by_text("v, r", exact=True)).to_be_hidden()
    page.locator("button.who").first.click()
    expect(page.locator("#history tbody tr").first).to_be_visible()
    assert "s" not in _titles(page, "#history .table")
    assert problems == []


def test_where_the_server_tests_nothing_the_claims_are_drawn_and_no_empty_plot(
    growing: Any, serve: Any, visit: Any, monkeypatch: Any
) -> None:
    plain = type(growing).record

    def untested(self: Any, strategy: str, number: int) -> RoundRecord:
        return replace(plain(self, strategy, number), test_error=math.nan)

    monkeypatch.setattr(type(growing), "record", untested)
    growing.begin()
    growing.add(2)
    page, problems = visit(serve(growing.folder.parent).url)
    expect(page.locator("#decision")).to_contain_text("Round 2")
    expect(page.locator("#curve")).to_be_hidden()

    for number, middle in ((1, 0.25), (2, 0.125)):
        claims = {"a": middle, "b": middle + 0.1, "c": middle - 0.1}
        append_claims(
            growing.folder / "fedavg",
            ClaimsRecord(number, claims, dict.fromkeys("abc", 9), {}),
        )
    page.reload()
    expect(page.locator("#by-round")).to_have_text("Claims by round, median over the sites")
    expect(page.locator("#claims-words")).to_be_visible()
    label = "fedavg: 12.5\N{NO-BREAK SPACE}% in round 2"
    expect(page.locator("#curves canvas.board")).to_have_attribute(
        "aria-label", re.compile(label)
    )
    assert not problems


def test_what_was_asked_of_one_has_its_columns(growing: Any, serve: Any, visit: Any) -> None:
    growing.begin()
    growing.add()
    page, problems = visit(serve(growing.folder.parent).url)
    expect(page.locator("#contributors tbody tr")).to_have_count(6)
    assert {"v", "r", "s"} <= set(_titles(page, "#contributors"))
    expect(page.locator("#gate-view")).to_be_visible()
    assert problems == []


def test_own_errors_stand_in_the_table_and_who_stands_apart_in_a_sentence(
    own: Any, serve: Any, visit: Any
) -> None:
    own.add(2)
    errors = [0.1, 0.12, 0.14, 0.1, 0.11, 0.4]
    held = {
        name: {"samples": 400, "errors": {"calibrated": error, "fedavg": 0.1}}
        for name, error in zip(own.names, errors, strict=True)
    }
    entry = {"rounds": 30, "test_error": 0.1}
    summary = {
        "contributors": dict.fromkeys(own.names, "honest"),
        "strategies": {"fedavg": entry, "calibrated": entry},
        "holdings": held,
    }
    (own.folder / "summary.json").write_text(json.dumps(summary))
    page, problems = visit(serve(own.folder.parent).url)
    page.locator("#strategy").select_option("calibrated")
    expect(page.locator("#apart")).to_contain_text(
        "site-05 stands apart: the final model errs in 40.0 % of its own test rows"
    )
    place = _titles(page, "#contributors").index("Own error")
    cells = page.locator(f"#contributors tbody tr > :nth-child({place + 1})")
    shown = sorted(one.replace("\xa0", " ") for one in cells.all_inner_texts())
    assert shown == sorted(f"{100 * one:.1f} %" for one in errors)
    page.locator("#strategy").select_option("fedavg")
    expect(page.locator("#apart")).to_be_hidden()
    assert problems == []


@pytest.mark.parametrize(("width", "stacked"), [(400, True), (1200, False), (2200, False)])
def test_the_reason_is_in_sight_at_any_width_and_no_row_is_empty(
    own: Any, serve: Any, visit: Any, width: int, stacked: bool
) -> None:
    own.add()
    page, problems = visit(serve(own.folder.parent).url, width)
    page.locator("#strategy").select_option("calibrated")
    rows = page.locator("#contributors tbody tr")
    expect(rows).to_have_count(6)
    first = rows.first
    expect(first.locator("td.why")).not_to_have_text("…")
    expect(first.locator(".because")).to_be_visible(visible=stacked)
    expect(first.locator("td.why")).to_be_visible(visible=not stacked)
    shown = first.locator(".because" if stacked else "td.why")
    expect(shown).to_have_text(first.locator("td.why").text_content())
    box, row = shown.bounding_box(), first.bounding_box()
    assert box["x"] + box["width"] <= width
    # What makes a row as high as it is can be read there.
    assert row["height"] <= box["height"] + 60
    assert problems == []
