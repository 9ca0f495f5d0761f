"""The index of runs, and runs side by side, in a browser: of any width, and by keys."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS = [(360, "light"), (1200, "dark"), (2200, "light")]


@pytest.fixture
def repeats(growing: Any) -> Path:
    """Three runs that have ended and differ in the seed, and one that goes on."""
    growing.begin()
    growing.add(2)
    config = (growing.folder / "config.toml").read_text()
    runs: Path = growing.folder.parent
    for seed in (1, 2, 3):
        folder = runs / f"a-study-of-six-sites-{seed}"
        folder.mkdir()
        (folder / "config.toml").write_text(f"seed = {seed}\n{config}")
        (folder / "manifest.json").write_text(json.dumps({"code": {"server": "1a2b"}}))
        strategies = {"fedavg": {"test_error": 0.2 + 0.02 * seed, "rounds": 2}}
        strategies["anml"] = {"test_error": 0.1 + 0.01 * seed, "rounds": 2}
        (folder / "summary.json").write_text(json.dumps({"strategies": strategies}))
    return runs


def _checked(page: Page) -> None:
    assert page.evaluate(TOO_WIDE) == 0
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_index_and_comparison_break_no_rule(
    repeats: Path, serve: Any, visit: Any, width: int, scheme: str
) -> None:
    page, problems = visit(serve(repeats).server.url, width, scheme)
    expect(page.locator("tbody tr")).to_have_count(4)
    _checked(page)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare ticked runs").click()
    said = page.locator(".result")
    expect(said).to_have_text(re.compile("^Over 3 repeats, each with another seed, anml"))
    expect(page.get_by_role("group", name="The repeats together")).to_be_visible()
    _checked(page)
    assert problems == []


def test_runs_are_ticked_and_compared_by_keys_in_the_order_of_the_page(
    repeats: Path, serve: Any, visit: Any
) -> None:
    page, problems = visit(serve(repeats).server.url)
    order = []
    for _ in range(10):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.tagName"))
        if order[-1] == "INPUT":
            page.keyboard.press("Space")
    # The table scrolls by keys; then each run's box and its link, and what compares.
    assert order == ["DIV", *["INPUT", "A"] * 4, "BUTTON"]
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Runs side by side")
    expect(page.locator(".facts")).to_contain_text("3 of the 4 runs are repeats")
    assert problems == []
