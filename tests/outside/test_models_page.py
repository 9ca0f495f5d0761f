"""What docs/models.md shows works as it stands there."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from anml_fl.settings.training import Training

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
FILE = re.compile(r"```python\n# (\w+)\.py\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.checkout


def test_its_model_runs_by_its_command_and_is_loaded_back(anml, tmp_path, capsys):
    text = PAGE.read_text(encoding="utf-8")
    for name, code in FILE.findall(text):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    command = re.search(r"^anml (run .*?)\n```", text, re.DOTALL | re.MULTILINE)[1]
    done = anml(*shlex.split(command), "--contributors=5", "--strategy=anml")
    assert done.exit_code == 0, done.output
    arrays = load_file("runs/default/anml/model.safetensors")
    assert not any(name.startswith("fixed") for name in arrays)
    assert "body.1.running_var" in arrays
    runpy.run_path("load.py")
    sys.modules.pop("net", None)
    *_, last = Path("runs/default/anml/rounds.jsonl").read_text().splitlines()
    assert capsys.readouterr().out == f"test error {json.loads(last)['test_error']:.2f}\n"


def test_it_names_every_setting_of_the_loop():
    text = PAGE.read_text(encoding="utf-8")
    others = {"timeout", "min_replies", "fraction_train"}  # of rounds, not of the loop
    elsewhere = {"model", "task", "rounds", "device"} | others
    named = {name for name in Training.model_fields if f"`--{name.replace('_', '-')}" in text}
    assert named >= set(Training.model_fields) - elsewhere
