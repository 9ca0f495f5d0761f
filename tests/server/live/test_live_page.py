"""The live page in a browser: a run appears as it runs, and any round of it again."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _cells(page: Page, name: str) -> list[str]:
    row = page.locator("#contributors tbody tr").filter(has_text=name)
    expect(row).to_have_count(1)
    return row.locator("th, td").all_inner_texts()


def test_a_run_appears_as_it_runs_from_before_its_first_round(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.folder.mkdir(parents=True)
    server = serve(growing.folder.parent)
    page, problems = visit(server.url)
    expect(page.locator("#words")).to_contain_text("starting")
    # Nothing that is empty, and no file that is not there.
    expect(
        page.locator("main :is(input, select, canvas, table)").filter(visible=True)
    ).to_have_count(0)
    expect(page.locator("#files a")).to_have_text(["All runs"])
    growing.begin()
    expect(page.locator("h1")).to_have_text("A study of six")
    for number in range(1, 31):
        growing.add()
        if number % 10 == 1:
            expect(page.locator("#time output")).to_have_text(f"{number} of {number}")
    expect(page.locator("#time output")).to_have_text("30 of 30")
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 30: "))
    expect(page.locator("#curves canvas.board")).to_have_attribute(
        "aria-label", re.compile(r"anml: 10\.0.% in round 30")
    )
    expect(page.locator("#announced")).to_contain_text("Round 30 of ")
    expect(page.locator("#contributors tbody tr")).to_have_count(6)
    assert problems == []


def test_a_strategy_whose_turn_is_still_to_come_shows_nothing_of_another(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.begin()
    with (growing.folder / "config.toml").open("a") as file:
        file.write('\n[federation]\nnames = "site-00, site-01"\n')
    page, problems = visit(serve(growing.folder.parent).url)
    expect(page.locator("#missing")).to_have_text("To take part: site-00, site-01.")
    growing.strategies = ("fedavg",)
    growing.add(2)
    expect(page.locator("#time output")).to_have_text("2 of 2")
    expect(page.locator("#contributors tbody tr")).to_have_count(6)
    page.locator("#strategy").select_option("anml")
    expect(page.locator("#decision")).to_have_text("No round of anml has ended yet.")
    expect(page.locator("#contributors")).to_be_hidden()
    expect(page.locator("#curves")).to_be_visible()
    growing.strategies = ("anml",)
    growing.add()
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 3: "))
    expect(page.locator("#contributors")).to_be_visible()
    assert problems == []


def test_a_bar_that_is_moved_back_shows_the_recorded_round_and_stays_there(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.begin()
    growing.add(5)
    page, problems = visit(serve(growing.folder.parent).url)
    page.locator("#strategy").select_option("anml")
    slider, live = page.locator("#time input"), page.locator("#time button")
    expect(page.locator("#time output")).to_have_text("5 of 5")
    slider.press("Home")
    slider.press("ArrowRight")
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 2: "))
    expect(live).to_have_attribute("aria-pressed", "false")
    for person in growing.record("anml", 2).contributors:
        cells = _cells(page, person.contributor)
        assert cells[2].replace("\xa0", " ") == f"{100 * person.weight:.1f} %"
        assert cells[6:8] == [f"{person.q:.3f}", f"{person.s:.3f}"]
    growing.add()
    expect(page.locator("#time output")).to_have_text("2 of 6")
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 2: "))
    live.press("Enter")
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 6: "))
    assert problems == []


def test_an_exclusion_is_explained_in_its_round_and_in_the_contributors_history(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.begin()
    growing.add(3)
    page, problems = visit(serve(growing.folder.parent).url)
    expect(page.locator("#missing")).to_contain_text(
        "1 of 6 without a valid reply: site-05 (update is not finite)"
    )
    cells = _cells(page, "site-05")
    assert cells[1] == "○ no valid reply"
    assert "update is not finite" in cells[5]
    assert "it has run out" in " ".join(_cells(page, "site-01"))
    page.get_by_role("button", name="site-05").press("Enter")
    history = page.get_by_role("dialog", name="site-05")
    expect(history.locator(".table tbody tr")).to_have_count(3)
    rounds = [
        row.locator("th, td").all_inner_texts()
        for row in history.locator(".table tbody tr").all()
    ]
    assert [row[0] for row in rounds] == ["3", "2", "1"]
    assert "update is not finite" in rounds[0][-1]
    assert [row[-2] for row in rounds] == ["no", "yes", "yes"]
    page.keyboard.press("Escape")
    expect(history).to_be_hidden()
    expect(page.get_by_role("button", name="site-05")).to_be_focused()
    assert problems == []


def test_who_counted_least_in_a_round_is_seen_with_what_would_have_changed_it(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.begin()
    growing.add(6)
    page, problems = visit(serve(growing.folder.parent).url)
    page.locator("#strategy").select_option("anml")
    expect(page.locator("#time output")).to_have_text("6 of 6")
    page.locator("#time input").press("Home")
    for _ in range(4):
        page.locator("#time input").press("ArrowRight")
    people = growing.record("anml", 5).contributors
    least = min(people, key=lambda one: one.weight)
    expect(page.locator("#ends")).to_contain_text(
        f"{least.contributor} counted least in round 5 ({100 * least.weight:.1f} %): "
    )
    # Two factors, so that four shares say all: nobody's, each one's, and both.
    place, n = people.index(least), len(people)
    q, examples = (np.array([getattr(one, x) for one in people]) for x in ("q", "examples"))
    alone, counted = (q / q.sum())[place], (examples / examples.sum())[place]
    of_q = ((alone - 1 / n) + (least.weight - counted)) / 2
    of_examples = least.weight - 1 / n - of_q
    decided = "(q = " if of_q < of_examples else " examples than on average ("
    why = _cells(page, least.contributor)[5]
    assert decided in why or "the fewest examples (" in why
    assert why in page.locator("#ends").inner_text()
    page.get_by_role("button", name=least.contributor).click()
    history = page.get_by_role("dialog", name=least.contributor)
    expect(history.locator("h3").first).to_have_text("Why in round 5")
    expect(history.locator(".told")).to_contain_text("equal shares would be 16.7 %")
    parts = history.locator(".parts tbody tr").all_inner_texts()
    assert {_words(row) for row in parts} == {
        f"q {_points(of_q)}",
        f"examples {_points(of_examples)}",
        f"all together {_points(least.weight - 1 / n)}",
    }
    otherwise = {_words(row) for row in history.locator(".otherwise tr").all_inner_texts()}
    assert {
        f"if q told nobody apart {100 * counted:.1f} %",
        f"if examples told nobody apart {100 * alone:.1f} %",
        f"under fedavg {100 * counted:.1f} %",
    } <= otherwise
    history.get_by_role("button", name="Why in round 2").press("Enter")
    expect(history.locator("h3").first).to_have_text("Why in round 2")
    then = growing.record("anml", 2).contributors[place].weight
    expect(history.locator(".told")).to_contain_text(
        f"{least.contributor}: {100 * then:.1f} %; equal shares would be 16.7 %."
    )
    assert problems == []


def _words(text: str) -> str:
    return " ".join(text.split())


def _points(part: float) -> str:
    return f"{100 * part:+.1f}".replace("-", "−")


def test_who_is_missing_right_now_is_named_whatever_round_is_shown(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.names, growing.away = [f"site-{i:02d}" for i in range(30)], 25
    growing.begin()
    growing.add(3)
    page, problems = visit(serve(growing.folder.parent).url)
    named = ", ".join(f"site-{i:02d} (update is not finite)" for i in range(5, 25))
    said = f"25 of 30 without a valid reply: {named} and 5 more."
    expect(page.locator("#missing")).to_have_text(f"Right now, in round 3: {said}")
    expect(page.locator("#missing-then")).to_be_hidden()
    growing.add()
    everybody = "All 30 who were asked gave a valid reply."
    expect(page.locator("#missing")).to_have_text(f"Right now, in round 4: {everybody}")
    page.locator("#time input").press("ArrowLeft")
    expect(page.locator("#missing-then")).to_have_text(f"In round 3: {said}")
    expect(page.locator("#missing")).to_have_text(f"Right now, in round 4: {everybody}")
    assert problems == []


def test_names_that_others_chose_stay_text(growing: Any, serve: Any, visit: Any) -> None:
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    growing.names = [evil, "a\u202eb\n", "../../x?y#z%2e", "Zürich 100%", "x" * 5000]
    growing.begin()
    growing.add(2)
    page, problems = visit(serve(growing.folder.parent).url)
    expect(page.locator("#contributors tbody tr")).to_have_count(5)
    shown = page.locator("#contributors button.who").all_inner_texts()
    assert {evil[:59] + "…" if len(evil) > 60 else evil, "a\\u202eb\\x0a"} <= set(shown)
    assert page.locator("main img, main script").count() == 0
    for name in ("../../x?y#z%2e", "Zürich 100%"):
        page.get_by_role("button", name=name, exact=True).click()
        history = page.locator("#history")
        expect(history.locator("h2")).to_have_text(name)
        expect(history.locator(".table tbody tr")).to_have_count(2)
        page.keyboard.press("Escape")
    assert problems == []


def test_a_table_is_sorted_searched_and_unfolded(growing: Any, serve: Any, visit: Any) -> None:
    growing.names = [f"site-{i:03d}" for i in range(45)]
    growing.begin()
    growing.add()
    page, problems = visit(serve(growing.folder.parent).url)
    people = page.locator("#contributors")
    expect(people.locator("tbody tr")).to_have_count(20)
    weights = [
        float(text.removesuffix("\xa0%"))
        for text in people.locator("tbody tr td:nth-child(3)").all_inner_texts()
    ]
    assert weights == sorted(weights, reverse=True)
    people.get_by_role("button", name="Contributor").click()
    first = people.locator("tbody tr").first
    expect(first).to_contain_text("site-000")
    expect(people.locator("th[aria-sort=ascending]")).to_have_text("Contributor ▲")
    people.get_by_role("button", name="Show all 45").click()
    expect(people.locator("tbody tr")).to_have_count(45)
    people.get_by_label("Search").fill("site-03")
    expect(people.locator("tbody tr")).to_have_count(10)
    expect(people.get_by_role("status")).to_have_text("10 of 45 contributors")
    assert problems == []


def test_what_is_searched_for_is_searched_in_the_round_that_is_shown(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.names = [f"site-{i:03d}" for i in range(30)]
    growing.begin()
    growing.add(2)
    page, problems = visit(serve(growing.folder.parent).url)
    people = page.locator("#contributors")
    expect(people.locator("tbody tr")).to_have_count(20)
    people.get_by_label("Search").fill("NOT finite")
    expect(people.locator("tbody tr")).to_have_count(0)
    growing.add()  # the third, without the last one
    expect(people.locator("tbody tr")).to_have_count(1)
    expect(people.locator("tbody tr")).to_contain_text("site-029")
    people.get_by_label("Search").fill("site-00")
    expect(people.locator("tbody tr")).to_have_count(10)
    assert problems == []


def test_numbers_do_not_wait_for_reasons_that_take_long(
    growing: Any, serve: Any, visit: Any
) -> None:
    growing.begin()
    growing.add(3)
    page, problems = visit(serve(growing.folder.parent).url)
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 3: "))
    held: list[Any] = []
    page.route(re.compile("/reasons.json$"), lambda route: held.append(route))  # noqa: PLW0108
    page.locator("#time input").press("Home")
    expect(page.locator("#decision")).to_have_text(re.compile("^Round 1: "))
    expect(page.locator("#ends")).to_contain_text("is being worked out")
    cells = _cells(page, "site-00")
    assert cells[5] == "…"
    (asked,) = held
    asked.continue_()
    expect(page.locator("#ends")).to_contain_text("counted most")
    expect(page.locator("#contributors tbody")).not_to_contain_text("…")
    # What comes of a round that is not shown any more is not shown.
    page.locator("#time input").press("ArrowRight")
    expect(page.locator("#ends")).to_contain_text("is being worked out")
    page.unroute_all()
    page.locator("#time input").press("End")
    expect(page.locator("#ends")).to_contain_text("in round 3")
    assert problems == []


@pytest.fixture
def followed(growing: Any, serve: Any, visit: Any) -> tuple[Any, Any]:
    """A server, and a page that follows two rounds of it."""
    growing.begin()
    growing.add(2)
    server = serve(growing.folder.parent)
    page, _ = visit(server.url)
    expect(page.locator("#connection")).to_contain_text("Connected")
    return server, page


def test_a_server_that_is_lost_is_said_to_be_and_followed_again(
    growing: Any, serve: Any, followed: Any
) -> None:
    server, page = followed
    said = page.locator("#connection")
    server.end()
    expect(said).to_contain_text("The server is lost since ")
    growing.add()
    serve(growing.folder.parent, server.port)
    expect(said).to_contain_text("Connected")
    expect(page.locator("#time output")).to_have_text("3 of 3")


def test_a_question_that_nobody_answers_is_asked_again(
    growing: Any, serve: Any, followed: Any
) -> None:
    server, page = followed
    server.end()
    with ExitStack() as held:
        with socket.create_server(("127.0.0.1", server.port)) as silent:
            silent.settimeout(300)
            asked = b""
            while b"GET /study/events" not in asked:
                asking = held.enter_context(silent.accept()[0])
                asking.settimeout(5)
                with suppress(TimeoutError):  # a connection that was made in advance
                    asked = asking.recv(4096)
        serve(growing.folder.parent, server.port)
        expect(page.locator("#connection")).to_contain_text("Connected")


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1200, "dark")])
def test_breaks_no_rule_of_wcag_aa(
    growing: Any, serve: Any, visit: Callable[..., Any], width: int, scheme: str
) -> None:
    growing.names = [f"site-{i:03d}" for i in range(30)]
    growing.begin()
    growing.add(3)
    page, problems = visit(serve(growing.folder.parent).url, width, scheme)
    expect(page.locator("#contributors tbody tr")).to_have_count(20)
    assert page.evaluate(TOO_WIDE) == 0
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules)
    assert found.violations_count == 0, found.generate_report()
    page.locator("#contributors button.who").first.click()
    expect(page.locator("#history .table tbody tr")).to_have_count(3)
    found = Axe().run(page, options=rules)
    assert found.violations_count == 0, found.generate_report()
    assert problems == []
