"""The page in a real browser and on paper: one page, black on white, whatever it says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe

from anml_fl.method.measure import Measure
from anml_fl.method.records import RoundRecord
from anml_fl.statement.page import page

pytestmark = pytest.mark.browser

WAIT = 120_000
"""Milliseconds: a machine may be busy."""
WORDS = "what a stranger's program says of itself, at length and in many different words "


@pytest.fixture
def opened(browser):
    """Open a page; what it did wrong stands in a list."""
    contexts = []

    def call(html, **more):
        context = browser.new_context(**more)
        contexts.append(context)
        context.set_default_timeout(WAIT)
        tab, problems = context.new_page(), []
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("request", lambda request: problems.append(request.url))
        tab.set_content(html)
        return tab, problems

    yield call
    for context in contexts:
        context.close()


@pytest.fixture(params=[30, 15], ids=["each round another", "half of them"])
def crowded(request, make, person, refused):
    """The longest page: so many reasons, in as many words as they may have."""
    name, strategy = (
        "A contributor's name of as many letters as a page shows",
        "a-strategy" * 4,
    )
    measure = Measure(name=(WORDS + WORDS)[:80].strip(), more=False)
    rounds = []
    for number in range(1, 31):
        own = person(name, 10.0, 0.25, measured=1e-9 / number)
        if number % 2 and number <= request.param:
            own = refused(name, f"{number} {4 * WORDS}")
        else:
            showed = tuple(f"{k} {number % 8} {3 * WORDS}" for k in range(4))
            own = replace(own, refused_credentials=showed)
        others = [person(who, 20.0, 0.25, measured=1.0) for who in ("b", "c", "d")]
        people = (own, *others)
        rounds.append(RoundRecord(number, strategy, None, 0.1, 0.1, people, measure=measure))
    made = make(rounds, closed=False)
    content = made.content(name)
    return page(made.statement(name), content, f"statement-{'x' * 64}.json", signed=False)


def _pages(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_thirty_rounds_are_one_page_of_a4_however_much_is_said(opened, crowded, scheme):
    tab, problems = opened(crowded, color_scheme=scheme)
    pdf = tab.pdf(prefer_css_page_size=True)
    assert _pages(pdf) == 1
    # 210 mm by 297 mm, in points.
    (box,) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf))
    assert [float(side) for side in box] == pytest.approx([595.3, 841.9], abs=1)
    assert problems == []


def test_on_paper_it_is_black_on_white_in_the_dark_too(opened, made):
    html = page(made.statement("ann"), made.content("ann"), "a.json", signed=True)
    tab, _ = opened(html, color_scheme="dark")
    look = "() => [getComputedStyle(document.body).color, getComputedStyle(document.body)"
    look += ".backgroundColor]"
    assert tab.evaluate(look) != ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    tab.emulate_media(media="print")
    assert tab.evaluate(look) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_it_breaks_no_rule_of_access_and_never_scrolls_sideways(
    opened, crowded, scheme, width
):
    size = {"width": width, "height": 900}
    tab, problems = opened(crowded, color_scheme=scheme, viewport=size)
    wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not tab.evaluate(wide)
    assert problems == []
    found = Axe().run(tab)
    told = [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]]
    assert told == []
