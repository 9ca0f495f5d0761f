"""The docs as a site: it builds without a warning, reads offline, and by keyboard too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from anml_fl import __all__ as public_names
from anml_fl.settings.run import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
SIZES = (400, 1200, 2200)
# Of each kind of page one: contents, pictures, tables, code, docstrings, commands, generated.
SAMPLE = (
    "index",
    "signals",
    "settings",
    "own-table",
    "python",
    "adding/rule",
    "gates",
    "arena",
)

pytestmark = [pytest.mark.checkout, pytest.mark.slow]


class Ids(HTMLParser):
    """What of a page can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "id" and value}


def ids(page: Path) -> set[str]:
    parser = Ids()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.found


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path):
    pages = tmp_path / "docs"
    pages.mkdir()
    for name in ("conf.py", "_ext", "_static"):
        source = ROOT / "docs" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, pages / name)
    text = (pages / "conf.py").read_text(encoding="utf-8")
    (pages / "conf.py").write_text(re.sub(r"whole_files = .*", "whole_files = []", text))
    (pages / "index.md").write_text("# Here\n\n[there](#nowhere) [and](index.md#away)\n")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", pages, tmp_path / "html"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert "'nowhere'" in done.stderr
    assert "'away'" in done.stderr


def test_every_place_that_the_readme_links_to_is_on_its_page(site):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = re.findall(r"\]\(docs/([\w/-]+)\.md#([\w-]+)\)", text)
    assert places
    for page, place in places:
        assert place in ids(site / f"{page}.html"), (page, place)


def test_the_reference_has_every_public_name_and_every_setting(site):
    found = ids(site / "python.html")
    assert {f"anml_fl.{name}" for name in public_names} <= found
    text = (site / "settings.html").read_text(encoding="utf-8")
    options = {"strategies": "strategy", "behaviours": "behaviour"}
    for name, *_ in settings():
        assert f">--{options.get(name, name)}<" in text, name


def test_the_reference_has_every_command(site):
    from anml_fl.cli import main

    found = ids(site / "commands.html")
    for name, command in main.commands.items():
        assert f"anml-{name}" in found
        for inner in getattr(command, "commands", {}):
            assert f"anml-{name}-{inner}" in found


def test_pages_that_are_whole_files_are_copied_as_they_are(site):
    for name in ("arena.html", "reproduction.html"):
        assert (site / name).read_bytes() == (ROOT / "docs" / name).read_bytes()


@pytest.fixture
def page_of(site, browser: Browser):
    """Open pages from the disk, in a browser that reaches nothing else."""
    asked: list[str] = []

    def only_files(route):
        if not route.request.url.startswith(("file:", "data:", "blob:")):
            asked.append(route.request.url)
        route.continue_()

    def opened(name: str, width: int = 1200, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        context.route("**/*", only_files)
        page = context.new_page()
        page.goto((site / f"{name}.html").as_uri(), timeout=120_000)
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert not asked


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_the_window_in_every_size(page_of, scheme):
    for name in SAMPLE:
        for width in SIZES:
            page = page_of(name, width, scheme)
            root = "document.documentElement"
            assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0, (
                name,
                width,
            )
            assert page.evaluate("document.fonts.size") == 0
            page.context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SAMPLE[:-1])
def test_axe_finds_no_breach(page_of, name, scheme):
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = Axe().run(page_of(name, scheme=scheme), options=rules).response["violations"]
    assert not found, json.dumps(
        [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]
    )


@pytest.mark.browser
def test_search_works_from_the_disk_without_a_server(page_of):
    page = page_of("index")
    page.get_by_placeholder("Search").first.fill("egress.toml")
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.search li a", timeout=60_000)
    assert any(
        "deploy.html" in a.get_attribute("href")
        for a in page.query_selector_all("ul.search li a")
    )
