"""What docs/tasks.md shows works as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from anml_fl.run.reading import load_run

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"

pytestmark = pytest.mark.checkout


def test_its_task_and_its_command_run(anml, place):
    text = PAGE.read_text(encoding="utf-8")
    name, code = re.search(r"```python\n# (\w+)\.py\n(.*?)```", text, re.DOTALL).groups()
    (place / f"{name}.py").write_text(code, encoding="utf-8")
    command = re.search(r"^anml (run .*?)\n```", text, re.DOTALL | re.MULTILINE)[1]
    done = anml(*shlex.split(command.replace("\\\n", " ")))
    assert done.exit_code == 0, done.output
    run = load_run(place / "runs" / "my_task")
    assert list(run.summary.contributors) == ["north", "east", "south", "west"]
    # The honest alone learn to tell three wines apart.
    assert run.summary.strategies["oracle"].test_error < 0.3
    assert anml("verify", "runs/my_task").exit_code == 0
