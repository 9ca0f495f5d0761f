"""What docs/adding.md and the pages below it show gives what it should."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "adding.md"
FILE = re.compile(r"```python\n# (\w+)\.py\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.checkout


@pytest.fixture
def text():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write the pages' files where a reader would."""
    names, pages = [], sorted(PAGE.with_suffix("").glob("*.md"))
    for name, code in FILE.findall("\n".join(page.read_text("utf-8") for page in pages)):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        names.append(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield names
    for name in names:
        sys.modules.pop(name, None)


def test_its_command_runs_and_every_round_has_a_weight_for_everybody(text, written, tmp_path):
    command = re.search(r"^anml (run .*?)\n```", text, re.DOTALL | re.MULTILINE)[1]
    words = shlex.split(command.replace("\\\n", " "))
    done = CliRunner().invoke(main, [*words, "--local-epochs", "1", "--out", "run"])
    assert done.exit_code == 0, done.output
    for strategy in ("fedavg", "my_rules:clipped", "my_rules:momentum"):
        lines = (tmp_path / "run" / strategy / "rounds.jsonl").read_text().splitlines()
        assert len(lines) == 2
        for line in lines:
            people = json.loads(line)["contributors"]
            assert len(people) == 6
            assert sum(one["weight"] for one in people) == pytest.approx(1)
    assert CliRunner().invoke(main, ["verify", "run"]).exit_code == 0
