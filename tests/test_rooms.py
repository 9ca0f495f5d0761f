"""The house's plan in CONTRIBUTING: every room stands in it, and nothing that is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("anml_fl", "strategies", "clients", "server", "studies")

pytestmark = pytest.mark.checkout


def test_every_folder_of_the_packages_stands_in_the_plan():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    plan = re.search(r"## Where things live.*?```\w*\n(.*?)```", text, re.DOTALL)[1]
    listed = set()
    package = ""
    for line in plan.splitlines():
        if not line.startswith(" "):
            package = line.partition("/")[0]
        listed |= {f"{package}/{name}" for name in re.findall(r"\b(\w+)/", line)}
    there = {
        f"{package}/{folder.name}"
        for package in PACKAGES
        for folder in (ROOT / package).iterdir()
        if (folder / "__init__.py").is_file()
    }
    assert there - listed == set(), "give them a line in CONTRIBUTING.md, and a floor"


def test_no_room_of_the_plan_is_missing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    plan = re.search(r"## Where things live.*?```\w*\n(.*?)```", text, re.DOTALL)[1]
    rooms = re.findall(r"^(\w+)/|^  (\w+)/", plan, re.MULTILINE)
    package = ""
    for top, room in rooms:
        package = top or package
        place = ROOT / package / room if room else ROOT / package
        assert place.is_dir(), place
