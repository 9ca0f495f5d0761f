"""A finished run whose attribution was edited: `anml verify` and the page both tell."""

from __future__ import annotations

import json
import re

import pytest
from rich.console import Console

from server.attribution.valuation import run as value

EDITS = {
    "a settled share": (
        lambda run: run.attribution(lambda a: a["contributors"][0].update(settled=0.75)),
        "attribution.json: contributor-0000: settled is 0.75",
    ),
    "a behaviour": (
        lambda run: run.attribution(lambda a: a["contributors"][0].update(behaviour="joint")),
        "attribution.json: ",
    ),
    "a rank": (
        lambda run: run.attribution(lambda a: a["estimators"][0].update(with_settled=0.123)),
        "attribution.json: leave_one_out: with_settled is 0.123",
    ),
    "a value that moves a rank": (
        lambda run: run.attribution(lambda a: a["contributors"][0].update(gtg_shapley=99.0)),
        "attribution.json: gtg_shapley: with_",
    ),
    "settled by": (
        lambda run: run.attribution(lambda a: a.update(settled_by="weights")),
        "attribution.json: settled_by is",
    ),
    "rounds valued": (
        lambda run: run.attribution(lambda a: a.update(rounds=2)),
        "attribution.json: rounds is 2",
    ),
    "attribution's spelling": (
        lambda run: run.whole("attribution.json", lambda c: c + b" "),
        "attribution.json is not written as",
    ),
}
OLDER = ["a settled share"]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    found(run, *EDITS[edit])


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, found, edit):
    change, place = EDITS[edit]
    found(older, change, place.split(":")[0].split(" was")[0])


def worth(call, run):
    """What the page says of each contributor's settled share, in its table and its figure."""
    call("report", run)
    page = (run / "report.html").read_text()
    table = page.split("What each contributor's updates were worth</h2>")[1]
    table = table.split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in table.split("<tr>")[1:]]
    data = re.search(r'<script[^>]*id="data-attribution"[^>]*>(.*?)</script>', page)
    traces = json.loads(data[1])[0]["views"][0]["data"]
    drawn = {trace["name"]: trace["x"] for trace in traces}
    return page, {row[0]: row[2] for row in rows}, drawn


def test_settled_shares_on_the_page_are_the_ledgers_whatever_the_file_says(
    run, finished, alter, call
):
    _, before, drawn = worth(call, run)
    totals = json.loads((finished / "ledger.jsonl").read_text().split("\n")[-2])["totals"]
    paid = sum(totals.values())
    assert before == {name: f"{100 * got / paid:.1f}" for name, got in totals.items()}
    alter(run).attribution(
        lambda a: [
            *(one.update(settled=0.7777) for one in a["contributors"]),
            *(way.update(with_settled=0.4321) for way in a["estimators"]),
            a.update(settled_by="weights"),
        ]
    )
    page, after, redrawn = worth(call, run)
    assert "Do not rely on this page" in page
    assert after == before
    assert redrawn == drawn
    assert "+0.43" not in page
    assert "by weight here" not in page


@pytest.mark.parametrize("by", ["ledger", "weights"])
def test_settled_shares_are_left_out_where_the_signatures_do_not_hold(run, by, alter, call):
    alter(run).attribution(lambda a: a.update(settled_by=by))
    alter(run).text("ledger.jsonl", b'"payout":', b'"payout":1')
    page, shown, drawn = worth(call, run)
    assert set(shown.values()) == {"\N{EM DASH}"}
    assert "settled" not in drawn
    assert "leave-one-out" in drawn
    assert "Settled shares are not shown: there is no ledger whose signatures hold." in page


def test_settled_shares_by_weight_are_shown_as_such_and_no_others_without_a_ledger(run, call):
    (run / "ledger.jsonl").unlink()
    assert set(worth(call, run)[1].values()) == {"\N{EM DASH}"}
    value(run, Console(quiet=True))
    page, shown, drawn = worth(call, run)
    assert "settled" in drawn
    assert "\N{EM DASH}" not in shown.values()
    assert "Settled shares are by weight here, and nothing vouches for them." in page
