"""The live page's address says what is shown: it can be sent, and the way back leads back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def url(growing: Any, serve: Any) -> str:
    growing.rounds = 6
    growing.begin()
    growing.add(6)
    return str(serve(growing.folder.parent).url)


def _shows(page: Page, round_: int, strategy: str, contributor: str | None) -> None:
    expect(page.locator("#time output")).to_have_text(f"{round_} of 6")
    expect(page.locator("#strategy")).to_have_value(strategy)
    expect(page.locator("#decision")).to_have_text(re.compile(f"^Round {round_}: "))
    dialog = page.locator("#history")
    expect(dialog).to_be_visible(visible=contributor is not None)
    if contributor is not None:
        expect(dialog.locator(".name")).to_have_text(contributor)
        expect(dialog.locator("h3").first).to_have_text(f"Why in round {round_}")


def test_a_link_opens_a_contributor_in_a_round_of_a_strategy(url: str, visit: Any) -> None:
    page, problems = visit(f"{url}#strategy=fedavg&round=4&contributor=site-02")
    _shows(page, 4, "fedavg", "site-02")
    assert problems == []


def test_what_is_shown_stands_in_the_address_and_the_way_back_leads_back(
    url: str, visit: Any
) -> None:
    page, problems = visit(url)
    _shows(page, 6, "anml", None)
    assert "#" not in page.url
    page.locator("#strategy").select_option("fedavg")
    expect(page).to_have_url(f"{url}#strategy=fedavg")
    page.get_by_role("button", name="site-03").click()
    there = f"{url}#strategy=fedavg&round=6&contributor=site-03"
    expect(page).to_have_url(there)
    page.go_back()
    _shows(page, 6, "fedavg", None)
    page.go_back()
    expect(page).to_have_url(url)
    _shows(page, 6, "anml", None)
    page.go_forward()
    page.go_forward()
    _shows(page, 6, "fedavg", "site-03")
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(f"{url}#strategy=fedavg")
    page.locator("#time input").fill("2")
    expect(page).to_have_url(f"{url}#strategy=fedavg&round=3")
    # Somebody else sees the same.
    other, _ = visit(page.url)
    _shows(other, 3, "fedavg", None)
    assert problems == []


def test_what_there_is_not_shows_the_end_of_the_run(url: str, visit: Any) -> None:
    page, problems = visit(f"{url}#strategy=nothing&round=70&more=%3Cb%3E")
    _shows(page, 6, "anml", None)
    assert problems == []
