"""The docs as a site: it builds without a warning, asks nobody, and reads offline."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from anml_fl import __all__ as public_names
from anml_fl.settings.run import settings

ROOT = Path(__file__).parents[2]
SIZES = (400, 1200, 2200)
SAMPLE = ("index", "python", "settings", "adr/index")

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
