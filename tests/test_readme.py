"""Links of README, CONTRIBUTING and docs lead somewhere; tests/docs runs what they show."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.checkout


def test_every_link_leads_somewhere(request):
    root = request.config.rootpath
    for page in [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), (
                page,
                target,
            )
